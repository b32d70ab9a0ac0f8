"""Tell the history of a job from its names: where each part is, what was decided, what happens next and when.

`JobHistory.of` reads the folders, the quarantine's notes and the list of what was left out; nothing else. What a file
is, and why it is treated so, `media.verdict` knows: `telespool explain` asks it for a single file.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from telespool.clutter import REASONS
from telespool.observe import humanize
from telespool.observe.job_waits import waits
from telespool.spool import account
from telespool.spool.account import REMOVED, Account, Fate, Proof, fates, late
from telespool.spool.gathering import gathers, patient_until
from telespool.spool.job_captions import is_used, tells_of_used
from telespool.spool.layout import FOLDERS, NOTES, SKIPPED, WORKING
from telespool.spool.names import Job
from telespool.spool.titles import retry_command
from telespool.spool.waiting import HELD, waits_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.schema import Config
    from telespool.spool.layout import Entry, SpoolLayout

_NAMED = 12  # parts of one kind that are named one by one


@dataclass(frozen=True, slots=True)
class Part:
    """A unit of the job (of an album its members are counted): where it lies and what that means.

    `state` is one word for programs; `until` (seconds since the epoch) and `reason` where there are any.
    """

    folder: str
    unit: str
    name: str
    files: int
    state: str
    sentence: str
    message: int | None = None
    until: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JobHistory:
    """A job and its parts, those that are done first."""

    job: str
    dropped: str
    chat: str
    peer: str
    claimed: float
    over: bool
    parts: tuple[Part, ...]
    skipped: tuple[str, ...]
    notes: tuple[str, ...] = ()
    waits: tuple[dict[str, Any], ...] = ()
    """What the daemon says this job waits for, as `Wait.to_json` gives it."""
    account: tuple[Fate, ...] = ()
    """What became of each file of the drop."""
    topic: str = ""
    """The topic of the chat, where it was dropped into the folder of one."""

    @classmethod
    def of(cls, folders: SpoolLayout, config: Config, job: str) -> JobHistory:
        """Read the history of this job from the folders."""
        parsed = Job.parse(job)
        drop = folders.drop(job)
        teller = _Teller(folders, config, job)
        parts = [
            teller.part(entry)
            for folder in reversed(FOLDERS)
            for entry in folders.units(folder, job)
        ]
        chat = parsed.chat if parsed else ""
        return cls(
            job=job,
            dropped=drop.unit.label if drop else humanize.job(job),
            chat=chat,
            peer=config.chats.get(chat, ""),
            claimed=parsed.claimed if parsed else 0.0,
            over=folders.is_over(job),
            parts=tuple(parts),
            skipped=tuple(folders.lines(job, SKIPPED)),
            notes=tuple(folders.lines(job, NOTES)),
            waits=()
            if folders.is_over(job)
            else tuple(
                waits(
                    folders, job, chat, config.chats, any(part.state in _BY_TOOLS for part in parts)
                )
            ),
            account=tuple(fates(folders, job)),
            topic=parsed.topic if parsed else "",
        )

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield it as lines of text."""
        when = humanize.moment(self.claimed)
        yield f"{self.job}"
        topic = f", topic {self.topic}" if self.topic else ""
        yield f"  {self.dropped}, dropped {when} for the chat {self.chat}{self._peer()}{topic}."
        for state, title in _TITLES.items():
            parts = [part for part in self.parts if part.state == state]
            if parts:
                files = sum(part.files for part in parts)
                yield f"  {title}: {humanize.count(files, 'file')}"
                yield from _some([f"    {part.unit}: {part.sentence}" for part in parts])
        for wait in self.waits:
            until = f" until {humanize.moment(wait['until'])}" if wait["until"] else ""
            yield f"  Waits{until}: {wait['reason']}"
        removed = [each.name for each in self.account if each.reason == REMOVED]
        lists = {"Gone from the spool, not sent": removed, "Not known whether sent": self._unsure}
        lists |= {"Not accounted for": self._told("unexplained"), "Captions": self._captions}
        lists["Left out"] = self._left_out
        for title, told in lists.items():
            if told:
                yield f"  {title}: {humanize.count(len(told), 'file')}"
                yield from _some([f"    {line}" for line in told])
        if self.notes:
            yield "  Not sent whole:"
            yield from _some([f"    {line}" for line in self.notes])
        yield f"  {self._end()}"

    @property
    def _captions(self) -> list[str]:
        """The captions whose text stands in the chat."""
        return [line for line in self.skipped if tells_of_used(line)]

    @property
    def _left_out(self) -> list[str]:
        return [line for line in self.skipped if line not in self._captions]

    @property
    def _unsure(self) -> list[str]:
        return [line for line in self._told("withdrawn") if line.endswith(account.MAY_STAND)]

    def _told(self, fate: str) -> list[str]:
        return [f"{each.name}: {each.reason}" for each in self.account if each.fate == fate]

    def _peer(self) -> str:
        return f" ({self.peer})" if self.peer and self.peer != self.chat else ""

    def _end(self) -> str:
        refused = [part for part in self.parts if part.state == "refused"]
        if not self.over:
            return self._goes_on()
        if not self.parts:
            return "Nothing of it is left."
        if any(each.fate == "unexplained" for each in self.account):
            return "It is over, but for what is not accounted for."
        if refused:
            return f"It is over. What was refused stays until you decide: {retry_command(self.job)}, or remove it."
        if self.notes:
            return "It is over. What is not whole is named above; the original has the rest."
        if self._unsure:
            return "It is over. What was withdrawn by hand may stand in the chat; look there."
        if any(each.fate == "withdrawn" for each in self.account):
            return "It is over. What was withdrawn by hand was not sent."
        if self._left_out:
            return "It is over. All but what was left out was sent."
        return "It is over, and all of it was sent."

    def _goes_on(self) -> str:
        """What goes on by itself, and what does not."""
        working = {part.state for part in self.parts if part.folder in WORKING}
        let_go = retry_command(self.job)
        if working == {"held"}:
            return f"It is not over: what is held stays until you let it go: {let_go}"
        held = f", but for what is held: {let_go}" if "held" in working else "."
        return f"It is not over: what is left goes on by itself while the daemon runs{held}"


