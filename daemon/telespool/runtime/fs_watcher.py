"""Listening to the file system, by watchdog: hints that somebody changed a folder, nothing more.

Each watched folder rings its name on the wakeups. What watchdog cannot be trusted with is looked after here: a folder
that was deleted and made again, or replaced by a mount, is watched anew at the next `check`; a thread that died is
started anew; a missing folder is waited for; one that the kernel refuses to watch is named in the log, once. Whoever
needs the truth scans.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import warnings
from typing import TYPE_CHECKING

import psutil
import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirModifiedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from watchdog.observers.api import BaseObserver, ObservedWatch

    from telespool.runtime.wakeups import WakeupBus

log = structlog.get_logger()

_CHANGES: list[type[FileSystemEvent]] = [
    DirCreatedEvent, DirDeletedEvent, DirModifiedEvent, DirMovedEvent,
    FileClosedEvent, FileCreatedEvent, FileDeletedEvent, FileModifiedEvent, FileMovedEvent,
]  # fmt: skip
"""What the kernel is asked for. Reading is no news: we do it all the time, and each event costs a thread's turn."""
_REMOTE = {
    "9p", "afs", "ceph", "cifs", "davfs", "fakeowner", "fuse.glusterfs", "fuse.grpcfuse", "fuse.osxfs", "fuse.rclone",
    "fuse.sshfs", "grpcfuse", "nfs", "nfs4", "osxfs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs",
}  # fmt: skip
"""File systems where another machine, or the host, writes without an event. inotify(7), "Limitations and caveats"."""

_LIMITS = {errno.ENOSPC: "max_user_watches=524288", errno.EMFILE: "max_user_instances=1024"}

# A directory that moves between two of our folders keeps its number, and watchdog warns of it. A hint more or less.
warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)


class _Ring(FileSystemEventHandler):
    """Rings one folder's wakeup. It must never raise: watchdog's thread would die of it."""

    def __init__(self, wakeups: WakeupBus, name: str, watcher: FolderWatcher) -> None:
        self._wakeups = wakeups
        self._name = name
        self._watcher = watcher

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._watcher.heard(self._name, event)
        self._wakeups.ring([self._name])


class FolderWatcher:
    """Watches folders by name. `polling` is for shares that send no events; the common ones are known anyway."""

    def __init__(
        self, wakeups: WakeupBus, folders: Mapping[str, Path], *, polling: bool = False
    ) -> None:
        self._wakeups = wakeups
        self._folders = dict(folders)
        self._polling = polling
        self._observer: BaseObserver | None = None
        self._watches: dict[str, tuple[ObservedWatch, tuple[int, int]]] = {}
        self._unwatched: set[str] = set()
        self.heard: Callable[[str, FileSystemEvent], None] = lambda _name, _event: None
        """Called with the name of the folder and each event, from watchdog's thread; it must never raise."""
        # It calls it an error when it is stopped while an event is under way.
        logging.getLogger("watchdog.observers").setLevel(logging.CRITICAL)

    def check(self) -> None:
        """Watch what is there and not watched rightly. Blocks; call it from a thread, again and again."""
        if self._observer is None or not self._observer.is_alive():
            self.stop()
            polling = self._polling or any(map(is_remote, self._folders.values()))
            self._observer = PollingObserver() if polling else Observer()
            self._observer.start()
        for name, path in self._folders.items():
            self._check_one(self._observer, name, path)

    def _check_one(self, observer: BaseObserver, name: str, path: Path) -> None:
        try:
            state = os.stat(path)  # noqa: PTH116 - a plain stat of a path
        except OSError:
            return
        identity = (state.st_dev, state.st_ino)
        known = self._watches.get(name)
        alive = {emitter.watch for emitter in observer.emitters if emitter.is_alive()}
        if known is not None:
            if known[1] == identity and known[0] in alive:
                return
            with contextlib.suppress(KeyError, OSError):
                observer.unschedule(known[0])
            del self._watches[name]
        try:
            ring = _Ring(self._wakeups, name, self)
            watch = observer.schedule(ring, str(path), recursive=True, event_filter=_CHANGES)
        except OSError as error:
            self._refused(name, path, error)
        else:
            self._watches[name] = (watch, identity)
            self._unwatched.discard(name)
            self._wakeups.ring([name])

    def renew(self, name: str) -> None:
        """Watch this folder, and those called after it ("inbox", "inbox family"), anew. Blocks.

        The kernel refuses to watch what may not be read, and nobody is told when that changes.
        """
        for each, (watch, _) in list(self._watches.items()):
            if each.partition(" ")[0] == name:
                self._watches[each] = watch, (0, 0)
        self.check()

    def _refused(self, name: str, path: Path, error: OSError) -> None:
        if name in self._unwatched or isinstance(error, FileNotFoundError):
            return
        self._unwatched.add(name)
        limit = _LIMITS.get(error.errno or 0)
        cure = f" Allow more: sudo sysctl fs.inotify.{limit}" if limit else ""
        log.warning(
            "folder.unwatched",
            file=str(path),
            reason=f"{path} cannot be watched ({error.strerror}): nothing is lost, but it is only"
            f" scanned now and then, so what changes there is seen later.{cure}",
        )

    def stop(self) -> None:
        """Stop listening. Blocks until the threads have ended."""
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join()
        self._observer = None
        self._watches.clear()


def is_remote(path: Path) -> bool:
    """Whether the path lies on a file system where others write without an event. Blocks."""
    kinds = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    where = os.path.realpath(path)
    while where not in kinds and where != "/":
        where = os.path.dirname(where)  # noqa: PTH120 - a string, as mount points are
    return kinds.get(where) in _REMOTE
