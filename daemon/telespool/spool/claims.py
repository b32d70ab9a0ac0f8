"""inbox → incoming: how a drop becomes a job, and how a claim that was broken off is undone.

One file or folder is claimed by one rename. Several files are gathered in the job first, and one rename makes them the
drop. What lies on another file system, or has other names (hard links) or another owner, is set apart in the inbox under
the job's name and copied. `recovery` puts back what was gathered or set apart when the process died.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from telespool.spool.layout import FOLDERS, Entry
from telespool.spool.names import Job, Unit, clean, title
from telespool.spool.transition import Moves, free_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GATHERED = ".gathered"
"""Holds, in a job of incoming/, the files of a drop that is being claimed."""

APART = ".telespool-"
"""Begins the name of what was set apart in the inbox to be copied."""


class Claims(Moves):
    """Claims drops."""

    def claim(self, drop: Path, chat: str, beside: Sequence[Path] = ()) -> Entry:
        """Take a file or a folder out of the inbox; it becomes unit 0000 of a new job.

        `beside` are the files that belong to it, the other volumes of an archive and its password: they are
        gathered first, and one rename makes all of them the drop.
        """
        job = self._new_job(chat, drop.name)
        unit = Unit(first=0, label=clean(drop.name))
        target = self.job_folder("incoming", job) / str(unit)
        try:
            self.disk.fsync(self.root / "incoming")
            if self._is_ours_alone((drop, *beside)):
                self._claim_here((*beside, drop), target)
            else:
                self._claim_across((*beside, drop), target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                self.tidy(target.parent)
                raise
            self._claim_across((*beside, drop), target)
        self.disk.fsync(target.parent, drop.parent)
        self.changed(["incoming"])
        return Entry("incoming", job, unit, target)

    @staticmethod
    def _is_ours_alone(drops: Sequence[Path]) -> bool:
        """Whether the drops are this user's, and nobody has another name (a hard link) for a file of them.

        What we do to a file with two names is done to both; of what belongs to another member of the group we may
        set no times and drop no data. PermissionError where it can neither be taken nor copied and removed.
        """
        ours = True
        for path in drops:
            state = path.stat()
            if state.st_uid != os.geteuid():
                ours = False
                _check_access(path)
            elif not path.is_dir() and state.st_nlink > 1:
                ours = False
        return ours

    def _claim_here(self, drops: Sequence[Path], target: Path) -> None:
        """One file or folder by one rename; several are gathered first. Broken off, they are put back."""
        for path in drops:
            if path.is_dir():
                self.disk.syncfs(path)
            else:
                self.disk.fsync(path)
        if len(drops) == 1:
            self.disk.rename(drops[0], target)  # commit
            return
        gathered = target.parent / GATHERED
        self.disk.mkdir(gathered)
        self.disk.fsync(target.parent)
        try:
            for path in drops:
                self.disk.rename(path, gathered / path.name)
            self.disk.fsync(gathered, drops[-1].parent)
            self.disk.rename(gathered, target)  # commit
        except OSError:
            self.put_back(gathered, drops[-1].parent)
            raise

    def put_back(self, directory: Path, inbox: Path) -> list[str]:
        """Undo a claim: what was set apart goes back to where it was dropped; the names of it."""
        paths = sorted(directory.iterdir())
        for path in paths:
            self.disk.rename(path, free_name(inbox / path.name))
        self.disk.fsync(inbox, directory)
        self.disk.rmdir(directory)
        return [path.name for path in paths]

    def _claim_across(self, drops: Sequence[Path], target: Path) -> None:
        """The same by a copy: from another file system, where a rename cannot reach, or of what others have names for.

        The drop is set apart first, under the job's name: whoever finds it there at the next start can see
        whether the job has come to be (`recovery`).
        """
        inbox = drops[-1].parent
        apart = inbox / f"{APART}{target.parent.name}"
        staged = self.tmp / target.parent.name
        self.disk.mkdir(apart)
        self.disk.fsync(inbox)
        try:
            for path in drops:
                self.disk.rename(path, apart / path.name)
            self.disk.fsync(apart, inbox)
            self.disk.copy_tree(apart if len(drops) > 1 else apart / drops[0].name, staged)
            self.disk.rename(staged, target)  # commit
        except OSError:
            self.disk.rmtree(staged)
            self.put_back(apart, inbox)
            self.tidy(target.parent)
            raise
        self.disk.fsync(target.parent)
        self.disk.rmtree(apart)

    def _new_job(self, chat: str, dropped: str) -> str:
        wanted = Job.make(self.clock(), chat, title(dropped))
        job, n = wanted, 1
        self.disk.mkdir(self.root / "incoming")  # a person may have removed it
        # Unique in all folders, not only in incoming/: a job of the same second may be done already.
        while any(self.job_folder(folder, str(job)).exists() for folder in FOLDERS) or not (
            self.disk.mkdir(self.job_folder("incoming", str(job)))
        ):
            n += 1
            job = wanted.numbered(n)
        return str(job)


def _check_access(drop: Path) -> None:
    """PermissionError unless all of a drop can be read, and all its folders emptied."""
    for path in (drop, *(drop.rglob("*") if drop.is_dir() else ())):
        wanted = os.R_OK | os.W_OK | os.X_OK if path.is_dir() else os.R_OK
        if not path.is_symlink() and not os.access(path, wanted):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
