"""deferred → converting → a copy in uploading; the original → done after its copy.

The original stays in converting/ until its copy is delivered. A copy is a unit of its own (`c`); one that is too large
for a message is an album of parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.deliveries import Sending

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.layout import Entry


class Conversions(Sending):
    """Takes originals, lets copies out."""

    def start_conversion(self, entry: Entry) -> Entry:
        """Take an original to be converted."""
        unit = entry.unit.attempted(entry.unit.attempt + 1)
        return self.put(entry, "converting", unit)

    def release_copy(self, original: Entry, result: Path) -> Entry:
        """Let a finished, verified copy out; the original stays until the copy is delivered."""
        unit = original.unit.copy(result.suffix)
        return self.release(original.job, result, unit, "uploading")

    def release_parts(self, original: Entry, parts: Sequence[Path]) -> Entry:
        """Let the parts of a film out that is too large for one message: one album, by one rename."""
        staged = [
            (original.unit.part(place, len(parts), path.suffix), path)
            for place, path in enumerate(parts, 1)
        ]
        return self.release_album(original.job, staged)

    def release_original(self, original: Entry) -> Entry:
        """Put an original into done/ after its copy."""
        self.drop_segments(original)
        unit = original.unit.original()
        done = self.put(original, "done", unit)
        self.drop_data(done)
        return done

    def drop_copy(self, copy: Entry) -> None:
        """Remove a copy that was refused, after its original is in quarantine; should it come back, `recovery` does."""
        self.disk.rmtree(copy.path)
        self.tidy(copy.path.parent)
        self.changed([copy.folder])

    def drop_orphan_segments(self, job: str) -> None:
        """Remove segments whose original is no longer to be converted."""
        waiting = {
            entry.unit.first
            for folder in ("uploading", "deferred", "converting")
            for entry in self.units(folder, job)
            if entry.unit.kind == ""
        }
        folder = self.job_folder("converting", job)
        for name in plain_files.names(folder):
            number = name.removesuffix(".segments")
            if number != name and number.isdecimal() and int(number) not in waiting:
                self.disk.rmtree(folder / name)
