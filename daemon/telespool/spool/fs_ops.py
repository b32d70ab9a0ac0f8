"""The system calls that change the disk, each in one thin place.

Whoever changes a file that must survive (the spool, finished segments, the folder destination) does it
through a `FileOps`, so that a test can put itself in its place, count the calls, and die before any of them.
Nothing here decides anything: the order of calls is told where the transition is (`telespool.spool`).

Every path is opened part by part and no link is followed anywhere in it (`telespool.runtime.plain_files`), so nothing
outside the spool is read, emptied or removed, whoever swaps names while it is done. What is no plain file is as if it
were not there: `NotPlain`, a FileNotFoundError. Every method blocks; from a coroutine they are called in a thread.
Other errors are `OSError` as the kernel gives them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from typing import TYPE_CHECKING

from telespool.runtime import broken_off, plain_files
from telespool.runtime.plain_files import NotPlain, parent_of
from telespool.runtime.trees import list_tree, remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.runtime.trees import Listing

_LIBC = ctypes.CDLL(None, use_errno=True)
_RENAME_NOREPLACE = 1
_COPY_STEP = 8 << 20
_NO_COPY_IN_KERNEL = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileOps:
    """The real disk."""

    def mkdir(self, path: Path) -> bool:
        """Make one directory; False where something of that name stands already."""
        with parent_of(path) as parent:
            try:
                os.mkdir(path.name, dir_fd=parent)
            except FileExistsError:
                return False
        return True

    def rename(self, source: Path, target: Path) -> None:
        """renameat2(RENAME_NOREPLACE): FileExistsError rather than overwrite anything, ever."""
        with parent_of(source) as old, parent_of(target) as new:
            names = os.fsencode(source.name), os.fsencode(target.name)
            if _LIBC.renameat2(old, names[0], new, names[1], _RENAME_NOREPLACE) == 0:
                return
            number = ctypes.get_errno()
            if number == errno.EINVAL and not plain_files.exists(target):
                # File systems without RENAME_NOREPLACE (some FUSE and network ones) answer EINVAL.
                # Only one process works on a spool (its lock), so look-then-rename is safe there.
                os.rename(source.name, target.name, src_dir_fd=old, dst_dir_fd=new)
                return
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    def link(self, source: Path, target: Path) -> None:
        """Give the file a second name; FileExistsError where the target stands."""
        with parent_of(source) as old, parent_of(target) as new:
            handle = plain_files.open_in(old, source.name, path=source)
            try:
                os.link(
                    source.name, target.name, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False
                )
                made = os.stat(target.name, dir_fd=new, follow_symlinks=False)
                if not os.path.samestat(made, os.fstat(handle)):
                    os.unlink(target.name, dir_fd=new)
                    raise NotPlain(source, "another file than a moment ago")
            finally:
                os.close(handle)

    def lend(self, source: Path, target: Path) -> None:
        """Give the file a second name; a copy where somebody else has one, or no file can have two."""
        if plain_files.lstat(source).st_nlink == 1:
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
        with parent_of(path) as parent:
            descriptor = os.open(path.name, _NEW, 0o666, dir_fd=parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a file, which is made where it is missing. Not fsynced: a loss must do no harm."""
        with parent_of(path) as parent:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path.name, _NEW, 0o666, dir_fd=parent))
            descriptor = plain_files.open_in(parent, path.name, os.O_WRONLY | os.O_APPEND, path)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def copy(
        self,
        source: Path,
        target: Path,
        progress: Callable[[int], None] | None = None,
        *,
        private: bool = False,
    ) -> None:
        """Copy the content into a file that was not there, on the disk (fsync).

        File systems that can share blocks (btrfs, XFS) do. `progress` is told the bytes copied so far. A `private` copy
        is no wider readable than its source.
        """
        reader = plain_files.open_file(source)
        try:
            with parent_of(target) as parent:
                _copy_to(reader, parent, target.name, progress, private=private)
        finally:
            os.close(reader)

    def copy_tree(self, source: Path, target: Path, *, private: bool = False) -> Listing:
        """Copy a file, or a folder with the files and links in it (as links), on the disk (fsync).

        What was there, with what would change if somebody changed it: whoever removes the original compares.
        """
        listing = list_tree(source)
        for name, kind in listing:
            at, to = source / name, target / name
            if kind.is_directory:
                self.mkdir(to)
                if private:
                    _narrow(to, kind.mode)
            elif kind.is_file:
                self.copy(at, to, private=private)
            elif kind.is_link:
                self.symlink(plain_files.readlink(at), to)
        for name, kind in reversed(listing):
            if kind.is_directory:
                self.fsync(target / name)
        return listing

    def symlink(self, text: str, path: Path) -> None:
        """Make a link that was not there; nobody follows it."""
        with parent_of(path) as parent:
            os.symlink(text, path.name, dir_fd=parent)

    def replace(self, temporary: Path, final: Path) -> None:
        """Put a file in the place of another whose content can be made again (a page, a note)."""
        with parent_of(temporary) as old, parent_of(final) as new:
            os.replace(temporary.name, final.name, src_dir_fd=old, dst_dir_fd=new)

    def unlink(self, path: Path) -> None:
        """Remove a file, or a link; its absence is what was wanted."""
        with contextlib.suppress(FileNotFoundError), parent_of(path) as parent:
            os.unlink(path.name, dir_fd=parent)

    def rmdir(self, path: Path) -> bool:
        """Remove an empty directory; False where it is not empty or not there."""
        try:
            with parent_of(path) as parent:
                os.rmdir(path.name, dir_fd=parent)
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR}:
                return False
            raise
        return True

    def rmtree(self, path: Path) -> None:
        """Remove a tree or a file whose content can be made again, or is no longer wanted."""
        with contextlib.suppress(NotPlain), parent_of(path) as parent:
            remove_tree(parent, path.name)

    def truncate(self, path: Path) -> None:
        """Drop the content of a file under this name and keep the name and its times.

        A file that has other names too (somebody hard-linked it into the inbox) keeps its content there.
        """
        with parent_of(path) as parent:
            handle = plain_files.open_in(parent, path.name, os.O_RDWR, path)
            try:
                before = os.fstat(handle)
                times = (before.st_atime_ns, before.st_mtime_ns)
                if before.st_nlink == 1:
                    os.ftruncate(handle, 0)
                    with contextlib.suppress(PermissionError):  # somebody else's
                        os.utime(handle, ns=times)
                    return
            finally:
                os.close(handle)
            hollow = f".{path.name}"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(hollow, dir_fd=parent)
            made = os.open(hollow, _NEW, stat.S_IMODE(before.st_mode), dir_fd=parent)
            try:
                os.utime(made, ns=times)
            finally:
                os.close(made)
            # Nothing is lost: its content has another name.
            os.replace(hollow, path.name, src_dir_fd=parent, dst_dir_fd=parent)

    def utime(self, path: Path, when: float) -> None:
        """Set the modification time, in seconds since the epoch.

        Only its owner may: somebody else's file (he saved a repaired copy) becomes one of ours of the same content.
        """
        with parent_of(path) as parent:
            try:
                _set_time(parent, path, when)
            except PermissionError:
                if plain_files.is_directory(path):
                    raise
                _make_ours(parent, path)
                _set_time(parent, path, when)

    def fsync(self, *paths: Path) -> None:
        """Bring files or directories to the disk, in this order; one that is gone, or no such thing, needs none."""
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                descriptor = plain_files.open_either(path)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def syncfs(self, path: Path) -> None:
        """Bring everything on this file system to the disk: cheaper than fsync for a tree of many files."""
        descriptor = plain_files.open_directory(path)
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


