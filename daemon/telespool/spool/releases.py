"""incoming → uploading, deferred, quarantine, done: how what was unpacked, or made, is let out.

A finished file of tmp/ becomes a unit by one rename, ten of them an album by one rename as well. Into quarantine goes the
note first: an orphan note does no harm, a file without a reason would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.attempts import Marks
from telespool.spool.layout import Entry, Folder
from telespool.spool.names import Unit
from telespool.spool.transition import free_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Releases(Marks):
    """Lets units out."""

    def release(self, job: str, staged: Path, unit: Unit, folder: Folder) -> Entry:
        """Let one finished file of tmp/ out as a unit."""
        target = self.job_folder(folder, job) / str(unit)
        self.disk.fsync(staged)
        released = self._move(staged, target, folder, job, unit)
        self._advance_drop(job)
        return released

    def release_album(self, job: str, staged: Sequence[tuple[Unit, Path]]) -> Entry:
        """Let finished files of tmp/ out as one album: it is closed by the rename that commits it."""
        unit = Unit.album(staged[0][0].first, staged[-1][0].first, staged[0][0].kind)
        building = self.tmp / f"{job}.{unit}"
        if plain_files.exists(building):  # an attempt that found no room
            self.disk.rmtree(building)
        self.disk.mkdir(building)
        for member, path in staged:
            self.disk.fsync(path)
            self.disk.rename(path, building / str(member))
        self.disk.fsync(building)
        released = self._move(
            building, self.job_folder("uploading", job) / str(unit), "uploading", job, unit
        )
        self._advance_drop(job)
        return released

    def _advance_drop(self, job: str) -> None:
        drop = self.drop(job)
        if drop is not None and drop.folder == "incoming":
            self.advance(drop)

    def release_drop(self, entry: Entry) -> Entry:
        """Put the drop of a job into done/, after its last member has left."""
        unit = entry.unit.plain()
        return self.put(entry, "done", unit)

    def quarantine(self, entry: Entry, reason: str) -> Entry:
        """Put a unit, or one member of an album, where it stays, with the sentence that says why.

        The note comes first: an orphan note does no harm, a file without a reason would.
        """
        unit = entry.unit.plain()
        target = self.job_folder("quarantine", entry.job) / str(unit)
        self.make(target.parent)
        target = free_name(target)
        note = target.with_name(f"{target.name}.txt")
        self.disk.unlink(note)
        reason = entry.unit.in_words(reason)
        self.disk.write(note, f"{reason}\n".encode("utf-8", "replace"))
        self.disk.fsync(target.parent)
        if entry.folder == "converting":
            self.drop_segments(entry)
        return self._move(entry.path, target, "quarantine", entry.job, unit)

    def quarantine_staged(self, job: str, staged: Path, unit: Unit, reason: str) -> Entry:
        """Put a finished file of tmp/ into quarantine."""
        self.disk.fsync(staged)
        released = self.quarantine(Entry("incoming", job, unit, staged), reason)
        self._advance_drop(job)
        return released

    def drop_segments(self, original: Entry) -> None:
        """Remove the finished segments of a conversion that is over."""
        segments = self.segments(original)
        if plain_files.exists(segments):
            self.disk.rmtree(segments)
