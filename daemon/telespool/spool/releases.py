"""incoming → uploading, deferred, quarantine, done: how what was unpacked, or made, is let out.

A finished file of tmp/ becomes a unit by one rename, ten of them an album by one rename as well. Into quarantine goes
the note first: an orphan note does no harm, a file without a reason would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool import attempts, note_text
from telespool.spool.layout import Entry, Folder, note_path
from telespool.spool.names import Unit
from telespool.spool.transition import free_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.transition import SpoolWriter


def release(spool: SpoolWriter, job: str, staged: Path, unit: Unit, folder: Folder) -> Entry:
    """Let one finished file of tmp/ out as a unit."""
    target = spool.job_folder(folder, job) / str(unit)
    spool.disk.fsync(staged)
    released = spool.move(staged, target, folder, job, unit)
    advance_drop(spool, job)
    return released


def release_album(
    spool: SpoolWriter,
    job: str,
    staged: Sequence[tuple[Unit, Path]],
    *,
    folder: Folder = "uploading",
    unit: Unit | None = None,
) -> Entry:
    """Let finished files of tmp/ out as one album by one rename; `unit` is its name where that is given."""
    unit = unit or Unit.album([member for member, _ in staged])
    building = spool.tmp / f"{job}.{unit}"
    if plain_files.exists(building):  # an attempt that found no room
        spool.disk.rmtree(building)
    spool.disk.mkdir(building)
    with plain_files.held(building, *{path.parent for _, path in staged}):
        for member, path in staged:
            spool.disk.fsync(path)
            spool.disk.rename(path, building / str(member))
    spool.disk.fsync(building)
    released = spool.move(building, spool.job_folder(folder, job) / str(unit), folder, job, unit)
    advance_drop(spool, job)
    return released


def advance_drop(spool: SpoolWriter, job: str) -> None:
    drop = spool.drop(job)
    if drop is not None and drop.folder == "incoming":
        attempts.advance(spool, drop)


def release_drop(spool: SpoolWriter, entry: Entry) -> Entry:
    """Put the drop of a job into done/, after its last member has left."""
    unit = entry.unit.plain()
    return spool.put(entry, "done", unit)


def quarantine(spool: SpoolWriter, entry: Entry, reason: str) -> Entry:
    """Put a unit, or one member of an album, where it stays, with the sentence that says why.

    The note comes first, and whole: an orphan note does no harm, a file without a reason would. Where the unit is not
    there any more, or cannot be moved, the note is taken back.
    """
    unit = entry.unit.plain()
    target = spool.job_folder("quarantine", entry.job) / str(unit)
    spool.make(target.parent)
    target = free_name(target)
    note = note_path(target)
    try:
        _write_note(spool, note, entry, reason)
        if entry.folder == "converting":
            drop_segments(spool, entry)
        return spool.move(entry.path, target, "quarantine", entry.job, unit)
    except OSError:
        if not plain_files.exists(target):
            spool.disk.unlink(note)
            spool.tidy(target.parent)
        raise


def _write_note(spool: SpoolWriter, note: Path, entry: Entry, reason: str) -> None:
    """Write a note, whole or not at all."""
    staged = spool.tmp / f"{entry.job}.{entry.unit.first:04d}{entry.unit.kind}.note"
    reason = entry.unit.in_words(reason)
    if not plain_files.exists(spool.tmp):  # a command beside a spool from which a person removed it
        spool.disk.mkdir(spool.tmp)
    spool.disk.unlink(staged)
    spool.disk.unlink(note)
    try:
        spool.disk.write(staged, note_text.signed(reason, entry.job))
        spool.disk.replace(staged, note)
        spool.disk.fsync(note.parent)
    except OSError:
        spool.disk.unlink(staged)
        raise


def quarantine_staged(spool: SpoolWriter, job: str, staged: Path, unit: Unit, reason: str) -> Entry:
    """Put a finished file of tmp/ into quarantine."""
    spool.disk.fsync(staged)
    released = quarantine(spool, Entry("incoming", job, unit, staged), reason)
    advance_drop(spool, job)
    return released


def drop_segments(spool: SpoolWriter, original: Entry) -> None:
    """Remove the finished segments of a conversion that is over."""
    segments = spool.segments(original)
    if plain_files.exists(segments):
        spool.disk.rmtree(segments)
