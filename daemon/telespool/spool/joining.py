"""tmp → deferred: what is ready of a story is laid there to wait, and copies join the albums that gather.

Each copy, and all parts of one file together, come by one rename. Where nothing else is to come they go to uploading/
at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.spool import conversions, parts, releases
from telespool.spool.closing import close
from telespool.spool.gathering import Gathering
from telespool.spool.names import PARTS_LABEL, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.layout import Entry
    from telespool.spool.transition import SpoolWriter


def let_out_copy(
    spool: SpoolWriter, original: Entry, result: Path, *, until: float, size: int, together: int = 1
) -> Entry:
    """Let a finished copy out: into the album that it belongs to, or by itself where no other is to come.

    `until` is how long it waits for others, `size` how many an album holds; `together` how many more are to share its
    album, it among them.
    """
    unit, job = original.unit.copy(result.suffix), original.job
    with spool.gathering:
        found = Gathering.of(spool, job, without=original.unit.first)
        album = found.for_copy(spool, unit, size, together=together)
        if album is None and found.is_over:
            return releases.release(spool, job, result, unit, "uploading")
        if (
            album is None and together > 1
        ):  # those that come behind these must not join one before them
            for before in found.copies:
                close(spool, before)
        folder = spool.job_folder("deferred", job)
        begun = Unit.album([unit]).opened()
        begun = begun if unit.place is None else replace(begun, kind="")
        target = album.path if album is not None else folder / str(begun)
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


def let_out_parts(
    spool: SpoolWriter, original: Entry, results: Sequence[Path], *, until: float, size: int
) -> Entry:
    """Let the parts of a file out, all by one rename: in a story into their place, else to be sent at once."""
    job = original.job
    with spool.gathering:
        found = Gathering.of(spool, job, without=original.unit.first)
        if original.unit.place is None or found.is_over:
            return conversions.release_parts(spool, original, results)
        staged = conversions.units_of_parts(original, results)
        for _, path in staged:
            spool.disk.utime(path, until)
        unit = replace(Unit.album([each for each, _ in staged]), kind="", label=PARTS_LABEL)
        entry = releases.release_album(spool, job, staged, folder="deferred", unit=unit)
        parts.arrange(spool, job, size)
    return entry