def _set_time(parent: int, path: Path, when: float) -> None:
    try:
        os.utime(path.name, (when, when), dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        raise plain_files.told(error, path) from error


def _make_ours(parent: int, path: Path) -> None:
    """Put a copy in the place of a file that belongs to somebody else; PermissionError if he writes to it meanwhile."""
    reader = plain_files.open_in(parent, path.name, path=path)
    ours = f".{path.name}"
    try:
        before = plain_files.sign(os.fstat(reader))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ours, dir_fd=parent)
        _copy_to(reader, parent, ours, None, private=False)
        there = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
        if plain_files.sign(there) == before:
            # Nothing is lost: it has the same content.
            os.replace(ours, path.name, src_dir_fd=parent, dst_dir_fd=parent)
            return
    finally:
        os.close(reader)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ours, dir_fd=parent)
    raise PermissionError(errno.EPERM, "it belongs to somebody else, who writes to it", str(path))


def _narrow(directory: Path, mode: int) -> None:
    """Let nobody into a directory whom the one with this mode would not let in."""
    with plain_files.directory(directory) as handle:
        have = stat.S_IMODE(os.fstat(handle).st_mode)
        narrow = (
            have & 0o777 & (mode | 0o700)
        )  # the sandbox of the service lets nobody set the setgid bit
        if narrow != have & 0o777:
            os.fchmod(handle, narrow)


def _copy_to(
    reader: int,
    parent: int,
    name: str,
    progress: Callable[[int], None] | None,
    *,
    private: bool,
) -> None:
    mode = stat.S_IMODE(os.fstat(reader).st_mode) & 0o666 | 0o600 if private else 0o666
    writer = os.open(name, _NEW, mode, dir_fd=parent)
    try:
        copied = 0
        while some := _copy_some(reader, writer):
            copied += some
            if progress is not None:
                progress(copied)
        os.fsync(writer)
    finally:
        os.close(writer)


def _copy_some(source: int, target: int) -> int:
    """Copy the next bytes from one descriptor to the other; how many, 0 at the end."""
    broken_off.check()
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
