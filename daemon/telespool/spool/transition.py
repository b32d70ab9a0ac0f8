"""How every unit moves: one rename, its data and its directories on the disk, nothing overwritten.

Where a name is taken (a person put something there) the next free one is used, so both are kept. Directories of jobs
are made as they are needed and removed when they are empty, so that `ls` shows what there is and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from typing import TYPE_CHECKING

from telespool.runtime import boot, plain_files
from telespool.spool.fs_ops import FileOps
from telespool.spool.layout import FOLDERS, Entry, Folder, SpoolLayout, note_path
from telespool.spool.names import Job, JobTokens, Unit
from telespool.spool.receipts import ReceiptReader
from telespool.spool.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


_TRIES = 5

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
"""How the kernel says that a disk, or somebody's share of it, is full."""


class SpoolWriter(SpoolLayout):
    """The layout with what changes it: the disk, its room, the clock; and the one way in which a unit moves."""

    def __init__(
        self,
        root: Path,
        inbox: Path | None = None,
        *,
        disk: FileOps | None = None,
        clock: Callable[[], float] = time.time,
        changed: Callable[[Sequence[Folder]], None] = lambda _: None,
        reserve: int | None = None,
        uptime: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(root, inbox)
        self.uptime = uptime or boot.uptime
        self.disk = disk or FileOps()
        self.room = Room(self.root, reserve)
        self.clock = clock
        self.changed = changed
        self.tokens = JobTokens()
        self.members_reader = ReceiptReader()
        self.contents_reader = ReceiptReader()
        self.asked: dict[str, set[int]] = {}
        """The files of jobs under way of which `receipts.ask` has noted that they are about to be posted."""
        self.gathering = threading.Lock()
        """Held by whoever changes the albums that gather in deferred/."""

    def put(self, entry: Entry, folder: Folder, unit: Unit) -> Entry:
        """Put a unit into a folder, under a name."""
        target = self.job_folder(folder, entry.job) / str(unit)
        return self.move(entry.path, target, folder, entry.job, unit)

    def move(self, source: Path, target: Path, folder: Folder, job: str, unit: Unit) -> Entry:
        """Put what lies at `source` into a folder, as a unit; under the next free name where `target` is taken.

        What lies there already stays as it is: its own place is not taken by another.
        """
        if source == target:
            self.changed([folder])
            return Entry(folder, job, unit, target)
        self._drop_note(source)
        tries = 0
        while True:
            tries += 1
            try:
                self.make(target.parent)
                self.disk.rename(source, target)  # commit
            except FileExistsError:
                # A person put something of that name there: both are kept.
                target = free_name(target)
            except FileNotFoundError:
                # The worker of that folder removed the job's directory, as it was empty for a moment.
                if tries >= _TRIES or not plain_files.exists(source):
                    raise
            else:
                break
        try:
            self.disk.fsync(target.parent, source.parent)
        finally:
            self.tidy(source.parent)
        left: Folder | None = next(
            (name for name in FOLDERS if source.is_relative_to(self.root / name)), None
        )
        self.changed([folder] if left is None else [left, folder])
        return Entry(folder, job, Unit.parse(target.name) or unit, target)

    def rename_in_place(self, entry: Entry, unit: Unit) -> Entry:
        """Give a unit, or a member of an album, another name where it lies. Not fsynced."""
        target = entry.path.with_name(str(unit))
        if target != entry.path:
            self._drop_note(entry.path)
            self.disk.rename(entry.path, target)
        return Entry(entry.folder, entry.job, unit, target)

    def _drop_note(self, path: Path) -> None:
        """Remove the note that a person moved out of quarantine with this unit: alone it would be taken for a unit."""
        note = note_path(path)
        folder = path.parent.parent
        if folder.parent == self.root and folder.name != "quarantine" and plain_files.exists(note):
            self.disk.unlink(note)

    def make(self, directory: Path) -> None:
        """Make a job's directory, to last; and the folder, which a person may have removed.

        A link or a file in its place is given another name, under which it is left: nothing of ours goes behind it.
        """
        if not plain_files.exists(directory.parent):
            self.disk.mkdir(directory.parent)
            self.disk.fsync(self.root)
        made = self.disk.mkdir(directory)
        if not made and not plain_files.is_directory(directory):
            self._set_aside(directory)
            made = self.disk.mkdir(directory)
        if made:
            self.disk.fsync(directory.parent)

    def append(self, path: Path, data: bytes) -> None:
        """Add to a list in a job's directory; a link in its place is given another name, and a new list begun."""
        try:
            self.disk.append(path, data)
        except plain_files.NotPlain:
            self._set_aside(path)
            self.disk.append(path, data)

    def _set_aside(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            self.disk.rename(path, free_name(path.with_name(f"{path.name}.not-ours")))

    def tidy(self, directory: Path) -> None:
        """Remove a job's directory that is empty, so that `ls` shows what there is and nothing else."""
        if directory.parent.parent == self.root and directory.parent.name in FOLDERS:
            with contextlib.suppress(OSError):
                self.disk.rmdir(directory)


def claimed(job: str) -> float:
    """When a job was claimed, in seconds since the epoch."""
    parsed = Job.parse(job)
    return parsed.claimed if parsed else 0.0


def is_noted(path: Path) -> bool:
    """Whether this file in quarantine has a note of its own, so that it is none itself."""
    return plain_files.exists(note_path(path))


def free_name(target: Path) -> Path:
    """The next name like this one that is not taken."""
    if not plain_files.exists(target):
        return target
    stem, dot, ending = target.name.rpartition(".")
    if not dot:
        stem, ending = target.name, ""
    n = 2
    while plain_files.exists(candidate := target.with_name(f"{stem}-{n}{dot}{ending}")):
        n += 1
    return candidate
