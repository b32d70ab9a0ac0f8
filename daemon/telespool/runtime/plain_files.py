"""Plain files and directories, opened by handle and proven: nothing is followed, and nothing blocks.

    with opened(path) as file: file.read()    # a regular file, and no link in any part of its path
    entries(folder)                           # what is in a directory, and which of it are plain files

The spool is shared with a group that may rename and link in it at any moment. So a path is never first looked at and
then used: each of its parts is opened in the one before with O_NOFOLLOW, what has been opened is what is looked at, and
what has been looked at is what is read, emptied or removed. A FIFO, a socket, a device or a link is no plain file: it
is as if it were not there (`NotPlain`, a FileNotFoundError). Paths must be free of links from `/` on: who lets people
name a place resolves it once (`os.path.realpath`). Everything blocks; OSError leaves as the kernel gives it.
Whole trees: `telespool.runtime.trees`.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import threading
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from telespool.runtime import descent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_COMMON = os.O_NOFOLLOW | os.O_CLOEXEC
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | _COMMON
_PASSING = os.O_PATH | os.O_DIRECTORY | _COMMON
_CAREFUL = os.O_NONBLOCK | os.O_NOCTTY | _COMMON
_NOT_PLAIN = {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP}
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFDIR: "a folder",
}


class NotPlain(FileNotFoundError):
    """What has this name is no plain file (or directory) of ours, or lies behind a link."""

    def __init__(self, path: object, what: str = "no plain file, or behind a link") -> None:
        super().__init__(errno.ENOENT, f"it is {what}", str(path))


def kind_of(state: os.stat_result) -> str:
    """What something is, in words; empty for a regular file."""
    return _KINDS.get(stat.S_IFMT(state.st_mode), "")


class _Held(threading.local):
    """The directories that a thread has open for several calls, by the parts of their paths."""

    def __init__(self) -> None:
        self.handles: dict[tuple[str, ...], int] = {}


_held = _Held()


@contextlib.contextmanager
def held(*directories: Path) -> Iterator[None]:
    """Open and prove directories once for all that is done to what lies in them, in this thread, until the end.

    What somebody moves elsewhere meanwhile is still the directory that was proven. Nothing is held of what is not
    there.
    """
    mine: list[tuple[str, ...]] = []
    try:
        for path in directories:
            parts = path.parts
            if parts not in _held.handles:
                with contextlib.suppress(FileNotFoundError):
                    _held.handles[parts] = _descend(path, parts, _PASSING)
                    mine.append(parts)
        yield
    finally:
        for parts in mine:
            os.close(_held.handles.pop(parts))


class _Parent:
    """`parent_of`, without a generator: it is asked for several times for each file."""

    __slots__ = ("_handle", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def __enter__(self) -> int:
        parts = self._path.parts[:-1]
        if (handle := _held.handles.get(parts)) is not None:
            return handle
        self._handle = _descend(self._path, parts, _PASSING)
        return self._handle

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)
        if isinstance(error, OSError):
            _name_whole(error, self._path)


def _name_whole(error: OSError, path: Path) -> None:
    """Let an error of a call that took a name in a directory tell the whole path."""
    if error.filename2 in (path.name, os.fsencode(path.name)):
        error.filename2 = str(path)
    elif error.filename in (path.name, os.fsencode(path.name)):
        error.filename = str(path)


def parent_of(path: Path) -> AbstractContextManager[int]:
    """The directory that a path lies in, to be used as `dir_fd`; its handle is closed at the end."""
    return _Parent(path)


@contextlib.contextmanager
def directory(path: Path) -> Iterator[int]:
    """A directory to be listed, or fsynced."""
    handle = open_directory(path)
    try:
        yield handle
    finally:
        os.close(handle)


def open_directory(path: Path) -> int:
    """A handle of a directory; the caller closes it."""
    return _descend(path, path.parts, DIRECTORY)


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """A handle of a regular file; the caller closes it. Never waits for a writer, as a FIFO would."""
    return _proven(_open(path, flags | _CAREFUL), path)


def open_either(path: Path) -> int:
    """A handle of a regular file or a directory, for reading; the caller closes it."""
    handle = _open(path, os.O_RDONLY | _CAREFUL)
    return handle if stat.S_ISDIR(os.fstat(handle).st_mode) else _proven(handle, path)


def open_in(parent: int, name: str, flags: int = os.O_RDONLY, path: Path | None = None) -> int:
    """A handle of a regular file directly in a directory; the caller closes it."""
    try:
        handle = os.open(name, flags | _CAREFUL, dir_fd=parent)
    except OSError as error:
        raise told(error, path or name) from error
    return _proven(handle, path or name)


def _open(path: Path, flags: int) -> int:
    parts = path.parts
    if (parent := _held.handles.get(parts[:-1])) is None:
        return _descend(path, parts, flags)
    try:
        return os.open(path.name, flags, dir_fd=parent)
    except OSError as error:
        raise told(error, path) from error


def _proven(handle: int, path: object) -> int:
    """The handle, of a regular file; of anything else it is closed: NotPlain."""
    if what := kind_of(os.fstat(handle)):
        os.close(handle)
        raise NotPlain(path, what)
    return handle


def opened(path: Path, *, buffering: int = -1) -> BinaryIO:
    """A regular file, for reading."""
    handle = open_file(path)
    raw = io.FileIO(handle, "rb")
    return raw if buffering == 0 else io.BufferedReader(raw)


def read_bytes(path: Path) -> bytes:
    """The content of a regular file."""
    with opened(path) as file:
        return file.read()


def read_text(path: Path) -> str:
    """The text of a regular file; what is not UTF-8 becomes a sign that says so."""
    return read_bytes(path).decode("utf-8", "replace")


def lstat(path: Path) -> os.stat_result:
    """What has this name, with nothing in its path followed."""
    with parent_of(path) as parent:
        return os.stat(path.name, dir_fd=parent, follow_symlinks=False)


def sign(state: os.stat_result) -> tuple[int, int, int, int]:
    """What changes when somebody changes a file: its number, size and times."""
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def readlink(path: Path) -> str:
    """What a link says, followed by nobody."""
    with parent_of(path) as parent:
        return os.readlink(path.name, dir_fd=parent)


def lstat_or_none(path: Path) -> os.stat_result | None:
    """The same; None where nothing has this name."""
    try:
        return lstat(path)
    except FileNotFoundError:
        return None


def exists(path: Path) -> bool:
    """Whether something has this name, whatever it is."""
    return lstat_or_none(path) is not None


def is_file(path: Path) -> bool:
    """Whether it is a regular file."""
    return _is(path, stat.S_ISREG)


def is_directory(path: Path) -> bool:
    """Whether it is a directory."""
    return _is(path, stat.S_ISDIR)


def _is(path: Path, test: Callable[[int], bool]) -> bool:
    try:
        return test(lstat(path).st_mode)
    except FileNotFoundError:
        return False


@contextlib.asynccontextmanager
async def unchanged(path: Path) -> AsyncIterator[os.stat_result]:
    """Prove that whoever reads by the path meanwhile (a child) reads one plain file; NotPlain where it was swapped."""
    from telespool.runtime.cancellation import in_thread  # noqa: PLC0415 - asyncio, which `status` does without

    before = await in_thread(lstat, path)
    if what := kind_of(before):
        raise NotPlain(path, what)
    yield before
    after = await in_thread(lstat, path)
    if kind_of(after) or (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino):
        raise NotPlain(path, "another file than a moment ago")


class Listed(NamedTuple):
    """An entry of a directory and what it is; neither of both where it is a link, a FIFO, a device …"""

    name: str
    is_file: bool
    is_directory: bool


def entries(path: Path) -> list[Listed]:
    """The entries of a directory, in any order; none where it is no directory, or not there."""
    return list(each_entry(path))


def each_entry(path: Path) -> Iterator[Listed]:
    """The same one by one, for who may not need all of them."""
    with (
        contextlib.suppress(FileNotFoundError),
        directory(path) as handle,
        os.scandir(handle) as found,
    ):
        for each in found:
            try:
                is_file = each.is_file(follow_symlinks=False)
                yield Listed(each.name, is_file, not is_file and each.is_dir(follow_symlinks=False))
            except FileNotFoundError:
                yield Listed(each.name, is_file=False, is_directory=False)


def names(path: Path) -> list[str]:
    """The names in a directory, in any order; none where it is no directory, or not there."""
    try:
        with directory(path) as handle:
            return os.listdir(handle)  # noqa: PTH208 - by handle
    except FileNotFoundError:
        return []


def _descend(path: Path, parts: tuple[str, ...], last: int) -> int:
    """A handle of the last of these parts of a path, each of which lies in the one before and is no link."""
    if ".." in parts:
        raise NotPlain(path)
    handle = descent.at_once(parts, last)
    return _part_by_part(path, parts, last) if handle is None else handle


def _part_by_part(path: Path, parts: tuple[str, ...], last: int) -> int:
    absolute = path.is_absolute()
    steps = parts[1:] if absolute else parts
    here = os.open("/" if absolute else ".", _PASSING if steps else last)
    try:
        for place, part in enumerate(steps, 1):
            flags = last if place == len(steps) else _PASSING
            below = os.open(part, flags, dir_fd=here)
            os.close(here)
            here = below
    except OSError as error:
        os.close(here)
        raise told(error, path) from error
    return here


def told(error: OSError, path: object) -> OSError:
    """The same error with the path; NotPlain where what was opened is no such thing."""
    if error.errno in _NOT_PLAIN:
        return NotPlain(path)
    if isinstance(error, NotPlain):
        return error
    return type(error)(error.errno, error.strerror, str(path))
