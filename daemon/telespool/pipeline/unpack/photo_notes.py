"""When photos and films were taken, by the notes that Google's Takeout lays beside them.

    IMG_1.jpg.json, IMG_1.jpg.supplemental-metadata.json, IMG_1.jpg.suppl(1).json

hold `photoTakenTime`, as the owner may have corrected it, and as `title` the name that a long one was cut from. They
are read where a story is told by time, and are left out (or sent as documents) as before.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from telespool.belonging.story import Taken
from telespool.runtime import plain_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from telespool.belonging import Kinship

_MOST = 1 << 20
_LATEST = 1 << 35
_COUNT = re.compile(r"\(\d+\)(?=\.[^.]*\Z)")


def is_note(name: str) -> bool:
    """Whether a member of this name may be such a note."""
    return name.casefold().endswith(".json")


class PhotoNote(NamedTuple):
    """What one note says; `title` is "" where it says none."""

    title: str
    taken: Taken


class PhotoNotes:
    """The notes of one drop; `kin` and `names` are those of its members, and may grow."""

    def __init__(self, kin: Kinship, names: Mapping[int, str]) -> None:
        self._kin = kin
        self._names = names
        self._notes: dict[int, PhotoNote] = {}

    def read(self, number: int, path: Path) -> None:
        """Read a note that has come out; what is none says nothing. Blocks."""
        note = read_note(path)
        if note is not None:
            self._notes[number] = note

    def times(self) -> dict[int, Taken]:
        """When files were taken, by their numbers, of those that have a note."""
        return {lead: self._notes[number].taken for number, lead in self.leads().items()}

    def leads(self) -> dict[int, int]:
        """The files that the notes are about, by the numbers of the notes."""
        found: dict[int, int] = {}
        titled: dict[str, int] = {}
        if self._notes:
            titled = {name: number for number, name in self._names.items()}
        for number, note in self._notes.items():
            folder = self._names[number].rpartition("/")[0]
            lead = self._kin.sidecars.get(number)
            # Of `a.jpg` and `a(1).jpg` the notes have the same title: their own names say which they are about.
            if lead is None or _COUNT.sub("", self._names[lead].rpartition("/")[2]) != note.title:
                lead = titled.get(f"{folder}/{note.title}" if folder else note.title, lead)
            if lead is not None:
                found[number] = lead
        return found


def read_note(path: Path) -> PhotoNote | None:
    """What a note says; None where it is none of these. Blocks."""
    try:
        with plain_files.opened(path) as file:
            said: Any = json.loads(file.read(_MOST + 1))
        seconds = int(said["photoTakenTime"]["timestamp"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if abs(seconds) > _LATEST:
        return None
    title = said.get("title")
    return PhotoNote(title if isinstance(title, str) else "", Taken(float(seconds), zoned=True))
