"""Judging what comes out of a drop, and letting it out in order.

Members come in the archive's order and leave in natural name order: a member waits in tmp/ until all before it have
come, have been left out, or stand somewhere already. Photos leave first: videos and other files wait until no member
is to come whose name allows a photo, and what must be converted waits for the videos too. Photos, videos and
documents are gathered into albums; what must be converted goes to deferred/ alone; what nobody can read goes to
quarantine/ with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from telespool.errors import ChildDied, Permanent
from telespool.media.compatibility import assess
from telespool.pipeline.albums import Albums
from telespool.pipeline.send_queue import COPY, OTHER, PHOTO, VIDEO, earliest
from telespool.pipeline.sources.base import NO_MEDIA
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.hashing import digest_now
from telespool.spool.account import Account, LeftOut, one_line
from telespool.spool.delivered_index import DeliveredIndex, Receipt
from telespool.spool.names import Job, Unit, clean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.media.compatibility import Assessment
    from telespool.model import Kind
    from telespool.pipeline.sources import DropMember, ExtractedMember
    from telespool.spool import Spool
    from telespool.spool.layout import Folder

log = structlog.get_logger()

_CONVERTED = frozenset(["remux", "audio", "encode", "split"])
_KINDS: tuple[Kind, ...] = ("photo", "video", "document")


@dataclass(frozen=True, slots=True)
class _Judged:
    unit: Unit
    path: Path
    name: str
    verdict: Assessment | None
    refused: str = ""


class ReleaseOrder:
    """Sorts the members of one job; `members` are those that are still to come.

    On the last try a member with which a child is killed goes to quarantine, so that the others go on.
    """

    def __init__(
        self,
        spool: Spool,
        config: Config,
        job: str,
        members: Iterable[DropMember],
        *,
        last_try: bool = False,
        delivered: DeliveredIndex | None = None,
    ) -> None:
        self.spool = spool
        self.config = config
        self.job = job
        self._chat = config.chat(Job.chat_of(job))
        self.last_try = last_try
        self.released = 0
        self.left_out: list[LeftOut] = []
        self.known = 0
        """Files that were left out because they were delivered before."""
        self._delivered = delivered or DeliveredIndex(spool, config.chats)
        self._lines: dict[int, Receipt] = {}
        self._opened: dict[int, Receipt] = {}
        self._order: list[int] = []
        self._next = 0  # the place in `_order` of the first member that has not left yet
        self._gone: set[int] = set()
        self._ready: dict[int, _Judged] = {}
        self._ranks: dict[int, int] = {}
        self._coming = [
            0,
            0,
            0,
            0,
        ]  # members that have not been routed yet, by the rank their name suggests
        self._held: list[list[_Judged]] = [[], [], [], []]
        self._albums: Albums[tuple[Unit, Path]] = Albums(self._chat.album)
        self._expect(members)

    @property
    def holds_back(self) -> bool:
        """Whether members wait in tmp/ for others that go before them, or for an album to fill."""
        return bool(self._ready) or any(self._held) or self._albums.holds_some

    async def add(self, piece: ExtractedMember) -> None:
        """Take in one member."""
        number = piece.member.number
        if piece.expect:
            self._expect(piece.expect)
        if piece.path is None:
            self._gone.add(number)
            if piece.opened is not None:
                self._opened[number] = await self._line(piece.member, piece.opened)
            if piece.left_out:
                self.left_out.append(LeftOut(piece.member.name, piece.left_out, number=number))
        else:
            line = await self._line(piece.member, piece.path)
            if not await self._leave_out_known(piece, piece.path, line):
                self._lines[number] = line
                self._ready[number] = await self._judge(piece, piece.path, line)
        await self._drain()

    async def let_go(self) -> None:
        """Release all that has come, out of order where it must be."""
        for number in sorted(self._ready):
            self._gone.add(number)
            self._held[self._rank(self._ready[number])].append(self._ready.pop(number))
        for rank in range(len(self._held)):
            await self._release_held(rank)
        await self._close_albums()

    async def finish(self) -> None:
        """Release the rest: nothing more is to come."""
        await self.let_go()
        await self._drain()

    @property
    def missing(self) -> list[int]:
        """The numbers of the members that were to come and did not; after `finish` there should be none."""
        return sorted(self._ranks)

    async def close_account(self, standing: Collection[int]) -> bool:
        """Write what became of each file of the drop; whether everything is told. `standing` came out before."""
        before = await in_thread(Account.read, self.spool, self.job)
        members = before.members | self._lines
        whole = not self.missing and all(number in members for number in standing)
        account = Account(
            members,
            tuple(dict.fromkeys((*before.left_out, *self.left_out))),
            whole,
            before.opened | self._opened,
        )
        if whole:
            await in_thread(self.spool.close_members, self.job, account.lines())
        return whole

    def _expect(self, members: Iterable[DropMember]) -> None:
        for member in members:
            self._ranks[member.number] = earliest(member.name)
            self._coming[self._ranks[member.number]] += 1
        # What an archive inside adds has larger numbers than everything beside it.
        self._order = sorted(self._ranks)
        self._next = 0

    async def _line(self, member: DropMember, path: Path) -> Receipt:
        size, found = await in_thread(_contents, path)
        return Receipt(member.number, 0, size, found, one_line(member.name))

    async def _note(self, *numbers: int) -> None:
        """Put into the account what is let out next: a file that stands in a folder must have its line."""
        lines = [self._lines[number] for number in numbers if number in self._lines]
        await in_thread(self.spool.note_members, self.job, [str(line) for line in lines])
        for line in lines if self.config.inbox.duplicates != "send" else ():
            await in_thread(self._delivered.add, self.job, line)

    async def _leave_out_known(self, piece: ExtractedMember, path: Path, line: Receipt) -> bool:
        """Whether the file was delivered before and must not be again."""
        if self._chat.duplicates != "skip":
            return False
        before = await in_thread(self._delivered.before, self.job, line)
        if before is None:
            return False
        self.known += 1
        self._gone.add(piece.member.number)
        self.left_out.append(
            LeftOut(piece.member.name, before, line.size, line.digest, line.number)
        )
        if path.is_relative_to(self.spool.tmp):
            await in_thread(self.spool.disk.unlink, path)
        return True

    async def _judge(self, piece: ExtractedMember, path: Path, line: Receipt) -> _Judged:
        unit = Unit(piece.member.number, clean(piece.member.name.rpartition("/")[2]))
        if piece.refused:
            return _Judged(unit, path, piece.member.name, None, piece.refused)
        if self._chat.duplicates == "quarantine":
            before = await in_thread(self._delivered.before, self.job, line)
            if before is not None:
                refused = (
                    f"{piece.member.name} {before}. Remove it, or send it all the same:"
                    f" telespool retry {self.job}/{piece.member.number:04d}"
                )
                return _Judged(unit, path, piece.member.name, None, refused)
        try:
            name = piece.member.name.rpartition("/")[2]
            verdict = await assess(path, self.config.convert, name=name)
            return _Judged(unit, path, piece.member.name, verdict)
        except Permanent as error:
            return _Judged(unit, path, piece.member.name, None, error.reason)
        except ChildDied as error:
            if not self.last_try:
                raise
            refused = f"{piece.member.name} cannot be looked at. {error.reason}"
            return _Judged(unit, path, piece.member.name, None, refused)

    async def _drain(self) -> None:
        while self._next < len(self._order):
            number = self._order[self._next]
            judged = self._ready.pop(number, None)
            if judged is None and number not in self._gone:
                break
            self._next += 1
            if number in self._ranks:
                self._coming[self._ranks.pop(number)] -= 1
            if judged is not None:
                self._held[self._rank(judged)].append(judged)
        for rank in range(len(self._held)):
            if any(self._coming[:rank]):
                return
            await self._release_held(rank)

    async def _release_held(self, rank: int) -> None:
        held = self._held[rank]
        if held and rank > PHOTO:
            await self._close_albums(below=rank)
        while held:
            await self._route(held.pop(0))

    @staticmethod
    def _rank(judged: _Judged) -> int:
        verdict = judged.verdict
        if verdict is None or verdict.action == "refuse":
            return PHOTO  # into quarantine: nobody waits for it
        if verdict.action in _CONVERTED:
            return COPY
        if verdict.action == "document":
            return OTHER
        return {"photo": PHOTO, "video": VIDEO, "gif": VIDEO}.get(verdict.kind, OTHER)

    async def _route(self, judged: _Judged) -> None:
        verdict = judged.verdict
        if verdict is None or verdict.action == "refuse":
            await self._refuse(judged, judged.refused or _sentence(judged, verdict))
        elif verdict.action in _CONVERTED:
            await self._release(judged, "deferred", "; ".join(verdict.reasons))
        elif verdict.kind == "other" or (verdict.kind == "audio" and verdict.action != "send"):
            if self._chat.others == "document":
                await self._gather("document", judged)
            else:
                await self._leave_out(judged)
        else:
            kind: Kind = "document" if verdict.action == "document" else verdict.kind  # type: ignore[assignment]  # the other kinds were handled above
            await self._gather(kind, judged)

    async def _gather(self, kind: Kind, judged: _Judged) -> None:
        self.released += 1
        if judged.verdict is not None and judged.verdict.left_behind:
            line = f"{judged.unit.label}: {'; '.join(judged.verdict.left_behind)}"
            await in_thread(self.spool.add_notes, self.job, [line])
        album = self._albums.add(kind, (judged.unit, judged.path))
        if album:
            await self._release_album(album)

    async def _close_albums(self, *, below: int = COPY) -> None:
        for album in self._albums.rest(_KINDS[:below]):
            await self._release_album(album)

    async def _release_album(self, album: list[tuple[Unit, Path]]) -> None:
        await self._note(*(unit.first for unit, _ in album))
        if len(album) == 1:
            unit, path = album[0]
            entry = await in_thread(self.spool.release, self.job, path, unit, "uploading")
        else:
            entry = await in_thread(self.spool.release_album, self.job, album)
        log.info("unit.released", job=self.job, unit=str(entry.unit), files=len(album))

    async def _release(self, judged: _Judged, folder: Folder, reason: str) -> None:
        self.released += 1
        await self._note(judged.unit.first)
        entry = await in_thread(self.spool.release, self.job, judged.path, judged.unit, folder)
        log.info(folder, job=self.job, unit=str(entry.unit), reason=reason)

    async def _refuse(self, judged: _Judged, reason: str) -> None:
        self.released += 1
        await self._note(judged.unit.first)
        log.warning("unit.quarantined", job=self.job, unit=str(judged.unit), reason=reason)
        await in_thread(self.spool.quarantine_staged, self.job, judged.path, judged.unit, reason)

    async def _leave_out(self, judged: _Judged) -> None:
        del self._lines[judged.unit.first]
        verdict = judged.verdict
        picture = verdict is not None and verdict.mime.startswith("image/")
        reason = "; ".join(verdict.reasons) if verdict is not None and picture else NO_MEDIA
        self.left_out.append(LeftOut(judged.name, reason, number=judged.unit.first))
        if judged.path.is_relative_to(self.spool.tmp):
            await in_thread(self.spool.disk.unlink, judged.path)


def _contents(path: Path) -> tuple[int, str]:
    """The size and the SHA-256 of a file. Blocks."""
    return plain_files.lstat(path).st_size, digest_now(path)


def _sentence(judged: _Judged, verdict: Assessment | None) -> str:
    """Why nobody can read it, under the name that the drop has for it, and what to do."""
    reasons = "; ".join(verdict.reasons) if verdict else f"{judged.name} cannot be read"
    said = reasons.replace(judged.path.name, judged.name).rstrip(".")
    return f"{said}. If it opens for you, save it anew in another format and drop that."
