r"""The account of a drop: each file in it, and what became of it.

done/JOB/members.txt is written while a drop is unpacked:

    0012 0 1234567 9f86d0…  DCIM/IMG_12.jpg      what came out of it: number, size and SHA-256, as in contents.txt
    > 0013 0 7654321 2c26b4…  more.zip           an archive in it that was opened: its members are told of instead
    - .DS_Store<TAB>hidden                       what was left out, and why
    complete                                     the last line: nothing is missing above

`fates` holds these lines against the names in the folders and against contents.txt, which says what has arrived. Each
file must have one fate: delivered, under way, in quarantine, left out for a reason, or withdrawn by a person (who moved
it to done/, or removed what had been let out); what has none is "unexplained", and the report says so. `Proof` tells
whether the data of a delivered job may be dropped: only what is proven, by size and SHA-256, to have arrived. A file is
evidence and no state: without it nothing is proven, and everything kept.

Nothing here changes the disk; `Spool.note_members` and `Spool.close_members` do.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from telespool.runtime import plain_files
from telespool.runtime.trees import files_below
from telespool.spool.layout import FOLDERS, MEMBERS, WORKING
from telespool.spool.names import NESTED, nested, origins
from telespool.spool.receipts import Receipt, asked, read
from telespool.spool.strangers import NO_NUMBER, numberless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telespool.spool.layout import Entry, SpoolLayout

FateKind = Literal["delivered", "under way", "quarantined", "left out", "withdrawn", "unexplained"]
MOVED = "moved to done/ by hand; not sent"
REMOVED = "gone from the spool, and not sent; if nobody removed it, please report that"
MAY_STAND = "its sending had begun, so it may stand in the chat"
"""Ends the reason where nobody knows what came of it."""
COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of a drop that is not sent, by its name in the drop; and why."""

    name: str
    reason: str
    size: int = 0
    digest: str = ""
    """Of a file that was sent before: by these it can be found."""
    number: int = 0
    """Its number, where it had one: that tells in which archive it lies."""

    def __str__(self) -> str:
        return f"{one_line(self.name)}: {one_line(self.reason)}"

    @property
    def line(self) -> str:
        """Its line in the account."""
        proof = f"\t{self.number}\t{self.size}\t{self.digest}" if self.number else ""
        return f"- {one_line(self.name)}\t{one_line(self.reason)}{proof}"

    @classmethod
    def parse(cls, text: str) -> LeftOut:
        """What a line says."""
        name, reason, *rest = [*text.removeprefix("- ").split("\t"), ""]
        number, size, found, *_ = [*rest[:3], "", "", ""] if len(rest) > 2 else ["", "", ""]
        return cls(
            name,
            reason,
            int(size) if size.isdecimal() else 0,
            found,
            int(number) if number.isdecimal() else 0,
        )


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one file. `number` is 0 for what never became a unit; `message` where it was delivered."""

    name: str
    fate: FateKind
    reason: str = ""
    number: int = 0
    message: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Account:
    """What members.txt says: the members by number, what was left out, and whether that is all."""

    members: dict[int, Receipt]
    left_out: tuple[LeftOut, ...]
    complete: bool
    opened: dict[int, Receipt] = field(default_factory=dict)
    """The archives inside, whose members are told of instead."""

    @classmethod
    def read(cls, folders: SpoolLayout, job: str) -> Account:
        """The account of a job; an empty one where there is none."""
        try:
            text = plain_files.read_text(folders.job_folder("done", job) / MEMBERS)
        except OSError:
            return cls({}, (), complete=False)
        members: dict[int, Receipt] = {}
        left_out: dict[LeftOut, None] = {}
        opened: dict[int, Receipt] = {}
        complete = False
        for line in text.split("\n"):
            if line.startswith("- "):
                left_out[LeftOut.parse(line)] = None
            elif line == COMPLETE:
                complete = True
            elif line.startswith("> ") and (inner := Receipt.parse(line[2:])) is not None:
                opened[inner.number] = inner
            elif (member := Receipt.parse(line)) is not None:
                members[member.number] = member
        return cls(members, tuple(left_out), complete, opened)

    def lines(self) -> list[str]:
        """The account as it is written when it is complete."""
        return [
            *(str(self.members[number]) for number in sorted(self.members)),
            *(f"> {self.opened[number]}" for number in sorted(self.opened)),
            *(each.line for each in self.left_out),
            COMPLETE,
        ]


def one_line(name: str) -> str:
    """A name or a sentence in one line: what cannot be printed is written as Python writes it (\\n, \\x1b)."""
    text = name.encode("utf-8", "replace").decode("utf-8")
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def brief(note: str) -> str:
    """Return the first sentence of a note; where it announces a list, also the first entry and how many follow."""
    first, _, rest = note.partition("\n")
    listed = [line.strip() for line in rest.splitlines() if line.startswith("  ")]
    if not first.endswith(":") or not listed:
        return first
    more = f" and {len(listed) - 1} more" if len(listed) > 1 else ""
    return f"{first} {listed[0]}{more}"


def fates(folders: SpoolLayout, job: str) -> list[Fate]:
    """What became of each file of a job, by number; then what was left out."""
    account = Account.read(folders, job)
    delivered = {line.number: line for line in read(folders, job)}
    begun = {number for each in asked(folders, job) for number in origins(each)}
    standing: dict[int, list[Entry]] = {}
    drop = None
    for folder in FOLDERS:
        for entry in folders.units(folder, job):
            if entry.unit.first == 0:
                drop = entry
            for member in folders.members(entry):
                number = member.unit.first
                if member.unit.kind == "c" and number >= NESTED and number not in account.members:
                    number = member.unit.parent  # a part of a film
                if number:
                    standing.setdefault(number, []).append(member)
    found = []
    there = standing.keys() | delivered.keys()
    left_out = [each for each in account.left_out if not each.number or each.number not in there]
    gone = {each.number for each in left_out}
    for number in sorted((account.members.keys() - gone) | there, key=nested):
        line = account.members.get(number)
        entries = standing.get(number, [])
        name = line.name if line is not None else entries[0].unit.shown if entries else ""
        moved = f"moved to done/ by hand; {MAY_STAND}" if number in begun else MOVED
        fate = _fate(number, name, entries, delivered.get(number), folders, moved)
        if fate.fate == "unexplained" and line is not None and account.complete:
            # The program removes nothing that was not sent: a person did, or it is a mistake that must be seen.
            removed = f"gone from the spool; {MAY_STAND}" if number in begun else REMOVED
            fate = Fate(fate.name, "withdrawn", removed, number)
        found.append(fate)
    found += [Fate(each.name, "left out", each.reason) for each in left_out]
    if drop is not None and drop.folder == "quarantine" and not found:
        found.append(Fate(drop.unit.label, "quarantined", folders.note(drop)))
    found += [
        Fate(name, "unexplained", "it came after the rest") for name in late(folders, drop, account)
    ]
    return found + [Fate(name, "unexplained", NO_NUMBER) for name in numberless(folders, job)]


def _fate(
    number: int,
    name: str,
    entries: list[Entry],
    receipt: Receipt | None,
    folders: SpoolLayout,
    moved: str,
) -> Fate:
    name = name or (receipt.name if receipt is not None else f"{number:04d}")
    for entry in entries:
        if entry.folder == "quarantine":
            return Fate(name, "quarantined", folders.note(entry), number)
    messages = [entry.unit.message for entry in entries if entry.unit.message is not None]
    waiting = [entry.folder for entry in entries if entry.folder in WORKING]
    if waiting and not (messages and all(folder == "converting" for folder in waiting)):
        return Fate(name, "under way", f"it is in {waiting[-1]}/", number)
    if messages:
        return Fate(name, "delivered", "", number, messages[0])
    if receipt is not None:
        return Fate(name, "delivered", "", number, receipt.message or None)
    if any(entry.unit.kind == "o" for entry in entries):  # by its name its copy was sent
        return Fate(name, "delivered", "", number)
    if entries:
        return Fate(name, "withdrawn", moved, number)
    return Fate(name, "unexplained", "nothing says what became of it", number)


def moved_by_hand(folders: SpoolLayout, entry: Entry) -> str:
    """What is said of a unit that a person moved to done/."""
    begun = asked(folders, entry.job)
    sent = any(member.unit.first in begun for member in folders.members(entry))
    return f"moved to done/ by hand; {MAY_STAND}" if sent else MOVED


def late(folders: SpoolLayout, drop: Entry | None, account: Account) -> Iterator[str]:
    """The files in a folder that was dropped of which its account knows nothing: they came later."""
    if drop is None or not account.complete or drop.folder not in {"incoming", "done"}:
        return
    if not plain_files.is_directory(drop.path) or folders.archive_in(drop) is not None:
        return
    known = {member.name for member in (account.members | account.opened).values()}
    known |= {each.name for each in account.left_out}
    for name, _ in files_below(drop.path):
        if one_line(name) not in known:
            yield name


def outgrown(folders: SpoolLayout, drop: Entry, account: Account) -> Iterator[str]:
    """The files in a folder that were longer (or shorter) when they were sent than they are: somebody wrote on."""
    sizes: dict[int, set[int]] = {}
    for line in read(folders, drop.job):
        sizes.setdefault(line.number, set()).add(line.size)
    numbers = {member.name: number for number, member in account.members.items()}
    for name, state in files_below(drop.path):
        sent = sizes.get(numbers.get(one_line(name), 0))
        if sent and state.st_size not in sent:
            yield name


class Proof:
    """What of a job is proven to have arrived, by size and SHA-256."""

    def __init__(self, folders: SpoolLayout, job: str) -> None:
        self.account = Account.read(folders, job)
        self._receipts = {(line.size, line.digest) for line in read(folders, job)}
        self._sizes = {size for size, _ in self._receipts}
        self._quarantined = {
            (state.st_dev, state.st_ino)
            for _, state in files_below(folders.job_folder("quarantine", job))
        }
        self._refused = {
            member.unit.first
            for entry in folders.units("quarantine", job)
            for member in folders.members(entry)
        }

    def of_size(self, size: int) -> bool:
        """Whether a file of this size may be proven at all: it is worth reading."""
        return size in self._sizes or any(
            size == inner.size for inner in self.account.opened.values()
        )

    def covers(self, size: int, digest: str) -> bool:
        """Whether a file of this content has arrived; of an archive inside, all that was in it."""
        return (size, digest) in self._receipts or self._opened(size, digest)

    def _opened(self, size: int, digest: str) -> bool:
        for number, inner in self.account.opened.items():
            if (inner.size, inner.digest) == (size, digest) and self.account.complete:
                members = [
                    member
                    for member in self.account.members.values()
                    if _is_below(member.number, number)
                ]
                left_out = any(
                    _is_below(each.number, number) or each.name.startswith(f"{inner.name} → ")
                    for each in self.account.left_out
                )
                return not left_out and all(self._has(member) for member in members)
        return False

    def _has(self, member: Receipt) -> bool:
        arrived = (member.size, member.digest) in self._receipts
        return arrived or member.number in self._refused

    def is_quarantined(self, device: int, inode: int) -> bool:
        """Whether the same file lies in quarantine under another name."""
        return (device, inode) in self._quarantined

    def lacking(self) -> Iterable[str]:
        """The members of an archive that are neither proven to have arrived nor in quarantine, by name."""
        if not self.account.complete:
            yield "its account is not complete"
            return
        for member in self.account.members.values():
            if not self._has(member):
                yield member.name


def _is_below(number: int, archive: int) -> bool:
    """Whether a member came out of the archive that has this number, or of one inside it."""
    return number != archive and archive in origins(number)
