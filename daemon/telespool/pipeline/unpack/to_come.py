"""Which members of a drop are to come, and which of those that came leaves next.

Those of archives that are not opened yet are known by name only (`later`): somebody may wait for one of them, but
nothing else is held back for their sake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.file_endings import raw_name
from telespool.pipeline.send_queue import PHOTO, earliest
from telespool.spool.names import origins

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Any

    from telespool.archives.members import Member
    from telespool.config.schema import ChatSettings


class MembersToCome:
    """The members of one drop by number; `key` sorts them as they are to leave.

    Those that are `standing` in a folder do not come.
    """

    def __init__(
        self, key: Callable[[int], Any], standing: Collection[int], chat: ChatSettings
    ) -> None:
        self._key = key
        self._standing = standing
        self._raws_are_photos = chat.raw == "jpeg"
        self._ranks: dict[int, int] = {}  # of those that have not left, as their names suggest
        self._by_rank = [0] * 4
        self._order: list[int] = []
        self._next = 0  # the place in `_order` of the first that has not left
        self._awaited: set[int] = set()
        self._later: set[int] = set()
        self._expected: set[int] = set()
        self.missing: list[int] = []
        """Those that were expected and never came."""

    def expect(self, members: Iterable[Member]) -> dict[int, str]:
        """These come now; the names of those that were not expected before, by number."""
        added = {each.number: each.name for each in members if self._is_new(each.number)}
        for number, name in added.items():
            as_photo = self._raws_are_photos and raw_name(name)
            self._ranks[number] = PHOTO if as_photo else earliest(name)
            self._by_rank[self._ranks[number]] += 1
        self._expected.update(added)
        self._awaited.update(added)
        self._later.difference_update(added)
        self._order = sorted(self._ranks, key=self._key)
        self._next = 0
        return added

    def expect_later(self, members: Iterable[Member]) -> None:
        """These come once their archive is opened."""
        self._later.update(each.number for each in members if self._is_new(each.number))

    def _is_new(self, number: int) -> bool:
        return number not in self._expected and number not in self._standing

    def came(self, number: int) -> None:
        """One has come out, or does not."""
        self._awaited.discard(number)
        self._later.discard(number)

    def lost(self, archive: int) -> None:
        """An archive cannot be unpacked after all: nothing in it comes."""
        for number in [n for n in (*self._awaited, *self._later) if archive in origins(n)]:
            self.came(number)

    def over(self) -> None:
        """Nothing more comes."""
        self.missing = sorted(self._awaited)
        self._awaited.clear()
        self._later.clear()

    def is_awaited(self, number: int) -> bool:
        """Whether it is to come out of what is open."""
        return number in self._awaited

    def is_later(self, number: int) -> bool:
        """Whether it lies in an archive that is not opened yet."""
        return number in self._later

    def is_to_come(self, number: int) -> bool:
        """Whether it comes, now or later."""
        return number in self._awaited or number in self._later

    def first(self) -> int | None:
        """The one that leaves next, if it has come; None where it has not, or none is left."""
        if self._next == len(self._order) or self._order[self._next] in self._awaited:
            return None
        return self._order[self._next]

    def pass_on(self) -> None:
        """The first has left, was left out, or waits for something else."""
        number = self._order[self._next]
        self._next += 1
        self._by_rank[self._ranks.pop(number)] -= 1

    @property
    def some_later(self) -> bool:
        """Whether there are archives that are not opened yet."""
        return bool(self._later)

    def some_before(self, rank: int) -> bool:
        """Whether one has not left whose name allows it to go before this rank."""
        return any(self._by_rank[:rank])
