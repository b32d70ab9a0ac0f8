"""Members that are judged and put in order as for sending, and then noted instead of let out (`rehearsal`)."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.archives.volumes import may_be
from telespool.belonging import About
from telespool.errors import Permanent
from telespool.file_endings import archive_name, by_ending, raw_name
from telespool.media import plain_jpeg
from telespool.media.compatibility import Assessment
from telespool.media.photo_info import CUT
from telespool.media.photo_pool import acceptable_photo
from telespool.pipeline.rehearse.foretelling import BY_NAME, QUARANTINED, Foretold, sent
from telespool.pipeline.send.live_photos import foresee_clip
from telespool.pipeline.unpack.assessed_member import AssessedMember, as_file, inner_photo
from telespool.pipeline.unpack.member_release import MemberRelease
from telespool.pipeline.unpack.release_order import ReleaseOrder
from telespool.runtime.cancellation import in_thread
from telespool.spool.names import Job, Unit, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from telespool.pipeline.glance import MemberGlance
    from telespool.pipeline.send.live_photos import InnerClip
    from telespool.pipeline.unpack.account_writer import AccountWriter
    from telespool.pipeline.unpack.sources import ExtractedMember
    from telespool.spool import Spool

_UNPACKED = "an archive inside; its photos and videos are sent"
_HEIC = frozenset(["heic", "heif"])


class NotedRelease(MemberRelease):
    """Notes what would leave; nothing moves but what lies in tmp/, and that is removed."""

    def __init__(
        self,
        spool: Spool,
        job: str,
        account: AccountWriter,
        rows_of: Callable[[AssessedMember], list[Foretold]],
    ) -> None:
        super().__init__(spool, job, account)
        self.rows_of = rows_of
        self.noted: dict[int, Foretold] = {}
        self.members: dict[int, AssessedMember] = {}

    def note(self, rows: Iterable[Foretold]) -> None:
        """Put these rows down."""
        self.noted |= {each.number: each for each in rows}

    async def defer(self, member: AssessedMember) -> None:
        """It would be converted, and its copy sent."""
        self.released += 1
        self.members[member.unit.first] = member
        self.note(self.rows_of(member))

    async def refuse(self, member: AssessedMember) -> None:
        """It would be set aside."""
        self.released += 1
        number = member.unit.first
        self.members[number] = member
        self.note([Foretold(number, member.name, QUARANTINED, member.sentence())])

    async def leave_out(self, member: AssessedMember, *more: Any) -> None:
        """It would be left out."""
        self.members[member.unit.first] = member
        await super().leave_out(member, *more)


class NotedOrder(ReleaseOrder):
    """The order of one drop, noted in `out`."""

    out: NotedRelease

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._inner: dict[int, InnerClip] = {}
        self.out = NotedRelease(self.spool, self.job, self._account, self._rows)

    async def add(self, piece: ExtractedMember) -> None:
        """Take in one member; one that did not come out is judged by its name."""
        number = piece.member.number
        if piece.opened is not None:
            self.out.note([Foretold(number, piece.member.name, "unpacked", _UNPACKED)])
        if not piece.unseen:
            await super().add(piece)
            return
        if reason := self._by_name.unwanted(number):
            await super().add(replace(piece, left_out=reason))
            return
        member = self._by_its_name(piece)
        if member is None:
            await super().add(piece)
            return
        self._to_come.came(number)
        self._ready[number] = member
        self._by_name.came(member)
        self._pairs.came(number, member)
        await self._drain()

    def _by_its_name(self, piece: ExtractedMember) -> AssessedMember | None:
        """What a member is by its name; None, with its row, where that does not tell."""
        number, name = piece.member.number, piece.member.name
        last = name.rpartition("/")[2]
        unit, kind = Unit(number, clean(last)), by_ending(last)
        if raw_name(name):
            verdict = Assessment(
                kind="other", action="skip", is_raw=True, reasons=("it is a camera raw",)
            )
            inner = inner_photo(self._chat)
            return AssessedMember(unit, Path(), name, verdict, inner_photo=inner)
        if kind in {"photo", "video"}:
            ending = last.rpartition(".")[2].lower()
            mime = {"photo": "image/heic" if ending in _HEIC else "image/jpeg"}.get(
                kind, "video/mp4"
            )
            verdict = Assessment(kind=kind, action="send", mime=mime)
            unit, verdict = as_file(unit, verdict, self._chat)
            return AssessedMember(unit, Path(), name, verdict, about=About())
        if archive_name(name) or may_be(name, bare=False):
            self.out.note([Foretold(number, name, "unpacked", BY_NAME)])
        else:
            self.out.note([Foretold(number, name, "unknown", BY_NAME)])
        self.out.released += 1
        return None

    async def _judge(
        self, piece: ExtractedMember, path: Path, seen: MemberGlance
    ) -> AssessedMember:
        """Judge it; then nobody needs its bytes."""
        member = await self._decoded(await super()._judge(piece, path, seen), path)
        if member.kind == "photo" and not member.refused and not member.inner_photo:
            inner = await foresee_clip(path, member.name, self.config, Job.chat_of(self.job))
            if inner is not None:
                self._inner[member.unit.first] = inner
        await self.out.drop(path)
        return member

    async def _decoded(self, member: AssessedMember, path: Path) -> AssessedMember:
        """See whether a photo can be decoded that may be broken, and one that is alone, as the sender does."""
        verdict = member.verdict
        if verdict is None or (verdict.kind, verdict.action) != ("photo", "send"):
            return member
        is_jpeg = verdict.mime == "image/jpeg"
        sure = is_jpeg and await in_thread(_is_whole, path)
        if sure or not (is_jpeg or len(self._names) == 1):
            return member
        try:
            with tempfile.TemporaryDirectory() as place:
                made, _ = await acceptable_photo(path, Path(place))
        except Permanent as error:
            reason = error.reason.replace(path.name, member.name)
            return replace(member, verdict=replace(verdict, action="refuse", reasons=(reason,)))
        if made != path and not verdict.reasons:
            verdict = replace(verdict, left_behind=(*verdict.left_behind, CUT))
        return replace(member, verdict=verdict)

    async def _release_album(self, album: list[AssessedMember]) -> None:
        for member in album:
            if self._story.keeps_place(member):
                await self.out.defer(member)
            else:
                self.out.members[member.unit.first] = member
                self.out.note(self._rows(member))

    def _rows(self, member: AssessedMember) -> list[Foretold]:
        self._captions.lines([unit.first for unit, _ in member.files])  # which are used by it
        inner = self._inner.get(member.unit.first)
        rows = sent(member, self._kin, self._names, inner)
        if self._chat.photos == "both" and member.kind == "photo":
            rows[0] = rows[0].with_file()
        if member.path == Path():
            rows = [replace(each, why=each.why or BY_NAME) for each in rows]
        return rows


def _is_whole(path: Path) -> bool:
    return plain_jpeg.whole(path.read_bytes()) is not None
