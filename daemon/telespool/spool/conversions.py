"""deferred → converting → a copy in uploading; the original → done after its copy.

The original stays in converting/ until its copy is delivered. A copy is a unit of its own (`c`); one that is too large
for a message is an album of parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool import deliveries, releases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.layout import Entry
    from telespool.spool.names import Unit
    from telespool.spool.transition import SpoolWriter


def start_conversion(spool: SpoolWriter, entry: Entry) -> Entry:
    """Take an original to be converted."""
    unit = entry.unit.attempted(entry.unit.attempt + 1)
    return spool.put(entry, "converting", unit)


def release_copy(spool: SpoolWriter, original: Entry, result: Path) -> Entry:
    """Let a finished, verified copy out; the original stays until the copy is delivered."""
    unit = original.unit.copy(result.suffix)
    return releases.release(spool, original.job, result, unit, "uploading")


def release_parts(spool: SpoolWriter, original: Entry, parts: Sequence[Path]) -> Entry:
    """Let the parts of a film out that is too large for one message: one album, by one rename."""
    return releases.release_album(spool, original.job, units_of_parts(original, parts))


def units_of_parts(original: Entry, parts: Sequence[Path]) -> list[tuple[Unit, Path]]:
    """What the parts of a file are called; each has the place of the whole."""
    return [
        (original.unit.part(place, len(parts), path.suffix), path)
        for place, path in enumerate(parts, 1)
    ]


def release_original(spool: SpoolWriter, original: Entry) -> Entry:
    """Put an original into done/ after its copy."""
    releases.drop_segments(spool, original)
    unit = original.unit.original()
    done = spool.put(original, "done", unit)
    deliveries.drop_data(spool, done)
    return done


def drop_copy(spool: SpoolWriter, copy: Entry) -> None:
    """Remove a copy that was refused, after its original is in quarantine; should it come back, `recovery` does."""
    spool.disk.rmtree(copy.path)
    spool.tidy(copy.path.parent)
    spool.changed([copy.folder])


def drop_orphan_segments(spool: SpoolWriter, job: str) -> None:
    """Remove segments whose original is no longer to be converted."""
    waiting = {
        entry.unit.first
        for folder in ("uploading", "deferred", "converting")
        for entry in spool.units(folder, job)
        if entry.unit.kind == ""
    }
    folder = spool.job_folder("converting", job)
    for name in plain_files.names(folder):
        number = name.removesuffix(".segments")
        if number != name and number.isdecimal() and int(number) not in waiting:
            spool.disk.rmtree(folder / name)
