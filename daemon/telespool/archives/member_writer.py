"""Writing members to disk: new regular files only, under names made here, counted and checked on the way.

Everything here blocks. Permanent leaves it where a limit is passed or the directory cannot be written,
Temporary where the disk is full; the file in hand is removed then, as it is when it turns out damaged.
"""

from __future__ import annotations

import errno
import os
import zlib
from typing import TYPE_CHECKING, NamedTuple

from telespool.errors import NoRoom, Permanent, Temporary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.archives.limits import Budget
    from telespool.archives.members import Member

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_HEAD = 4096  # what `keep` is asked with, if there is so much
WHOLE = 10 << 20
"""Bytes up to which a member that lies in one piece is taken in one: whoever looks at it need not read it again."""


class Written(NamedTuple):
    """A file that has come out in one piece: its bytes, and what the kernel says of it."""

    data: bytes
    state: os.stat_result


class Writer:
    """Makes the files of one archive in one directory."""

    def __init__(
        self,
        directory: Path,
        archive: str,
        budget: Budget,
        keep: Callable[[Member, bytes], bool] | None,
        came: Callable[[Member, Path, Written | None], None] | None = None,
    ) -> None:
        self.directory = directory
        self.archive = archive
        self.budget = budget
        self.keep = keep
        self.came_out = came
        self.stopped = False
        self.came = 0
        """Bytes that have come out so far."""

    async def stop(self) -> None:
        """Ask whoever copies to come to an end."""
        self.stopped = True

    def begin(self, member: Member) -> NewFile:
        """The next file; it counts as a member from now on."""
        self.budget.take_member(self.archive)
        return NewFile(self, member)

    def drop(self, data: memoryview) -> None:
        """Bytes that nobody wants, but which cost time all the same."""
        self.came += len(data)
        self.budget.pass_over(self.archive, len(data))


class NewFile:
    """One member on its way to the disk. `size` and `crc` are of what came so far."""

    def __init__(self, writer: Writer, member: Member) -> None:
        self._writer = writer
        self._member = member
        self._path = writer.directory / member.label
        self._descriptor = -1
        self._head = b""
        self._wanted: bool | None = True if writer.keep is None else None
        self.size = 0
        self.crc = 0

    def add(self, data: memoryview | bytes) -> None:
        """The next bytes."""
        self.size += len(data)
        self.crc = zlib.crc32(data, self.crc)
        self._writer.came += len(data)
        self._writer.budget.take(self._writer.archive, len(data), self.size)
        if self._wanted is None and not self._head and len(data) >= _HEAD:
            self._decide(bytes(data[:_HEAD]))
        elif self._wanted is None:
            self._head += data
            if len(self._head) >= _HEAD:
                self._decide_late()
            return
        if self._wanted:
            self._write(data)

    def close(self, data: bytes = b"") -> Path | None:
        """The file is whole; where it is, None where it was not wanted. `data` is all of it, where it is at hand."""
        if self._wanted is None:
            self._decide_late()
        if not self._wanted:
            return None
        if self._descriptor < 0:
            self._open()
        written = Written(data, os.fstat(self._descriptor)) if data else None
        os.close(self._descriptor)
        self._descriptor = -1
        if self._writer.came_out is not None:
            self._writer.came_out(self._member, self._path, written)
        return self._path

    def discard(self) -> None:
        """The file is not what it should be; nothing of it stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._path.unlink(missing_ok=True)

    def _decide(self, head: bytes) -> None:
        self._wanted = self._writer.keep is None or self._writer.keep(self._member, head)

    def _decide_late(self) -> None:
        head, self._head = self._head, b""
        self._decide(head)
        if self._wanted and head:
            self._write(head)

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self._path, _FLAGS, 0o666)
        except OSError as error:
            raise _told(error, self._writer.archive) from error

    def _write(self, data: memoryview | bytes) -> None:
        if self._descriptor < 0:
            self._open()
        try:
            with self._writer.budget.writing(len(data), self._writer.archive):
                left = memoryview(data)
                while left:
                    left = left[os.write(self._descriptor, left) :]
        except NoRoom as error:
            self.discard()
            # All of it must fit, not the next piece alone.
            raise NoRoom(error.reason, needed=self.size, free=error.free) from None
        except OSError as error:
            self.discard()
            raise _told(error, self._writer.archive) from error


def _told(error: OSError, archive: str) -> Temporary | Permanent:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Temporary(
            f"The disk is full: {archive} cannot be unpacked further; it goes on when there is room again.",
            scope="all",
        )
    where = f" ({error.filename})" if error.filename else ""
    return Permanent(f"{archive} cannot be unpacked here: {error.strerror}{where}.")
