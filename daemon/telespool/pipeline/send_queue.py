"""The order of sending: over all jobs photos, then videos, then other files, then converted copies.

A job that is sent as a story (`order` is "name" or "taken") has a place in the names of its units: these count as
photos and follow each other by that place, the copies among them.

The folder is scanned again whenever it may have changed, but not before every unit: with a hundred thousand
units that would cost more than sending them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.file_endings import by_ending
from telespool.file_types import HEAD, identify
from telespool.runtime import plain_files
from telespool.runtime.throttle import Throttle
from telespool.spool import numbering
from telespool.spool.names import nested

if TYPE_CHECKING:
    from telespool.spool.layout import Entry, SpoolLayout

_FRESH = 1.0
PHOTO, VIDEO, OTHER, COPY = range(4)


def guess(name: str) -> int:
    """The rank that a file's ending suggests; OTHER where it says nothing."""
    return {"photo": PHOTO, "video": VIDEO}.get(by_ending(name), OTHER)


def earliest(name: str) -> int:
    """The first rank that a file of this name may turn out to have: what says nothing may be a photo."""
    return PHOTO if by_ending(name) == "unknown" else guess(name)


def rank(entry: Entry, folders: SpoolLayout) -> int:
    """0 photos, 1 videos and GIFs, 2 other files, 3 and 4 converted copies: of photos (their pages), and the others.

    By the ending of the name where it says something, else by the first bytes of the (first) file: what a wrong
    ending costs is the place in the row. What has a place in the story of its job is ranked by that alone.
    """
    if entry.unit.place is not None:
        return PHOTO
    members = folders.members(entry)
    members = [each for each in members if not each.unit.still] or members
    guessed = guess(members[0].unit.label) if members else OTHER
    if entry.unit.kind == "c":
        return COPY + (guessed != PHOTO)
    if not members:
        return OTHER
    if guessed != OTHER:
        return guessed
    try:
        with plain_files.opened(members[0].path) as file:
            kind = identify(file.read(HEAD)).kind
    except OSError:
        return OTHER
    return {"photo": PHOTO, "video": VIDEO, "gif": VIDEO}.get(kind, OTHER)


class SendQueue:
    """What lies in uploading/, in the order of sending."""

    def __init__(self, folders: SpoolLayout) -> None:
        self._folders = folders
        self._row: list[Entry] = []
        self._ranks: dict[tuple[str, int, str], int] = {}
        self._pace = Throttle(_FRESH)
        self._stale = True
        self.conflicts: list[Entry] = []
        """Those that must have another number before they are sent."""

    def first(self, changed: bool = True) -> Entry | None:
        """The unit to send next. Looks again where something `changed`, but not all the time while it has some."""
        self._stale = self._stale or changed
        if not self._row or (self._stale and not self._pace.left()):
            self._look()
        while self._row and not plain_files.exists(self._row[-1].path):
            self._row.pop()
            if not self._row:
                self._look()
        return self._row[-1] if self._row else None

    def following(self, count: int) -> list[Entry]:
        """The next ones, as they were seen last."""
        return self._row[: -count - 1 : -1]

    def forget(self, entry: Entry | None = None) -> None:
        """This unit was taken; without one, others came: look again as soon as may be."""
        if entry is None:
            self._stale = True
        elif self._row and self._row[-1] == entry:
            self._row.pop()

    def reset(self) -> None:
        """A unit was put back: look again before anything else is sent, so that nothing overtakes it."""
        self._row.clear()

    def _look(self) -> None:
        self._stale = False
        ranks: dict[tuple[str, int, str], int] = {}
        row = []
        with self._pace:
            for entry in self._folders.all_units("uploading"):
                key = (entry.job, entry.unit.first, entry.unit.kind)
                ranks[key] = self._ranks[key] if key in self._ranks else rank(entry, self._folders)
                unit = entry.unit
                place = (ranks[key], entry.job, unit.order, nested(unit.first), unit.kind)
                row.append((place, entry))
            row.sort(key=lambda each: each[0], reverse=True)
            self.conflicts = numbering.conflicts(
                self._folders, (entry for _, entry in row), "uploading"
            )
        self._ranks = ranks
        self._row = [entry for _, entry in row]
