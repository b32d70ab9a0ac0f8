"""What archives and folders have in common: a directory of tmp/ for what comes out, and the archives inside.

The members of the archive that is number 7 are 7000001, 7000002, …: behind all members beside it, and known without
opening anything else. `Permanent` and `Temporary` leave it where an archive that was dropped cannot be read; one that
lies inside becomes a `ExtractedMember` with that sentence.
"""

from __future__ import annotations

import bisect
import itertools
import time
from collections.abc import AsyncGenerator, Container, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, cast

from telespool.archives.blocking import AHEAD, MOST_AHEAD
from telespool.archives.signatures import is_surely_none, recognise
from telespool.archives.volumes import may_be
from telespool.errors import (
    ChildDied,
    Permanent,
)
from telespool.pipeline.captions.text import read_caption
from telespool.pipeline.unpack.sources.base import (
    PASSWORD,
    ExtractedMember,
    is_caption,
)
from telespool.pipeline.unpack.sources.inner_archives import InnerArchives, numbered
from telespool.runtime.cancellation import in_thread
from telespool.runtime.tool_health import HEALTH
from telespool.spool.account import LeftOut
from telespool.spool.companions import password_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from telespool.archives.limits import Budget
    from telespool.archives.member_writer import Written
    from telespool.archives.members import Archive, Member
    from telespool.archives.members import ExtractedPiece as Unpacked
    from telespool.pipeline.captions.text import CaptionText
    from telespool.pipeline.glance import MemberGlance
    from telespool.pipeline.unpack.sources.base import Listed, Rules
    from telespool.pipeline.unpack.sources.inner_archives import InnerArchive


class UnpackingSource:
    """What archives and folders share: the directory in tmp/ and the archives inside."""

    kept_apart = True
    beside: tuple[str, CaptionText] | None = None

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.damage: list[str] = []
        self.left_out: list[LeftOut] = []
        self._next_size = 0

    def next_size(self) -> int:
        """The size of the member that comes next."""
        return self._next_size

    async def close(self) -> None:
        """Remove what nobody took."""
        if await in_thread(self.rules.tmp.exists):
            await in_thread(self.rules.disk.rmtree, self.rules.tmp)

    def _sizes(
        self, archive: Archive, base: int, depth: int, skip: Container[int]
    ) -> Iterator[int]:
        """The bytes that each member will take that is to come; 0 for those that hardly will be kept."""
        for member in archive.members:
            if base + member.number not in skip:
                yield (member.size or 0) if self.rules.wanted(member.name, b"", depth) else 0

    async def unpack(
        self, archive: Archive, base: int, depth: int, skip: Container[int]
    ) -> AsyncGenerator[ExtractedMember]:
        """The members of one archive, then those of the archives inside it."""
        directory = self.rules.tmp / str(base)
        await in_thread(directory.mkdir, parents=True, exist_ok=True)
        ends = list(itertools.accumulate(self._sizes(archive, base, depth, skip), initial=0))
        inside: list[tuple[Member, Path]] = []
        done = 0
        self._next_size = _ahead(ends, 0)

        sieve = _Sieve(self.rules, base, depth)
        begun, before = time.monotonic(), len(self.damage)
        left = _Shifted(skip, base)
        unpacking = archive.extract(directory, skip=left, keep=sieve, came=sieve.came)
        async with aclosing(cast("AsyncGenerator[Unpacked]", unpacking)) as pieces:
            while (out := await self._next(pieces)) is not None:
                done += 1
                self._next_size = _ahead(ends, done)
                member = numbered(out.member, base)
                if out.damage:
                    await self._blame(begun)
                    self.damage.append(f"{member.name}: {out.damage}")
                    yield ExtractedMember(member, left_out=out.damage)
                elif out.path is None and out.member.number in sieve.spared:
                    yield ExtractedMember(member, unseen=True)
                elif out.path is None:
                    known = sieve.reasons.get(out.member.number)
                    reason = known or self.rules.reason(member.name, depth)
                    yield ExtractedMember(member, left_out=reason)
                elif password_for(member.name) is not None:
                    await in_thread(self.rules.learn, member.name, out.path)
                    await in_thread(self.rules.discard, out.path)
                    yield ExtractedMember(member, left_out=PASSWORD)
                elif is_caption(member.name):
                    caption = await in_thread(read_caption, out.path)
                    await in_thread(self.rules.discard, out.path)
                    said = caption.said
                    yield ExtractedMember(member, left_out=said, caption=caption)
                elif out.member.number in sieve.plain and not may_be(out.path.name):
                    seen = sieve.seen.pop(out.member.number, None)
                    yield ExtractedMember(member, out.path, glance=seen)
                elif depth > 1 and await in_thread(may_be_archive, out.path):
                    inside.append((member, out.path))
                else:
                    yield ExtractedMember(member, out.path)
        self._next_size = 0
        if archive.damage:
            self.damage.append(archive.damage)
        if len(self.damage) > before:
            await self._blame(time.monotonic())
        async for piece in self.unpack_inner(inside, depth - 1, skip):
            yield piece

    async def _next(self, pieces: AsyncGenerator[Unpacked]) -> Unpacked | None:
        """The next piece, None at the end; ToolFault where it is 7-Zip that does not work."""
        try:
            return await anext(pieces, None)
        except (Permanent, ChildDied):
            await self._blame(time.monotonic())
            raise

    async def _blame(self, begun: float) -> None:
        """Return if the archive is to blame for what has failed since `begun`; ToolFault if 7-Zip is."""
        if self.rules.engine is not None:
            await HEALTH.blame(self.rules.engine.tool, begun)

    async def unpack_inner(
        self, found: Sequence[tuple[Member, Path]], depth: int, skip: Container[int]
    ) -> AsyncGenerator[ExtractedMember]:
        """The members of the archives among these files; those that are none come as they are."""
        budget_of = partial(self.budget_of, depth)
        inner = await in_thread(InnerArchives.among, found, self.rules, budget_of)
        for each in inner.row:
            if not each.inside.is_archive:
                yield ExtractedMember(*each.files[0])
                continue
            listed = await inner.open(each)
            async for piece in self._unpack_inside(each, listed, depth, skip):
                yield piece

    def budget_of(self, depth: int, files: Iterable[Path]) -> Budget | None:
        """What the archive of these files may bring, this deep, None for what its drop may. Blocks."""
        return None

    async def _unpack_inside(
        self, inner: InnerArchive, listed: Listed | None, depth: int, skip: Container[int]
    ) -> AsyncGenerator[ExtractedMember]:
        own, archive, before = inner.member, inner.opened, len(self.damage)
        refused = inner.refused if archive is None else self._no_longer_fits(archive)
        if archive is None or refused:
            for place, (member, path) in enumerate(inner.files):
                yield ExtractedMember(
                    member, path, refused=refused, listed=None if place else listed
                )
            return
        expect = tuple(member for member in inner.members if member.number not in skip)
        self.left_out += [
            LeftOut(f"{own.name} → {name}", why, number=inner.base)
            for name, why in archive.left_out
        ]
        yield ExtractedMember(own, expect=expect, opened=inner.files[0][1], listed=listed)
        for member, path in inner.files[1:]:
            yield ExtractedMember(member, opened=path)
        outer, self.rules.budget = self.rules.budget, archive.budget
        async for piece in self.unpack(archive, inner.base, depth, skip):
            yield piece
        self.rules.budget, inner.opened, inner.members = outer, None, ()
        if len(self.damage) > before:
            self.damage[before:] = [f"{own.name} → {line}" for line in self.damage[before:]]
        for _, path in inner.files:
            await in_thread(self.rules.discard, path)

    @staticmethod
    def _no_longer_fits(archive: Archive) -> str:
        """Why an archive is refused that was listed a while ago: what has come out since counts; "" for none."""
        try:
            archive.budget.check_members(archive.name, archive.members)
        except Permanent as error:
            return error.reason
        return ""


