"""What a person does to a spool besides `mv`: try again, hold, drop.

Each is a rename that a person could have typed, so it is safe while the daemon runs: whoever renames first has it,
and the daemon hears of it by the file system's events. `FileNotFoundError` leaves where the daemon was first.

    retry      quarantine/ → uploading/ (an archive: → incoming/), or a wait is ended
    hold       uploading/, deferred/ → deferred/ with @1 and a time that never comes
    drop       a copy under a hidden name in inbox/CHAT/, then its rename
"""

from __future__ import annotations

import os
from pathlib import Path

from telespool.errors import Permanent
from telespool.runtime import plain_files
from telespool.spool import Spool
from telespool.spool.claims import GATHERED
from telespool.spool.layout import HELD, Entry
from telespool.spool.names import PASSWORD_SUFFIX
from telespool.spool.staging import COPY, staging, sweep


class Steering(Spool):
    """The spool in a person's hands; it is never opened, so the daemon keeps its lock."""

    def share(self) -> None:
        """Let the group write what is made from here on, as it may write the spool: the daemon must move it."""
        if self.root.stat().st_mode & 0o020:
            os.umask(0o007)

    def retry(self, entry: Entry, *, password: str = "", as_document: bool = False) -> Entry:
        """Send a unit that was refused, or that waits, on its way again."""
        unit = entry.unit.plain()
        if entry.unit.first == 0:
            return self._unpack_again(entry, password)
        if as_document:
            unit = unit.document()
        target = self.job_folder("uploading", entry.job) / str(unit)
        note = entry.path.with_name(f"{entry.path.name}.txt")
        moved = self._move(entry.path, target, "uploading", entry.job, unit)
        self._forget_note(entry, note)
        return moved

    def _unpack_again(self, entry: Entry, password: str) -> Entry:
        unit = entry.unit.plain()
        folder = self.job_folder("incoming", entry.job)
        note = entry.path.with_name(f"{entry.path.name}.txt")
        if password:
            entry = self._with_password(entry, password)
        if entry.path.name != GATHERED:
            moved = self._move(entry.path, folder / str(unit), "incoming", entry.job, unit)
        else:
            self.disk.rename(entry.path, folder / str(unit))  # commit
            self.disk.fsync(folder)
            moved = Entry("incoming", entry.job, unit, folder / str(unit))
        quarantined = self.job_folder("quarantine", entry.job)
        self.disk.unlink(note)
        self.tidy(quarantined)
        return moved

    def _with_password(self, entry: Entry, password: str) -> Entry:
        """The archive in a folder together with its NAME.password, as a drop of both would have become.

        Broken off between the two renames, both are put back into the inbox at the next start (`recovery`).
        """
        name = f"{entry.unit.label}{PASSWORD_SUFFIX}"
        if plain_files.is_directory(entry.path):
            beside = entry.path / name
            self.disk.unlink(beside)
            self.disk.write(beside, f"{password}\n".encode())
            return entry
        folder = self.job_folder("incoming", entry.job)
        if self.disk.mkdir(folder):
            self.disk.fsync(folder.parent)
        gathered = folder / GATHERED
        self.disk.mkdir(gathered)
        self.disk.write(gathered / name, f"{password}\n".encode())
        self.disk.rename(entry.path, gathered / entry.unit.label)
        self.disk.fsync(gathered, entry.path.parent)
        return Entry("incoming", entry.job, entry.unit, gathered)

    def _forget_note(self, entry: Entry, note: Path) -> None:
        if entry.folder == "quarantine":
            self.disk.unlink(note)
            self.tidy(note.parent)

    def hold(self, entry: Entry) -> Entry:
        """Put a unit aside until a person says `retry`."""
        return self.wait(entry, HELD)

    def take_in(self, source: Path, chat: str) -> Path:
        """Copy a file or a folder into the inbox of a chat; complete from its first moment."""
        directory = self.inbox if chat == "default" else self.inbox / chat
        self.disk.mkdir(directory)
        sweep(self.disk, [self.inbox, directory])
        target = directory / source.name
        if plain_files.exists(target):
            raise Permanent(
                f"{target} is there already and waits to be taken. Give the new one another name."
            )
        with staging(self.disk, directory) as hidden:
            self.disk.copy_tree(Path(os.path.realpath(source)), hidden / COPY)
            self.disk.rename(hidden / COPY, target)  # commit
        self.disk.fsync(directory)
        return target
