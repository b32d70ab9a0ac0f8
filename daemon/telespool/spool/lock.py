"""The lock of a spool (or of a session): one process at a time, for as long as it lives.

flock(2) on a file that stays where it is: the kernel gives it back when the process dies, however it dies. The file
holds the process id, for people; and when it ended for a reason that a person must hear of, that. SpoolBusy where
another process has it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
from typing import TYPE_CHECKING

from telespool.errors import SpoolBusy

if TYPE_CHECKING:
    from pathlib import Path


_CANNOT = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP}
"""What file systems answer that lock no directory (NFS)."""
_TRIES, _PAUSE = 10, 0.02
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_WIDTH = 20  # characters that a process id is written in
_LONGEST_WORD = 16 * 1024


class Lock:
    """The lock on `path`."""

    def __init__(self, path: Path, directory: Path | None = None) -> None:
        """Lock `directory` as well, where the file lies: people remove a file called lock, but not a whole spool."""
        self.path = path
        self.directory = directory
        self._descriptor: int | None = None
        self._second: int | None = None

    def take(self) -> None:
        """Take it or raise SpoolBusy, within a fraction of a second."""
        try:
            self._take()
        except BaseException:
            self.release()
            raise

    def _take(self) -> None:
        if self.directory is not None:
            self._second = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._descriptor = os.open(self.path, _FLAGS | os.O_RDWR | os.O_CREAT, 0o644)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise OSError(errno.EEXIST, "it is no plain file", str(self.path))
        if not all(_taken(each) for each in (self._second, self._descriptor) if each is not None):
            raise SpoolBusy(
                f"Another telespool (process {self.holder() or 'unknown'}) is working on"
                f" {self.path.parent}. Stop it first, or give this one a spool of its own."
            )
        _sign(self._descriptor)

    def renew(self) -> bool:
        """Make the file anew if somebody removed it, for those who ask who has the lock. Return whether that was so."""
        if self._descriptor is None:
            return False
        own = os.fstat(self._descriptor)
        with contextlib.suppress(FileNotFoundError):
            there = os.lstat(self.path)
            if (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino):
                return False
        descriptor = os.open(self.path, _FLAGS | os.O_RDWR | os.O_CREAT, 0o644)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or not _taken(descriptor):
            os.close(descriptor)
            return False
        _sign(descriptor)
        with contextlib.suppress(OSError):  # its time tells when the process took it
            os.utime(descriptor, ns=(own.st_atime_ns, own.st_mtime_ns))
        os.close(self._descriptor)
        self._descriptor = descriptor
        return True

    def leave_word(self, reason: str) -> None:
        """Write down why the process ends, for `last_word`; nothing without the lock, or on a disk that takes none."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            state = os.fstat(self._descriptor)
            word = json.dumps({"ended": time.time(), "reason": reason}, ensure_ascii=False)
            os.pwrite(self._descriptor, f"{word}\n".encode("utf-8", "replace"), _WIDTH + 1)
            # Its time goes on telling when the process took it.
            os.utime(self._descriptor, ns=(state.st_atime_ns, state.st_mtime_ns))

    def last_word(self) -> tuple[float, str] | None:
        """When the last process that had it ended (seconds since the epoch), and why; None where it left no word."""
        try:
            descriptor = os.open(self.path, _FLAGS | os.O_RDONLY)
        except OSError:
            return None
        try:
            word = json.loads(os.pread(descriptor, _LONGEST_WORD, _WIDTH + 1))
            return float(word["ended"]), str(word["reason"])
        except (OSError, ValueError, TypeError, KeyError):
            return None
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give it back; safe to call twice."""
        for each in (self._descriptor, self._second):
            if each is not None:
                os.close(each)
        self._descriptor = self._second = None

    def holder(self) -> int | None:
        """The process that has it, or None where nobody has."""
        try:
            descriptor = os.open(self.path, _FLAGS | os.O_RDONLY)
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


def _sign(descriptor: int) -> None:
    """Write the process id over what stood there, as long as it: a full disk must not keep anybody from starting."""
    with contextlib.suppress(OSError):
        os.pwrite(descriptor, f"{os.getpid():<{_WIDTH}}\n".encode(), 0)
        os.ftruncate(descriptor, _WIDTH + 1)


def _taken(descriptor: int) -> bool:
    """Whether it is ours now. `holder` has it for a moment too, and must not keep a daemon from starting."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            return True
        else:
            return True
    return False
