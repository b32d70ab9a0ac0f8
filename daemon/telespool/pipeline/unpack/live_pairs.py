"""Which of the members that have come out are the halves of a live photo.

A still waits for the clip of its name; one with Apple's identifier for as long as another clip may still have the
same. What is found is one item from there on: it leaves where the still stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.belonging import About, is_live
from telespool.file_endings import by_ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from telespool.belonging import Kinship
    from telespool.pipeline.unpack.assessed_member import AssessedMember

_STILLS = frozenset(["image/jpeg", "image/heic", "image/heif"])
_CLIPS = frozenset(["send", "remux", "audio", "encode"])


class LivePairs:
    """Finds pairs; `take` gives a member that has come and not left, or None."""

    def __init__(self, kin: Kinship, take: Callable[[int], AssessedMember | None]) -> None:
        self._kin = kin
        self._take = take
        self._loose: set[int] = set()
        """Videos to come that are no clip of a still by their names."""
        self._stills: set[int] = set()
        self._come: dict[int, AssessedMember] = {}
        self._by_identifier: dict[str, int] = {}

    def expect(self, names: Mapping[int, str]) -> None:
        """These are to come."""
        for number, name in names.items():
            kind = by_ending(name)
            if kind == "video" and self._kin.still_of(number) is None:
                self._loose.add(number)
            elif kind == "photo":
                self._stills.add(number)

    def came(self, number: int, member: AssessedMember | None) -> None:
        """A member has come out, or was left out (None)."""
        self._loose.discard(number)
        self._stills.discard(number)
        if member is not None and _is_clip(member):
            self._come[number] = member
            if member.about and member.about.identifier:
                self._by_identifier[member.about.identifier] = number

    def left(self, number: int) -> None:
        """A member has left by itself."""
        self._come.pop(number, None)

    def waits(self, member: AssessedMember, awaited: Callable[[int], bool]) -> bool:
        """Whether its other half may still come; `awaited` says whether a number is to come."""
        number = member.unit.first
        if _is_still(member):
            if any(awaited(clip) for clip in self._kin.clips.get(number, ())):
                return True
            known = member.about is not None and member.about.identifier
            return bool(known and known not in self._by_identifier and self._loose)
        if _is_clip(member) and member.about is not None and member.about.identifier:
            return self._kin.still_of(number) is None and bool(self._stills)
        return False

    def join(self, member: AssessedMember) -> AssessedMember:
        """A still with its clip, where that has come."""
        if not _is_still(member):
            return member
        for number, same_name in self._candidates(member):
            clip = self._come.get(number)
            if clip is None or not is_live(
                member.about or About(), clip.about or About(), same_name=same_name
            ):
                continue
            taken = self._take(number)
            del self._come[number]
            if taken is not None:
                clip_unit = replace(taken.unit, still=member.unit.first)
                return replace(member, clip=replace(taken, unit=clip_unit))
        return member

    def _candidates(self, still: AssessedMember) -> Iterable[tuple[int, bool]]:
        for number in self._kin.clips.get(still.unit.first, ()):
            yield number, True
        identifier = still.about.identifier if still.about else ""
        if identifier and (found := self._by_identifier.get(identifier)) is not None:
            yield found, False


def _is_still(member: AssessedMember) -> bool:
    verdict = member.verdict
    return bool(
        verdict is not None
        and not member.refused
        and verdict.kind == "photo"
        and verdict.action == "send"
        and verdict.mime in _STILLS
    )


def _is_clip(member: AssessedMember) -> bool:
    verdict = member.verdict
    return bool(
        verdict is not None
        and not member.refused
        and verdict.kind == "video"
        and verdict.action in _CLIPS
    )
