"""Disks that count their calls and die before one of them.

What the real disk does in several steps (a tree is removed file by file, a file is written in pieces) counts as
several calls here, so that death inside of it is tried as well.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Death(BaseException):
    """The process is dead. Nothing catches it, and after it every call dies as well."""


class DyingDisk(FileOps):
    """Dies before the call number `die_at`, counted from 0; never where it is None.

    `inbox` is where another file system is mounted: renames and links across its border are refused, as the
    kernel would.
    """

    def __init__(self, die_at: int | None = None, *, inbox: Path | None = None) -> None:
        self.calls = 0
        self.die_at = die_at
        self.inbox = inbox
        self.before_call: Callable[[int], object] | None = None
        """Told the number of each call before it is made: what lies there then is what death before it leaves."""

    @property
    def dead(self) -> bool:
        """Whether it has died."""
        return self.die_at is not None and self.calls > self.die_at

    def tick(self) -> None:
        """A call is about to be made."""
        if self.before_call is not None:
            self.before_call(self.calls)
        self._count()

    def _count(self) -> None:
        self.calls += 1
        if self.dead:
            raise Death

    def _refuse_to_cross(self, source: Path, target: Path) -> None:
        if self.inbox is not None and source.is_relative_to(self.inbox) != target.is_relative_to(
            self.inbox
        ):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source), None, str(target))

    def mkdir(self, path: Path) -> bool:
        """Count, then do it."""
        self.tick()
        return super().mkdir(path)

    def rename(self, source: Path, target: Path) -> None:
        """Count, then do it."""
        self.tick()
        self._refuse_to_cross(source, target)
        super().rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        """Count, then do it."""
        self.tick()
        self._refuse_to_cross(source, target)
        super().link(source, target)

    def write(self, path: Path, data: bytes) -> None:
        """Two calls: it may die with half of it written."""
        self.tick()
        self._torn(path, lambda: path.write_bytes(data[: len(data) // 2]))
        super().write(path, data)

    def copy(
        self,
        source: Path,
        target: Path,
        progress: Callable[[int], None] | None = None,
        *,
        private: bool = False,
    ) -> None:
        """Two calls: it may die with half of it written."""
        self.tick()
        data = source.read_bytes()
        self._torn(target, lambda: target.write_bytes(data[: len(data) // 2]))
        super().copy(source, target, progress, private=private)

    def append(self, path: Path, data: bytes) -> None:
        """Two calls: it may die with half of it written."""
        self.tick()
        half = data[: len(data) // 2]
        self._torn(path, lambda: super(DyingDisk, self).append(path, half))
        super().append(path, data)

    def symlink(self, text: str, path: Path) -> None:
        """Count, then do it."""
        self.tick()
        super().symlink(text, path)

    def replace(self, temporary: Path, final: Path) -> None:
        """Count, then do it."""
        self.tick()
        super().replace(temporary, final)

    def unlink(self, path: Path) -> None:
        """Count, then do it."""
        self.tick()
        super().unlink(path)

    def rmdir(self, path: Path) -> bool:
        """Count, then do it."""
        self.tick()
        return super().rmdir(path)

    def rmtree(self, path: Path) -> None:
        """File by file, as the real one does it."""
        if path.is_dir() and not path.is_symlink():
            for inner in sorted(path.iterdir()):
                self.rmtree(inner)
            self.rmdir(path)
        else:
            self.unlink(path)

    def truncate(self, path: Path) -> None:
        """Two calls: the times are set back after the content is gone."""
        self.tick()
        self._torn(path, lambda: os.truncate(path, 0))
        super().truncate(path)

    def utime(self, path: Path, when: float) -> None:
        """Count, then do it."""
        self.tick()
        super().utime(path, when)

    def fsync(self, *paths: Path) -> None:
        """Each path is a call of its own."""
        for path in paths:
            self.tick()
            super().fsync(path)

    def syncfs(self, path: Path) -> None:
        """Count; there is nothing to wait for in memory."""
        self.tick()

    def _torn(self, path: Path, half: Callable[[], object]) -> None:
        """Die in the middle of a call, with half of it done to this file; who only looks sees that as well."""
        if self.calls == self.die_at:
            half()
        elif self.before_call is not None:
            before = (path.read_bytes(), path.stat()) if path.exists() else None
            half()
            with self._half_done(path, None if before is None else len(before[0])):
                self.before_call(self.calls)
            if before is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(before[0])
                os.utime(path, ns=(before[1].st_atime_ns, before[1].st_mtime_ns))
        self._count()

    @contextlib.contextmanager
    def _half_done(self, path: Path, size: int | None) -> Iterator[None]:
        """While it is looked at, a call is done by half to a file that had so many bytes, None where it was not there."""
        yield
