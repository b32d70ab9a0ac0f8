"""deferred → uploading: albums that gather are sent on their way.

One rename closes an album; a single file leaves it by a rename of its own. What a death leaves is closed at the next
look.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.spool import parts
from telespool.spool.gathering import Gathering, gathers, items, patient_until
from telespool.spool.names import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from telespool.spool.layout import Entry, SpoolLayout
    from telespool.spool.names import Kind
    from telespool.spool.transition import SpoolWriter


def close_due(
    spool: SpoolWriter, job: str, size: int, left: Callable[[Sequence[Entry], float], float]
) -> float | None:
    """Close the albums of a job that lack nothing, are full, or have waited long enough.

    `left` says how many seconds are left until a time for these albums. Return how long the rest waits, None where
    none is left.
    """
    with spool.gathering:
        parts.arrange(spool, job, size)
        found = Gathering.of(spool, job)
        pauses: list[float] = []
        for albums in filter(None, (found.story, found.copies)):
            pause = left(albums, patient_until(spool, albums))
            waits = False  # what comes behind one that waits waits with it
            for album in albums:
                full = album.unit.kind == "c" and items(spool, album) >= size
                behind = waits and album.unit.place is not None
                if pause <= 0 or full or not (behind or found.lacks(album)):
                    close(spool, album)
                else:
                    pauses.append(pause)
                    waits = album.unit.place is not None
        return min(pauses, default=None)


def close(spool: SpoolWriter, album: Entry) -> None:
    """Send an album on its way as it is."""
    units = [member.unit for member in spool.members(album)]
    if len(units) > 1:
        kind: Kind = "c" if all(unit.kind == "c" for unit in units) else ""
        places = [unit.place for unit in units if unit.place is not None]
        unit = replace(Unit.album(units), kind=kind, place=min(places, default=None))
        spool.put(album, "uploading", unit)
        return
    for member in spool.members(album):
        spool.put(member, "uploading", member.unit)
    spool.disk.rmdir(album.path)
    spool.disk.fsync(album.path.parent)
    spool.tidy(album.path.parent)
    spool.changed(["deferred"])


def close_copies(spool: SpoolWriter) -> None:
    """Send all copies on their way that gather: their room is needed."""
    with spool.gathering:
        for album in list(_all_gathering(spool)):
            if all(member.unit.kind == "c" for member in spool.members(album)):
                close(spool, album)


def drop_empty_gatherings(spool: SpoolWriter) -> None:
    """Remove albums that hold nothing: the process died before the first member came, or after the last one left."""
    with spool.gathering:
        for album in list(_all_gathering(spool)):
            if not spool.members(album):
                spool.disk.rmdir(album.path)
                spool.tidy(album.path.parent)


def _all_gathering(spool: SpoolLayout) -> Iterator[Entry]:
    return (entry for entry in spool.all_units("deferred") if gathers(entry))
