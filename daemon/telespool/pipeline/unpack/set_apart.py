"""Who waits for whom: halves of live photos, versions of a photo, and files for their captions.

A member whose other half lies in an archive that is not opened yet is set apart while others go on; it is looked at
again when something of its own has come or left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from telespool.belonging import Kinship
    from telespool.pipeline.unpack.assessed_member import AssessedMember
    from telespool.pipeline.unpack.caption_files import CaptionFiles
    from telespool.pipeline.unpack.live_pairs import LivePairs
    from telespool.pipeline.unpack.name_rules import NameRules


class SetApart:
    """Those of one drop that are set apart, by number."""

    def __init__(
        self, kin: Kinship, pairs: LivePairs, by_name: NameRules, captions: CaptionFiles
    ) -> None:
        self._kin = kin
        self._pairs = pairs
        self._by_name = by_name
        self._captions = captions
        self._apart: set[int] = set()
        self._due: set[int] = set()

    def waits(self, member: AssessedMember, awaited: Callable[[int], bool]) -> bool:
        """Whether a member waits for one of these."""
        number = member.unit.first
        return (
            self._pairs.waits(member, awaited)
            or self._by_name.waits(number, awaited)
            or self._captions.waits(number, awaited)
        )

    def add(self, number: int) -> None:
        """Set one apart."""
        self._apart.add(number)

    def moved(self, number: int, *, all_wait: bool = False) -> None:
        """This one has come, was left out, or has left: those that belong to it are worth a look, or all of them."""
        kin = self._kin
        if all_wait:
            self._due |= self._apart
        elif self._apart:
            near = (kin.still_of(number), kin.originals.get(number), *kin.clips.get(number, ()))
            self._due |= self._apart.intersection(each for each in near if each is not None)

    def due(self) -> set[int]:
        """Those that are worth a look now, each told once."""
        found, self._due = self._due, set()
        return found

    def leave(self, number: int) -> None:
        """One has left."""
        self._apart.discard(number)
