"""Who still writes to a file in the inbox: what the kernel says of it.

Two signs, because neither is to be had everywhere:

    a read lease     refused while any process has the file open for writing. It takes the file's owner or CAP_LEASE,
                     and a file system that has leases; then it is the truth.
    events           a file that was changed and not closed since is being written. Only since we listen, and not on
                     shares whose events do not come here.

Where neither speaks, a drop must have been quiet for the whole settling time. `telespool doctor` says which
sign holds. Nothing here changes a file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.events import FileSystemEvent

Told = Literal["arrived", "writing", "closed"]

_REFUSED = {errno.EAGAIN, errno.EWOULDBLOCK}


class WriteSigns:
    """Remembers what the events told of each file. `heard` is called from the watcher's thread."""

    def __init__(self) -> None:
        self._told: dict[str, Told] = {}
        self._lock = threading.Lock()

    def heard(self, event: FileSystemEvent) -> None:
        """Take in one event; it must never raise."""
        if event.is_directory:
            return
        kind = event.event_type
        with self._lock:
            if kind == "created":
                self._told[os.fsdecode(event.src_path)] = "arrived"
            elif kind == "modified":
                self._told[os.fsdecode(event.src_path)] = "writing"
            elif kind == "closed":
                self._told[os.fsdecode(event.src_path)] = "closed"
            elif kind in {"moved", "deleted"}:
                before = self._told.pop(os.fsdecode(event.src_path), "arrived")
                if kind == "moved" and event.dest_path:
                    # Whoever writes it goes on writing it under its new name.
                    writing = before == "writing"
                    self._told[os.fsdecode(event.dest_path)] = "writing" if writing else "arrived"

    def told(self, path: Path) -> Told | None:
        """What the events said last of this file; None where they said nothing."""
        with self._lock:
            return self._told.get(str(path))

    def forget(self, there: set[str]) -> None:
        """Keep only what lies below these paths."""
        with self._lock:
            for name in list(self._told):
                path = Path(name)
                if name not in there and not any(str(parent) in there for parent in path.parents):
                    del self._told[name]

    def is_written(self, path: Path, opened: Callable[[], int]) -> bool | None:
        """Whether somebody has the file open for writing, None where nobody can tell. `opened` gives a handle."""
        leased = is_leasable(opened)
        if leased is not None:
            return not leased
        told = self.told(path)
        return None if told is None else told == "writing"


def is_leasable(opened: Callable[[], int]) -> bool | None:
    """Whether a read lease is granted, so that nobody writes; None where we may have none. OSError."""
    descriptor = opened()
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return False if error.errno in _REFUSED else None
    finally:
        os.close(descriptor)
    return True
