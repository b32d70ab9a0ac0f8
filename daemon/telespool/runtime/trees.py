"""Trees that others may still change: walked, copied and removed by handle, without recursion and without following.

    for found in walk(folder): found.name, found.state      # each directory before what is in it, by name
    remove_tree(parent, "name")                             # links are removed, what they point to is not touched

However deep a tree is, one handle is held: up goes by "..", and what is there must be the directory that was left.
Nothing here follows a link or blocks on a FIFO. OSError leaves as the kernel gives it, `Changed` where a directory
was moved away while it was scanned.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from telespool.runtime import broken_off
from telespool.runtime.plain_files import DIRECTORY, lstat, open_directory, open_in, sign, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Changed(FileNotFoundError):
    """What was scanned is not any more what it was."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.ENOENT, "it was changed meanwhile", name)


class Cursor:
    """A place in a tree: goes down by name and up again, with one handle, however deep it is.

    Changed where the directory above is no longer the one that it came from.
    """

    def __init__(self, handle: int) -> None:
        """Take over the handle of the top."""
        self.here = handle
        self._above: list[tuple[int, int]] = []

    def down(self, name: str) -> None:
        """Into a directory of this one."""
        below = os.open(name, DIRECTORY, dir_fd=self.here)
        self._above.append(_identity(self.here))
        os.close(self.here)
        self.here = below

    def up(self) -> None:
        """Back to where it came from."""
        above = os.open("..", DIRECTORY, dir_fd=self.here)
        os.close(self.here)
        self.here = above
        if _identity(above) != self._above.pop():
            raise Changed("..")

    def close(self) -> None:
        """Release it."""
        os.close(self.here)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Found:
    """An entry of a tree: its name below the top (with "/"), and its state.

    `parent` is a handle of the directory that it lies in, `last` its name there; both hold until the walk goes on.
    """

    name: str
    state: os.stat_result
    parent: int = field(compare=False)
    last: str

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory; what is in it comes next."""
        return stat.S_ISDIR(self.state.st_mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.state.st_mode)

    @property
    def sign(self) -> tuple[int, int, int, int]:
        """What changes when somebody changes it: its number, size and times."""
        return sign(self.state)

    def open(self) -> int:
        """A handle of it, a regular file; the caller closes it."""
        return open_in(self.parent, self.last)


@dataclass(frozen=True, slots=True)
class Kind:
    """What an entry was, and what would change if somebody changed it: its number, size and times."""

    mode: int
    sign: tuple[int, int, int, int]

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a link."""
        return stat.S_ISLNK(self.mode)


Listing = list[tuple[str, Kind]]
"""Names below a top ("" for itself) and what they were, each directory before what is in it."""


def list_tree(top: Path) -> Listing:
    """What a file or a directory is made of."""
    state = lstat(top)
    listing = [("", Kind(state.st_mode, sign(state)))]
    if stat.S_ISDIR(state.st_mode):
        listing += [(each.name, Kind(each.state.st_mode, each.sign)) for each in walk(top)]
    return listing


def walk(top: Path, enter: Callable[[str], bool] = lambda _: True) -> Iterator[Found]:
    """Everything below a directory, by name, each directory before what is in it; without recursion.

    Directories whose name below the top `enter` refuses are given, not entered. What vanishes meanwhile is left out.
    It is broken off when whoever waits for it is cancelled.
    """
    with Cursor(open_directory(top)) as cursor:
        prefix = ""
        waiting = [_names(cursor.here)]
        lengths: list[int] = []
        while waiting:
            if not waiting[-1]:
                waiting.pop()
                if waiting:
                    cursor.up()
                    prefix = prefix[: lengths.pop()]
                continue
            broken_off.check()
            last = waiting[-1].pop()
            try:
                state = os.stat(last, dir_fd=cursor.here, follow_symlinks=False)
            except FileNotFoundError:
                continue
            found = Found(prefix + last, state, cursor.here, last)
            yield found
            if not found.is_directory or not enter(found.name):
                continue
            try:
                cursor.down(last)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise told(error, top / found.name) from error
            lengths.append(len(prefix))
            prefix = f"{found.name}/"
            waiting.append(_names(cursor.here))


def remove_tree(parent: int, name: str) -> None:
    """Remove a directory and all that is in it, or a single entry; links are removed, not followed."""
    try:
        handle = os.open(name, DIRECTORY, dir_fd=parent)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)
        return
    with Cursor(handle) as cursor:
        waiting = [_unlink_files(cursor.here)]
        entered: list[str] = []
        while waiting:
            if waiting[-1]:
                below = waiting[-1].pop()
                try:
                    cursor.down(below)
                except FileNotFoundError:
                    continue
                entered.append(below)
                waiting.append(_unlink_files(cursor.here))
                continue
            waiting.pop()
            if entered:
                cursor.up()
                _rmdir(cursor.here, entered.pop())
    _rmdir(parent, name)


def _unlink_files(handle: int) -> list[str]:
    """Remove what is no directory; the directories, which are left."""
    with os.scandir(handle) as found:
        there = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    for name, is_folder in there:
        if not is_folder:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=handle)
    return [name for name, is_folder in there if is_folder]


def _rmdir(parent: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(name, dir_fd=parent)


def _names(handle: int) -> list[str]:
    """The names in a directory, the last one first."""
    return sorted(os.listdir(handle), reverse=True)


def _identity(handle: int) -> tuple[int, int]:
    state = os.fstat(handle)
    return state.st_dev, state.st_ino


def files_below(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """All that is no directory below a folder, links too: the path from there, and its lstat.

    No link is followed, nothing recurses, and what vanishes meanwhile is not there.
    """
    with contextlib.suppress(FileNotFoundError):
        for found in walk(path):
            if not found.is_directory:
                yield found.name, found.state


def folders_below(path: Path) -> Iterator[str]:
    """The folders below a folder, as paths from there: each before those in it."""
    with contextlib.suppress(FileNotFoundError):
        for found in walk(path):
            if found.is_directory:
                yield found.name
