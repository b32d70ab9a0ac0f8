"""deferred → uploading, in albums: converted copies gather, and what is ready waits for its place in a story.

    deferred/JOB/0003-0003c_open/     an album that converted copies of the job join, one rename each
    deferred/JOB/0001-0005=0001_open/ what is ready of an album of a story; the copies that it still lacks join it
    deferred/JOB/0011-0020=0011_album/ one that lacks nothing, and waits for those before it

An album without the mark of an attempt gathers. One rename into uploading/ closes it, under the name of what it holds by
then; so it may be broken off anywhere. Each member's time says until when it is worth waiting: copies wait until no other
has come for that long, a story until the first of its times is over. Nobody waits for what cannot come: for originals that
are in quarantine, that a person holds, or that wait for another try themselves.

Whoever lets a copy out and whoever closes albums holds `spool.gathering`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool import releases
from telespool.spool.job_captions import NONE, JobCaptions
from telespool.spool.names import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from telespool.spool.layout import Entry, SpoolLayout
    from telespool.spool.names import Kind
    from telespool.spool.transition import SpoolWriter

_NO_CAPTION = (NONE, NONE)


def gathers(entry: Entry) -> bool:
    """Whether this unit of deferred/ is an album that gathers."""
    return entry.folder == "deferred" and entry.unit.is_album and not entry.unit.attempt


@dataclass(frozen=True, slots=True)
class Gathering:
    """What gathers of a job, and what it may still get."""

    job: str
    copies: tuple[Entry, ...]
    story: tuple[Entry, ...]
    """In their order."""
    awaited: tuple[int, ...]
    """The places of the originals whose copies are still to come."""
    unpacking: bool

    @classmethod
    def of(cls, spool: SpoolLayout, job: str, *, without: int = 0) -> Gathering:
        """Look at a job; the original of the number `without` is not awaited."""
        deferred = spool.units("deferred", job)
        albums = [entry for entry in deferred if gathers(entry)]
        originals = [
            *(each for each in deferred if not each.unit.attempt),
            *(each for each in spool.units("converting", job) if not _has_copy(spool, each)),
        ]
        drop = spool.drop(job)
        return cls(
            job=job,
            copies=tuple(each for each in albums if each.unit.kind == "c"),
            story=tuple(sorted((each for each in albums if each.unit.kind != "c"), key=_place)),
            awaited=tuple(
                each.unit.order
                for each in originals
                if _is_original(each.unit) and each.unit.first != without
            ),
            unpacking=drop is not None and drop.folder == "incoming",
        )

    @property
    def albums(self) -> tuple[Entry, ...]:
        """All that gather."""
        return (*self.story, *self.copies)

    def lacks(self, album: Entry) -> bool:
        """Whether a copy may still come that belongs into this album, or before it."""
        if album.unit.kind == "c" or album.unit.place is None:
            return bool(self.awaited) or self.unpacking
        behind = next((each for each in self.story if _place(each) > _place(album)), None)
        end = behind.unit.place if behind is not None else None
        # While the drop is unpacked, what an open album lacks may not lie there yet.
        open_still = self.unpacking and album.unit.is_open
        return open_still or any(end is None or each < end for each in self.awaited)

    def for_copy(self, spool: SpoolLayout, unit: Unit, size: int) -> Entry | None:
        """The album that this copy joins; None where none has room for it."""
        fitting = None
        if unit.place is not None:
            placed = [each for each in self.story if each.unit.place is not None]
            before = [each for each in placed if each.unit.order <= unit.place]
            fitting = before[-1] if before and before[-1].unit.is_open else None
        # An album has one caption: files for which people wrote different ones do not share it.
        written = JobCaptions.read(spool, self.job).files
        for album in (fitting, *self.copies):
            members = spool.members(album) if album is not None else []
            captions = {written.get(each.unit.first, _NO_CAPTION)[1] for each in members}
            captions.add(written.get(unit.first, _NO_CAPTION)[1])
            if members and len(captions) == 1 and _items(members) < size:
                return album
        return None


def items(spool: SpoolLayout, album: Entry) -> int:
    """How many messages an album is; the clip of a live photo is none."""
    return _items(spool.members(album))


def _items(members: Sequence[Entry]) -> int:
    return sum(member.unit.still is None for member in members)


def patient_until(spool: SpoolLayout, albums: Sequence[Entry]) -> float:
    """Until when these albums of one kind wait (seconds since the epoch): copies for the last, a story for its first time."""
    times = [
        plain_files.lstat(each.path).st_mtime for album in albums for each in spool.members(album)
    ]
    if not times:
        return 0.0
    return max(times) if albums[0].unit.kind == "c" else min(times)


def let_out_copy(
    spool: SpoolWriter, original: Entry, result: Path, *, until: float, size: int
) -> Entry:
    """Let a finished copy out: into the album that it belongs to, or by itself where no other is to come.

    `until` is how long it waits for others, `size` how many an album holds.
    """
    unit, job = original.unit.copy(result.suffix), original.job
    with spool.gathering:
        found = Gathering.of(spool, job, without=original.unit.first)
        album = found.for_copy(spool, unit, size)
        if album is None and not found.awaited and not found.unpacking and not found.story:
            return releases.release(spool, job, result, unit, "uploading")
        folder = spool.job_folder("deferred", job)
        target = album.path if album is not None else folder / str(Unit.album([unit]).opened())
        spool.disk.utime(result, until)
        spool.disk.fsync(result)
        spool.make(folder)
        return spool.move(result, target / str(unit), "deferred", job, unit)


def hold_album(
    spool: SpoolWriter, job: str, unit: Unit, staged: Sequence[tuple[Unit, Path]], *, until: float
) -> Entry:
    """Let out what is ready of an album of a story, to wait; `unit` is the album with what it lacks."""
    for _, path in staged:
        spool.disk.utime(path, until)
    return releases.release_album(spool, job, staged, folder="deferred", unit=unit)


def close_due(
    spool: SpoolWriter, job: str, size: int, left: Callable[[Sequence[Entry], float], float]
) -> float | None:
    """Close the albums of a job that lack nothing, are full, or have waited long enough.

    `left` says how many seconds are left until a time for these albums. Return how long the rest waits, None where none is left.
    """
    with spool.gathering:
        found = Gathering.of(spool, job)
        pauses = []
        for albums in filter(None, (found.story, found.copies)):
            pause = left(albums, patient_until(spool, albums))
            for album in albums:
                full = album.unit.kind == "c" and items(spool, album) >= size
                if pause <= 0 or full or not found.lacks(album):
                    close(spool, album)
                else:
                    pauses.append(pause)
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
            if album.unit.kind == "c":
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


def _has_copy(spool: SpoolLayout, original: Entry) -> bool:
    return spool.copy_of(original.job, original.unit.first) is not None


def _is_original(unit: Unit) -> bool:
    return unit.kind == "" and unit.first > 0 and not unit.is_album and unit.message is None


def _place(album: Entry) -> tuple[bool, int]:
    return album.unit.place is None, album.unit.order
