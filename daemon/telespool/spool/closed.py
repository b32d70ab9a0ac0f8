"""Folders of the spool that may not be read, for those who look at all of it: passed over, and named afterwards.

The daemon passes over the jobs of `locked`; a command reads once and says what it could not read. Everything blocks.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from telespool.spool import listing, rights
from telespool.spool.layout import FOLDERS
from telespool.spool.names import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from telespool.runtime.plain_files import Listed
    from telespool.spool.layout import Entry, Folder, SpoolLayout
    from telespool.spool.rights import Identity

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ClosedFolder:
    """A folder that could not be read, and the sentence that says why and what to do."""

    path: str
    reason: str


class ClosedFolders:
    """Those that somebody who reads met on the way."""

    def __init__(self, folders: SpoolLayout) -> None:
        self._folders = folders
        self._errors: dict[str, PermissionError] = {}

    @contextlib.contextmanager
    def passed_over(self) -> Iterator[None]:
        """Leave out what may not be read here, and keep it in mind."""
        try:
            yield
        except PermissionError as error:
            self._errors.setdefault(str(error.filename), error)

    def jobs(self, folder: Folder) -> list[str]:
        """The jobs of a folder, oldest first."""
        return self._read(lambda: self._folders.jobs(folder))

    def units(self, folder: Folder, job: str) -> list[Entry]:
        """The units of a job in a folder, by number."""
        return self._read(lambda: self._folders.units(folder, job))

    def members(self, entry: Entry) -> list[Entry]:
        """The files of a unit, by number."""
        return self._read(lambda: self._folders.members(entry))

    def listed(self, path: Path) -> list[Listed]:
        """What lies in a folder."""
        return self._read(lambda: listing.listed(path))

    def _read(self, read: Callable[[], list[T]]) -> list[T]:
        found: list[T] = []
        with self.passed_over():
            found.extend(read())
        return found

    def told(self) -> tuple[ClosedFolder, ...]:
        """Each of them once."""
        found: dict[str, str] = {}
        for name, error in self._errors.items():
            refused = rights.refused_to_reader(error, self._folders.root)
            path, reason = refused or (name, f"{name}: {error.strerror}")
            found.setdefault(str(path), reason)
        return tuple(ClosedFolder(path, found[path]) for path in sorted(found))


def closed_places(root: Path, who: Identity) -> list[Path]:
    """What this user may not change of the spool itself: its root, the file of the lock, its folders."""
    if not root.exists() or os.statvfs(root).f_flag & os.ST_RDONLY:
        return []  # where the file system is read-only, no owner helps
    seen = _inside(root) if os.access(root, os.X_OK, effective_ids=True) else []
    return [path for path in (root, *seen) if not who.may_change(path)]


def _inside(root: Path) -> list[Path]:
    """What is there of it; what is a link, or a file in the place of a folder, is told of elsewhere."""
    found = [root / name for name in (*FOLDERS, "tmp") if (root / name).is_dir()]
    with contextlib.suppress(OSError):
        # What an earlier process was making goes at the start.
        found += [path for path in sorted((root / "tmp").iterdir()) if path.is_dir()]
    lock = root / "lock"
    return [
        path for path in (*((lock,) if lock.is_file() else ()), *found) if not path.is_symlink()
    ]


def closed_jobs(root: Path, who: Identity) -> Iterator[Path]:
    """The folders of jobs that this user may not change, as far as it can be seen from here."""
    for folder in FOLDERS:
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(root / folder)):  # noqa: PTH208 - names alone, of very many
                path = root / folder / name
                if Job.parse(name) is None or path.is_symlink() or not path.is_dir():
                    continue
                if not who.may_change(path):
                    yield path
