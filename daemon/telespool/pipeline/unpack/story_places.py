"""Where each member of a drop stands by name: the order in which members leave, and the places of a story.

    1.jpg  2.zip: a.jpg b.jpg  3.jpg        2.zip is told where it stands, each of its members in a place of its own
    x-001.zip: a.jpg c.jpg  x-002.zip: b.jpg        of one export: a, b, c

Places are small where nothing in the drop is called an archive: those of its members by themselves.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from telespool.archives.volumes import may_be
from telespool.file_endings import archive_name
from telespool.spool.names import NESTED, nested
from telespool.spool.natural_order import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from telespool.archives.members import Member


class StoryPlaces:
    """The places of one drop, of which these are the members."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = members
        self._ranks: dict[int, int] = {}
        self._homes: dict[int, int] = {}

    @cached_property
    def _scale(self) -> int:
        names = (each.name for each in self._members)
        inside = any(archive_name(name) or may_be(name, bare=False) for name in names)
        return NESTED if inside else 1

    def merge(self, archives: Sequence[Mapping[int, str]]) -> None:
        """Tell what lies in these archives as one, by its names: all of it stands where the first archive does."""
        home = min(number // NESTED for names in archives for number in names)
        names = {number: name for each in archives for number, name in each.items()}
        for rank, number in enumerate(sorted(names, key=lambda n: (natural(names[n]), n)), 1):
            self._ranks[number] = rank
            self._homes[number // NESTED] = home

    def of(self, number: int) -> int:
        """The place of a member; what came out of an archive inside that inside another one stands in one place."""
        top, *inner = nested(number)
        if self._scale == 1 or not inner:
            return top * self._scale
        within = top * NESTED + inner[0]
        return self._homes.get(top, top) * self._scale + self._ranks.get(within, inner[0])

    def key(self, number: int) -> tuple[int, tuple[int, ...]]:
        """A sort key: by place, and there by the archives around it."""
        return self.of(number), nested(number)
