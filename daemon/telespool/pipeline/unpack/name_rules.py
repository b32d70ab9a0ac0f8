"""What names decide before anything has come out: which version of a photo is wanted, whose notes a file is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.belonging import Kinship
from telespool.file_endings import raw_name
from telespool.pipeline.unpack.sources.base import NO_MEDIA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from telespool.config.schema import ChatSettings
    from telespool.pipeline.unpack.assessed_member import AssessedMember
    from telespool.spool.account import LeftOut

_NOTES_OF = "notes that belong to"


class NameRules:
    """The rules of one chat over one drop; `names` are those of its members by number, and may grow."""

    def __init__(self, chat: ChatSettings, kin: Kinship, names: Mapping[int, str]) -> None:
        self._chat = chat
        self._kin = kin
        self._names = names
        self._seen: set[int] = set()  # raws that are sent as the photo within them

    def came(self, member: AssessedMember) -> None:
        """A member has come out, and is judged."""
        if member.inner_photo:
            self._seen.add(member.unit.first)

    def unwanted(self, number: int) -> str:
        """Why a photo, or its clip, is left out for the sake of another version; "" where it is not."""
        other = self._other(number)
        if other is not None:
            return f"another version of it is sent: {self._name(other)}"
        still = self._kin.still_of(number)
        other = self._other(still) if still is not None else None
        if still is not None and other is not None:
            told = f"of which another version is sent: {self._name(other)}"
            return f"it is the clip of {self._name(still)}, {told}"
        return ""

    def waits(self, number: int, awaited: Callable[[int], bool]) -> bool:
        """Whether it is sent instead of, or left out for, a raw that is one of these."""
        original = self._kin.edited.get(number) if self._chat.edited == "original" else None
        return original is not None and self._is_raw(original) and awaited(original)

    def instead_of(self, number: int) -> Iterator[int]:
        """Of what this file is sent instead: the other version of a photo or film, and the camera raw beside it."""
        versions = {"edited": self._kin.edited, "original": self._kin.originals}
        other = versions.get(self._chat.edited, {}).get(number)
        with_raws = self._chat.raw == "document" or (self._chat.raw, self._chat.others) == (
            "leave",
            "document",
        )
        if other is not None and not (with_raws and self._is_raw(other)):
            yield other
        for photo in (number, other) if not with_raws else ():
            yield from self._kin.raws_beside.get(photo or 0, ())

    def _other(self, number: int) -> int | None:
        """The version that is sent instead of this file; None where it is sent itself.

        A raw is a version only as the photo within it, and in place of another only once that has been seen.
        """
        if self._chat.edited == "edited" and (self._chat.raw == "jpeg" or not self._is_raw(number)):
            return self._kin.originals.get(number)
        other = self._kin.edited.get(number) if self._chat.edited == "original" else None
        return None if self._is_raw(other) and other not in self._seen else other

    def _is_raw(self, number: int | None) -> bool:
        return number is not None and raw_name(self._names.get(number, ""))

    def reason(self, number: int, reason: str) -> str:
        """The reason why a file is left out, with what is known of whom it belongs to."""
        if reason != NO_MEDIA:
            return reason
        lead = self._kin.sidecars.get(number)
        if lead is not None:
            return f"{_NOTES_OF} {self._name(lead)}"
        return "it is a camera raw" if raw_name(self._names.get(number, "")) else reason

    def told_again(self, left_out: Iterable[LeftOut], leads: dict[int, int]) -> list[LeftOut]:
        """What was left out, now that all names are known: notes may be of files in another archive of the drop.

        `leads` are files by the numbers of the notes that tell of them.
        """
        told = list(left_out)
        if any(each.reason == NO_MEDIA and each.number for each in told):
            leads = Kinship.of(self._names).sidecars | self._kin.sidecars | leads
        return [
            replace(each, reason=f"{_NOTES_OF} {self._name(leads[each.number])}")
            if each.reason == NO_MEDIA and each.number in leads
            else each
            for each in told
        ]

    def _name(self, number: int) -> str:
        return self._names[number].rpartition("/")[2]
