"""The archives inside a drop, opened one by one; those of one export are listed before anything of them comes out.

What belongs together may lie in several of them (`archives.export_parts`): a photo in one, its clip or its notes in
another. Each is listed once, and unpacked by itself when its turn comes. Archives that are only numbered alike count as
parts of one whole where no photo or video lies in two of them under one name.

ToolFault, NoRoom and Unreadable leave `open`: these are the machine's. What is wrong with an archive is its own
`refused`, and holds up no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.archives.export_parts import alike
from telespool.archives.known_good import NAME
from telespool.archives.members import Member
from telespool.archives.messages import NOT_FOUND
from telespool.archives.nested import together
from telespool.errors import NoRoom, Permanent, TelespoolError, ToolFault, Unreadable
from telespool.file_endings import media_name
from telespool.pipeline.unpack.sources.base import Listed
from telespool.runtime.cancellation import in_thread
from telespool.runtime.tool_health import HEALTH
from telespool.spool.names import NESTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from telespool.archives.limits import Budget
    from telespool.archives.members import Archive
    from telespool.archives.nested import Inside
    from telespool.pipeline.unpack.sources.base import Rules

_ENGINE_AGAIN = 5.0
MOST_LISTED = 500_000
"""From so many members on (some hundred megabytes of memory) the next archives of an export are another set."""


async def open_archive(
    path: Path, name: str, rules: Rules, budget: Budget | None = None
) -> Archive:
    """Open an archive, which people call `name`, by the rules of its drop, or within a budget of its own."""
    if rules.engine is None:
        broken = next((each for each in HEALTH.outages if each.tool.name == NAME), None)
        if broken is not None and NOT_FOUND not in broken.reason:
            reason = f"{name} is an archive. {broken.reason}"
            raise ToolFault(reason, tool=NAME, retry_after=_ENGINE_AGAIN)
        raise ToolFault(
            f"{name} is an archive, but there is no 7-Zip on this machine."
            " Install it (Debian: apt install 7zip); it is unpacked by itself then.",
            tool=NAME,
            retry_after=_ENGINE_AGAIN,
        )
    words = rules.passwords_for(name)
    return await rules.engine.open(path, words, name=name, budget=budget or rules.budget)


@dataclass(slots=True, eq=False)
class InnerArchive:
    """One of them, or what only might have been one (`inside.is_archive`): its volumes, the first one first."""

    inside: Inside
    files: list[tuple[Member, Path]]
    opened: Archive | None = None
    members: tuple[Member, ...] = ()
    """Those of an archive that is open, as they are numbered in the drop."""
    refused: str = ""
    words: tuple[str, ...] = ()
    """The passwords that were known when it was opened."""
    alike: tuple[InnerArchive, ...] = ()
    is_export: bool = False
    told: bool = False
    """Whether its members were listed to whoever unpacks it."""

    @property
    def member(self) -> Member:
        """What it is in the drop."""
        return self.files[0][0]

    @property
    def base(self) -> int:
        """The number before that of its first member."""
        return self.member.number * NESTED


class InnerArchives:
    """Those of one drop, or of one archive; `budget_of` gives each one of its own, where it does."""

    def __init__(
        self,
        row: Sequence[InnerArchive],
        rules: Rules,
        budget_of: Callable[[Iterable[Path]], Budget | None],
    ) -> None:
        self.row = row
        self._rules = rules
        self._budget_of = budget_of

    @classmethod
    def among(
        cls,
        found: Sequence[tuple[Member, Path]],
        rules: Rules,
        budget_of: Callable[[Iterable[Path]], Budget | None],
    ) -> InnerArchives:
        """Those among these files, in their order. Blocks."""
        insides = together([(member.name, path) for member, path in found])
        row = [InnerArchive(each, [found[place] for place in each.places]) for each in insides]
        archives = [each for each in row if each.inside.is_archive]
        for places, is_export in alike([each.member.name for each in archives]):
            these = tuple(archives[place] for place in sorted(places))
            for each in these:
                each.alike, each.is_export = these, is_export
        return cls(row, rules, budget_of)

    async def open(self, inner: InnerArchive) -> Listed | None:
        """Open one, and those of its export where it is the first of them; what is listed that was not before."""
        if inner.refused and inner.words != self._rules.passwords_for(inner.member.name):
            inner.refused = ""  # what came out of another one since may open it
        listed = 0
        for place, each in enumerate(inner.alike or (inner,)):
            if listed > MOST_LISTED:
                _part(inner.alike, place)
                break
            if each.opened is None and not each.refused and not each.told:
                await self._open(each)
            listed += len(each.members)
        if inner.told or inner.opened is None:
            return None
        row = [each for each in inner.alike or (inner,) if each.opened and not each.told]
        if not inner.is_export and _overlap(row):
            for each in inner.alike:
                each.alike = ()
            row = [inner]
        for each in row:
            each.told = True
        return Listed(tuple(each.members for each in row), one_story=inner.is_export)

    async def _open(self, inner: InnerArchive) -> None:
        name = inner.member.name
        inner.words = self._rules.passwords_for(name)
        try:
            budget = await in_thread(self._budget_of, [path for _, path in inner.files])
            archive = await open_archive(inner.inside.path, name, self._rules, budget)
            if len(archive.members) >= NESTED:
                raise Permanent(f"{name} inside the drop has more than {NESTED - 1} members.")
            inner.opened = archive
            inner.members = tuple(numbered(member, inner.base) for member in archive.members)
        except (ToolFault, NoRoom, Unreadable):
            raise  # the machine's: the archive inside may be sound
        except TelespoolError as error:
            inner.refused = error.reason


def numbered(member: Member, base: int) -> Member:
    """A member of an archive among those of the drop; `base` is 0 for the archive that was dropped itself."""
    return Member(base + member.number, member.name, member.size)


def _part(alike: tuple[InnerArchive, ...], place: int) -> None:
    """Make two sets of one: those before this place, and the others."""
    for these in (alike[:place], alike[place:]):
        for each in these:
            each.alike = these


def _overlap(row: Sequence[InnerArchive]) -> bool:
    """Whether a photo or a video lies in two of these under one name."""
    seen: set[str] = set()
    for each in row:
        names = {member.name.casefold() for member in each.members if media_name(member.name)}
        if not seen.isdisjoint(names):
            return True
        seen |= names
    return False
