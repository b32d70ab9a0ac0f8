"""The system calls that change the disk, each in one thin place.

Whoever changes a file that must survive (the spool, finished segments, the folder destination) does it
through a `FileOps`, so that a test can put itself in its place, count the calls, and die before any of them.
Nothing here decides anything: the order of calls is told where the transition is (`telespool.spool`).

Every method blocks; from a coroutine they are called with `asyncio.to_thread`. Errors are `OSError` as the
kernel gives them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_COPY_STEP = 8 << 20
_NO_COPY_IN_KERNEL = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


class FileOps:
    """The real disk."""

    def mkdir(self, path: Path) -> bool:
        """Make one directory; False where it stands already."""
        try:
            path.mkdir()
        except FileExistsError:
            return False
        return True

    def rename(self, source: Path, target: Path) -> None:
        """renameat2(RENAME_NOREPLACE): FileExistsError rather than overwrite anything, ever."""
        code = _LIBC.renameat2(
            _AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE
        )
        if code == 0:
            return
        number = ctypes.get_errno()
        if number == errno.EINVAL and not target.exists():
            # File systems without RENAME_NOREPLACE (some FUSE and network ones) answer EINVAL.
            # Only one process works on a spool (its lock), so look-then-rename is safe there.
            os.rename(source, target)  # noqa: PTH104 - the one fallback of the one rename
            return
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    def link(self, source: Path, target: Path) -> None:
        """Give the file a second name; FileExistsError where the target stands."""
        os.link(source, target, follow_symlinks=False)

    def lend(self, source: Path, target: Path) -> None:
        """Give the file a second name; a copy where somebody else has one, or no file can have two."""
        if source.stat().st_nlink == 1:
            try:
                self.link(source, target)
            except OSError as error:
                if error.errno not in {errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV}:
                    raise
            else:
                return
        self.copy(source, target)

    def write(self, path: Path, data: bytes) -> None:
        """Create a file that was not there, with this content, on the disk (fsync)."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a file, which is made where it is missing. Not fsynced: a loss must do no harm."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def copy(
        self, source: Path, target: Path, progress: Callable[[int], None] | None = None
    ) -> None:
        """Copy the content into a file that was not there, on the disk (fsync).

        File systems that can share blocks (btrfs, XFS) do. `progress` is told the bytes copied so far.
        """
        with source.open("rb") as reader:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            with os.fdopen(descriptor, "wb") as writer:
                copied = 0
                while some := _copy_some(reader.fileno(), writer.fileno()):
                    copied += some
                    if progress is not None:
                        progress(copied)
                os.fsync(writer.fileno())

    def copy_tree(self, source: Path, target: Path) -> None:
        """Copy a file, or a folder with the regular files in it, on the disk (fsync)."""
        if not source.is_dir():
            self.copy(source, target)
            return
        self.mkdir(target)
        for inner in sorted(source.iterdir()):
            if not inner.is_symlink() and (inner.is_dir() or inner.is_file()):
                self.copy_tree(inner, target / inner.name)
        self.fsync(target)

    def replace(self, temporary: Path, final: Path) -> None:
        """Put a file in the place of another whose content can be made again (a page, a note)."""
        os.replace(temporary, final)  # noqa: PTH105 - the one overwriting rename, never in the spool

    def unlink(self, path: Path) -> None:
        """Remove a file; its absence is what was wanted."""
        path.unlink(missing_ok=True)

    def rmdir(self, path: Path) -> bool:
        """Remove an empty directory; False where it is not empty or not there."""
        try:
            path.rmdir()
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR}:
                return False
            raise
        return True

    def rmtree(self, path: Path) -> None:
        """Remove a tree or a file whose content can be made again, or is no longer wanted."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def truncate(self, path: Path) -> None:
        """Drop the content of a file under this name and keep the name and its times.

        A file that has other names too (somebody hard-linked it into the inbox) keeps its content there.
        """
        before = path.stat()
        if before.st_nlink > 1:
            hollow = path.with_name(f".{path.name}")
            hollow.unlink(missing_ok=True)
            hollow.touch()
            os.replace(hollow, path)  # noqa: PTH105 - nothing is lost: its content has another name
        else:
            os.truncate(path, 0)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def utime(self, path: Path, when: float) -> None:
        """Set the modification time, in seconds since the epoch."""
        os.utime(path, (when, when))

    def fsync(self, *paths: Path) -> None:
        """Bring files or directories to the disk, in this order; one that is gone needs none."""
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def syncfs(self, path: Path) -> None:
        """Bring everything on this file system to the disk: cheaper than fsync for a tree of many files."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _LIBC.syncfs(descriptor):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(path))
        finally:
            os.close(descriptor)

    def publish(self, temporary: Path, final: Path) -> None:
        """Give a finished file its final name: data first, then the rename, then both directories."""
        self.fsync(temporary)
        self.rename(temporary, final)  # commit
        self.fsync(final.parent)
        if temporary.parent != final.parent:
            self.fsync(temporary.parent)


def _copy_some(source: int, target: int) -> int:
    """Copy the next bytes from one descriptor to the other; how many, 0 at the end."""
    try:
        return os.copy_file_range(source, target, _COPY_STEP)
    except OSError as error:
        if error.errno not in _NO_COPY_IN_KERNEL:
            raise
    rest = memoryview(os.read(source, _COPY_STEP))
    copied = len(rest)
    while rest:
        rest = rest[os.write(target, rest) :]
    return copied
