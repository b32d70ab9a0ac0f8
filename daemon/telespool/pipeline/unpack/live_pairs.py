"""Which of the members that have come out are the halves of a live photo.

A still waits for the clip of its name, and a clip for its still; one with Apple's identifier for as long as another
clip may still have the same. Where names and identifiers were found to contradict each other, that may be any. What is
found is one item from there on: it leaves where the still stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.belonging import About, is_live
from telespool.file_endings import by_ending, raw_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from telespool.belonging import Kinship
    from telespool.pipeline.unpack.assessed_member import AssessedMember

_STILLS = frozenset(["image/jpeg", "image/heic", "image/heif"])
_CLIPS = frozenset(["send", "remux", "audio", "encode"])


class LivePairs:
    """Finds pairs, where the chat `wants` any; `take` gives a member that has come and not left, or None."""

    def __init__(
        self, kin: Kinship, take: Callable[[int], AssessedMember | None], *, wants: bool = True
    ) -> None:
        self._wants = wants
        self._kin = kin
        self._take = take
        self._videos: set[int] = set()
        """Videos to come, and of these the `_loose` that are no clip of a photo by their names."""
        self._loose: set[int] = set()
        self._stills: set[int] = set()
        self._come: dict[int, AssessedMember] = {}
        self._by_identifier: dict[str, int] = {}
        self._said: dict[int, str] = {}
        """The identifiers of the stills that have come, "" for none."""
        self._owners: set[str] = set()
        self._crossed = False

    def expect(self, names: Mapping[int, str]) -> None:
        """These are to come."""
        for number, name in names.items() if self._wants else ():
            kind = by_ending(name)
            if kind == "video":
                self._videos.add(number)
                still = self._kin.still_of(number)
                if still is None or raw_name(names.get(still, "")):
                    self._loose.add(number)
            elif kind == "photo":
                self._stills.add(number)

    def came(self, number: int, member: AssessedMember | None) -> None:
        """A member has come out, or was left out (None)."""
        for waiting in (self._videos, self._loose, self._stills):
            waiting.discard(number)
        known = _identifier(member)
        if member is not None and _is_clip(member):
            self._come[number] = member
            if known and self._by_identifier.get(known) not in self._come:
                self._by_identifier[known] = number
            self._compare(self._said.get(self._kin.still_of(number) or 0, ""), known)
        elif number in self._kin.clips or (member is not None and self._is_still(member)):
            self._said[number] = known
            self._owners |= {known} - {""}
            for clip in self._kin.clips.get(number, ()):
                self._compare(known, _identifier(self._come.get(clip)))

    def _compare(self, still: str, clip: str) -> None:
        self._crossed = self._crossed or bool(still and clip and still != clip)

    def left(self, number: int) -> None:
        """A member has left by itself."""
        self._come.pop(number, None)

    def waits(self, member: AssessedMember, awaited: Callable[[int], bool]) -> bool:
        """Whether its other half may still come; `awaited` says whether a number is to come."""
        number, known = member.unit.first, _identifier(member)
        if not self._wants:
            return False
        if self._is_still(member):
            if any(awaited(clip) for clip in self._kin.clips.get(number, ())):
                return True
            if not known or known in self._by_identifier:
                return False
            return bool(self._videos if self._crossed else self._loose)
        if not _is_clip(member):
            return False
        still = self._kin.still_of(number)
        if still is not None and awaited(still):
            return True
        if not known or (still is not None and self._said.get(still, "") in {"", known}):
            return False
        return bool(self._stills)

    def join(self, member: AssessedMember) -> AssessedMember:
        """A still with its clip, where that has come."""
        if not self._wants or not self._is_still(member):
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
        identifier = _identifier(still)
        for number in self._kin.clips.get(still.unit.first, ()):
            # A still without an identifier has no right to a clip that is another's.
            if identifier or _identifier(self._come.get(number)) not in self._owners:
                yield number, True
        if identifier and (found := self._by_identifier.get(identifier)) is not None:
            yield found, False

    def _is_still(self, member: AssessedMember) -> bool:
        verdict = member.verdict
        if verdict is None or member.refused or member.unit.first in self._kin.raws:
            return False
        is_photo = verdict.kind == "photo" and verdict.action == "send"
        return member.inner_photo == "photo" or (is_photo and verdict.mime in _STILLS)


def _identifier(member: AssessedMember | None) -> str:
    return member.about.identifier if member is not None and member.about else ""


def _is_clip(member: AssessedMember) -> bool:
    verdict = member.verdict
    return bool(
        verdict is not None
        and not member.refused
        and verdict.kind == "video"
        and verdict.action in _CLIPS
    )
