"""Writing members to disk: new regular files only, under names made here, counted and checked on the way.

What turns out to be damaged is removed again by whoever finds it damaged. Everything here blocks.
"""

from __future__ import annotations

import errno
import os
import zlib
from typing import TYPE_CHECKING

from daemon.archives.stream import CHUNK
from daemon.errors import Permanent, Temporary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.archives.limits import Budget
    from daemon.archives.members import Member

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Writer:
    """Writes one member after another into one directory."""

    def __init__(
        self,
        directory: Path,
        archive: str,
        budget: Budget,
        keep: Callable[[Member, bytes], bool] | None,
    ) -> None:
        self._directory = directory
        self._archive = archive
        self._budget = budget
        self._keep = keep
        self._buffer = memoryview(bytearray(CHUNK))
        self.stopped = False

    def write(
        self, member: Member, size: int | None, read: Callable[[memoryview], int]
    ) -> tuple[Path | None, int, int]:
        """Copy `size` bytes (all there are, if None) to a new file; its path, the bytes, their CRC-32.

        The path is None where `keep` did not want it; its bytes were read and counted all the same. `read`
        fills a view and returns fewer bytes only at the end.
        """
        self._budget.take_member(self._archive)
        done, crc, descriptor = 0, 0, -1
        wanted = True
        path = self._directory / member.label
        try:
            while not self.stopped:
                left = CHUNK if size is None else min(CHUNK, size - done)
                count = read(self._buffer[:left]) if left else 0
                data = self._buffer[:count]
                if descriptor < 0 and wanted:
                    wanted = self._keep is None or self._keep(member, bytes(data[:65536]))
                    if wanted:
                        descriptor = os.open(path, _FLAGS, 0o666)
                done += count
                self._budget.take(self._archive, count, done)
                crc = zlib.crc32(data, crc)
                if wanted:
                    _write_all(descriptor, data)
                if count < left or done == size:
                    break
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _told(error, self._archive) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return (path if wanted else None), done, crc

    def drop(self, size: int, read: Callable[[memoryview], int]) -> int:
        """Read past `size` bytes; how many there were."""
        done = 0
        while done < size and not self.stopped:
            count = read(self._buffer[: min(CHUNK, size - done)])
            if not count:
                break
            done += count
            self._budget.take(self._archive, count, 0)
        return done


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _told(error: OSError, archive: str) -> Temporary | Permanent:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Temporary(
            f"The disk is full: {archive} cannot be unpacked further; it goes on when there is room again.",
            scope="all",
        )
    return Permanent(f"{archive} cannot be unpacked here: {error.strerror} ({error.filename}).")
