"""The lock of a spool (or of a session): one process at a time, for as long as it lives.

flock(2) on a file that stays where it is: the kernel gives it back when the process dies, however it dies. The
file holds the process id, for people. SpoolBusy where another process has it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from telespool.errors import SpoolBusy

if TYPE_CHECKING:
    from pathlib import Path


_TRIES, _PAUSE = 10, 0.02
_WIDTH = 20  # characters that a process id is written in


class Lock:
    """The lock on `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take it or raise SpoolBusy, within a fraction of a second."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _taken(descriptor):
            os.close(descriptor)
            raise SpoolBusy(
                f"Another telespool (process {self.holder() or 'unknown'}) is working on"
                f" {self.path.parent}. Stop it first, or give this one a spool of its own."
            )
        # Over what stood there, as long as it: a full disk must not keep anybody from starting.
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, f"{os.getpid():<{_WIDTH}}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give it back; safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The process that has it, or None where nobody has."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            return int(text) if text.isdecimal() else None
        finally:
            os.close(descriptor)
        return None


def _taken(descriptor: int) -> bool:
    """Whether it is ours now. `holder` has it for a moment too, and must not keep a daemon from starting."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return True
    return False