_TITLES = {
    "unpacking": "Being unpacked",
    "sending": "On its way",
    "ready": "Ready to send",
    "waiting": "Waiting",
    "held": "Held",
    "converts": "To be converted",
    "converting": "Being converted",
    "sent": "Sent",
    "recovered": "Sent after conversion",
    "withdrawn": "Withdrawn",
    "kept": "Kept",
    "refused": "Refused",
}
# Where something is yet to be read or made by other programs.
_BY_TOOLS = {"unpacking", "converts", "converting"}


class _Teller:
    """Describes a unit by its folder and name."""

    def __init__(self, folders: SpoolLayout, config: Config, job: str) -> None:
        self.folders = folders
        self.config = config
        self.job = job

    def part(self, entry: Entry) -> Part:
        unit = entry.unit
        state, sentence, until = self._say(entry)
        reason = self.folders.note(entry) if state == "refused" else ""
        return Part(
            folder=entry.folder,
            unit=str(unit),
            name=unit.shown,
            files=len(self.folders.members(entry)),
            state=state,
            sentence=reason or sentence,
            message=unit.message,
            until=until,
            reason=reason,
        )

    def _say(self, entry: Entry) -> tuple[str, str, float | None]:
        say = {
            "incoming": self._incoming,
            "uploading": self._uploading,
            "deferred": self._deferred,
            "converting": self._converting,
            "done": self._done,
            "quarantine": self._quarantine,
        }
        return say[entry.folder](entry)

    def _incoming(self, entry: Entry) -> tuple[str, str, float | None]:
        if entry.unit.attempt:
            return "unpacking", "it is being unpacked and its members are sorted", None
        return (
            "unpacking",
            "it is unpacked next, or when there is room or its last volume has come",
            None,
        )

    def _uploading(self, entry: Entry) -> tuple[str, str, float | None]:
        if entry.unit.attempt:
            return (
                "sending",
                "it is being sent, or was when the daemon stopped; then it is sent again",
                None,
            )
        how = "as a document, " if entry.unit.goes_as_document else ""
        return (
            "ready",
            f"it is sent {how}as soon as its turn comes: photos first, then videos, then copies",
            None,
        )

    def _deferred(self, entry: Entry) -> tuple[str, str, float | None]:
        if gathers(entry):
            until = patient_until(self.folders, [entry])
            lacks = "for others to fill it" if entry.unit.kind == "c" else "for what is converted"
            when = f"until {humanize.moment(until)} at the latest"
            return "waiting", f"its album waits {lacks}, {when} ([send] patience)", until
        if not entry.unit.attempt:
            return (
                "converts",
                "it is converted when nothing is left to send, so that it plays everywhere; its copy is then sent",
                None,
            )
        try:
            until = waits_until(entry.unit, entry.path.stat().st_mtime)
        except FileNotFoundError:
            until = 0.0
        if until == HELD:
            return "held", f"a person holds it; to let it go: {retry_command(self.job)}", until
        if Job.chat_of(self.job) not in self.config.chats:
            return "waiting", "it waits until the configuration has its chat", None
        if until <= time.time():
            return "waiting", "its wait is over: it is sent next", until
        when = f"{humanize.moment(until)} (in {humanize.span(until - time.time())})"
        return "waiting", f"it is tried again at {when}", until

    def _converting(self, entry: Entry) -> tuple[str, str, float | None]:
        copy = self.folders.copy_of(self.job, entry.unit.first)
        if copy is not None:
            where = "sent" if copy.folder == "done" else "finished and goes out next"
            if copy.folder == "deferred":
                where = "finished and waits for others to be an album with them"
            return "converting", f"its copy is {where}; the original leaves after it", None
        count = self.folders.segments_of_picture(entry)
        tries = self.config.convert.max_tries
        sentence = f"attempt {max(1, entry.unit.attempt)} of {tries}"
        if count:
            sentence += f", {humanize.count(count, 'piece')} finished; these are never made again"
        return "converting", sentence, None

    def _done(self, entry: Entry) -> tuple[str, str, float | None]:
        unit = entry.unit
        if unit.first == 0 or unit.kind == "o":
            what = "the original, its copy was sent" if unit.kind == "o" else "the drop itself"
            kept = self.config.retention.archives
            job = Job.parse(self.job)
            until = (job.claimed if job else 0.0) + kept
            if unit.first == 0 and (count := self._not_sent(entry)):
                files = humanize.count(count, "file")
                return "kept", f"{what}; kept, since {files} of it went nowhere else", None
            if unit.first == 0 and not Account.read(self.folders, self.job).complete:
                return (
                    "kept",
                    f"{what}; kept, since nothing proves that all of it has arrived",
                    None,
                )
            return "kept", f"{what}; kept until {humanize.moment(until)}", until
        if unit.message is None:
            why = account.moved_by_hand(self.folders, entry)
            return "withdrawn", f"{why}; kept until you remove it", None
        if unit.kind == "c":
            return "recovered", f"message {unit.message}, a converted copy", None
        return "sent", f"message {unit.message}", None

    def _not_sent(self, drop: Entry) -> int:
        """How many files of the drop are kept: not sent, or left out and kept for that (`retention.left_out`)."""
        policy = self.config.retention.left_out
        proof = Proof(self.folders, self.job)
        lacking = len([*proof.lacking()]) if proof.account.complete else 0
        lacking += len([*late(self.folders, drop, proof.account)])
        if policy == "forget":
            return lacking
        left_out = proof.account.left_out
        return lacking + sum(
            not each.digest
            and each.reason != "empty"
            and not is_used(each.reason)
            and not (policy == "clutter" and each.reason in REASONS)
            for each in left_out
        )

    def _quarantine(self, _entry: Entry) -> tuple[str, str, float | None]:
        return "refused", "there is no note that says why", None


def _some(lines: list[str]) -> Iterator[str]:
    yield from lines[:_NAMED]
    if len(lines) > _NAMED:
        yield f"    and {len(lines) - _NAMED} more (all of them: --json)"