class _Sieve:
    """Says of each member, by its first bytes, whether it is to come out; and remembers what these say.

    `plain` are surely no archives; `spared` are wanted and need not come out; `reasons` say why others are not wanted.
    `seen` is what a look has told of those that have come out.
    """

    def __init__(self, rules: Rules, base: int, depth: int) -> None:
        self.seen: dict[int, MemberGlance | None] = {}
        self.plain: set[int] = set()
        self.spared: set[int] = set()
        self.reasons: dict[int, str] = {}
        self._rules = rules
        self._base = base
        self._depth = depth

    def came(self, listed: Member, path: Path, written: Written | None) -> None:
        """A member has come out; in the thread that has written it."""
        if listed.number in self.plain and not is_caption(listed.name):
            member = numbered(listed, self._base)
            self.seen[listed.number] = self._rules.glance(member, path, written)

    def __call__(self, listed: Member, head: bytes) -> bool:
        if is_surely_none(head):
            self.plain.add(listed.number)
        wanted = self._rules.wanted(listed.name, head, self._depth)
        if wanted and self._rules.spares is not None and self._rules.spares(listed):
            self.spared.add(listed.number)
            return False
        if not wanted:
            self.reasons[listed.number] = self._rules.reason(listed.name, self._depth, head)
        return wanted


def _ahead(ends: Sequence[int], done: int) -> int:
    """The bytes that the next piece may take, with those that come together with it; `ends` are sums of sizes."""
    if done + 1 >= len(ends):
        return 0
    last = bisect.bisect_left(
        ends, ends[done] + AHEAD, done + 1, min(len(ends), done + MOST_AHEAD + 1)
    )
    return ends[min(last, len(ends) - 1)] - ends[done]


class _Shifted(Container[int]):
    """The numbers of one archive among those of the drop."""

    def __init__(self, numbers: Container[int], base: int) -> None:
        self._numbers = numbers
        self._base = base

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self._base + number in self._numbers


class ArchiveSource(UnpackingSource):
    """An archive that was dropped: its members come out in one pass, in its own order."""

    def __init__(
        self, archive: Archive, rules: Rules, beside: tuple[str, CaptionText] | None = None
    ) -> None:
        super().__init__(rules)
        self.archive = archive
        self.beside = beside
        self.kind = archive.kind
        self.left_out += [LeftOut(name, why) for name, why in archive.left_out]
        self.members: Sequence[Member] = [numbered(member, 0) for member in archive.members]

    def pieces(self, *, skip: Container[int]) -> AsyncGenerator[ExtractedMember]:
        """One pass through the archive, in its own order."""
        self._next_size = next(iter(self._sizes(self.archive, 0, self.rules.depth, skip)), 0)
        return self.unpack(self.archive, 0, self.rules.depth, skip)


def may_be_archive(path: Path) -> bool:
    """Whether it is one, or a volume of one, most of which begin anywhere."""
    return may_be(path.name) or recognise(path) is not None
