"""Listening to the file system: hints that somebody changed a folder, nothing more.

Each watched folder rings its name on the wakeups, and of the files in an inbox it is told what became of them. The
kernel is listened to (`inotify`); shares, which send no events, are looked through (`poller`). What may go wrong is
looked after here: a folder that was deleted and made again, or replaced by a mount, is watched anew at the next
`check`; a thread that died is started anew; a missing folder is waited for; one that the kernel refuses to watch is
named in the log, once. Whoever needs the truth scans.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import psutil
import structlog

from telespool.runtime.inotify import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from telespool.runtime.inotify import Change
    from telespool.runtime.poller import Poller
    from telespool.runtime.wakeups import WakeupBus

log = structlog.get_logger()

_REMOTE = {
    "9p", "afs", "ceph", "cifs", "davfs", "fakeowner", "fuse.glusterfs", "fuse.grpcfuse", "fuse.osxfs", "fuse.rclone",
    "fuse.sshfs", "grpcfuse", "nfs", "nfs4", "osxfs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs",
}  # fmt: skip
"""File systems where another machine, or the host, writes without an event. inotify(7), "Limitations and caveats"."""

_LIMITS = {errno.ENOSPC: "max_user_watches=524288", errno.EMFILE: "max_user_instances=1024"}


class FolderWatcher:
    """Watches folders by name. `polling` is for shares that send no events; the common ones are known anyway."""

    def __init__(
        self,
        wakeups: WakeupBus,
        inboxes: Mapping[str, Path],
        others: Mapping[str, Path] | None = None,
        *,
        polling: bool = False,
    ) -> None:
        """Of what lies in `inboxes`, `heard` is told; of `others`, only that something changed."""
        self._wakeups = wakeups
        self._inboxes = frozenset(inboxes)
        self._folders = {**inboxes, **(others or {})}
        self._polling = polling
        self._listener: Trees | Poller | None = None
        self._watched: dict[str, tuple[int, int]] = {}
        self._unwatched: set[str] = set()
        self.heard: Callable[[Change], None] = lambda _: None
        """Called with each change, from a thread; it must never raise."""

    def check(self) -> None:
        """Watch what is there and not watched rightly. Blocks; call it from a thread, again and again."""
        if self._listener is None or not self._listener.is_alive:
            self.stop()
            self._listener = self._begun()
        if self._listener is not None:
            for name, path in self._folders.items():
                self._check_one(self._listener, name, path)

    def _begun(self) -> Trees | Poller | None:
        """Whoever listens, or looks; None where the kernel gives no queue."""
        if self._polling or any(map(is_remote, self._folders.values())):
            from telespool.runtime.poller import Poller  # noqa: PLC0415 - hardly anybody needs it

            return Poller(self._wakeups.ring)
        try:
            return Trees(self._wakeups.ring, self._tell, self._refused)
        except OSError as error:
            for name in self._folders:
                self._refused(name, error)
            return None

    def _tell(self, change: Change) -> None:
        self.heard(change)

    def _check_one(self, listener: Trees | Poller, name: str, path: Path) -> None:
        try:
            state = os.stat(path)  # noqa: PTH116 - a plain stat of a path
        except OSError:
            return
        identity = (state.st_dev, state.st_ino)
        if self._watched.get(name) == identity and listener.has(name):
            return
        try:
            listener.add(name, os.fspath(path), tells=name in self._inboxes)
        except OSError as error:
            self._watched.pop(name, None)
            self._refused(name, error)
        else:
            self._watched[name] = identity
            self._unwatched.discard(name)
            self._wakeups.ring([name])

    def _refused(self, name: str, error: OSError) -> None:
        if name in self._unwatched or isinstance(error, FileNotFoundError):
            return
        self._unwatched.add(name)
        path = self._folders[name]
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
        if self._listener is not None:
            self._listener.close()
        self._listener = None
        self._watched.clear()


def is_remote(path: Path) -> bool:
    """Whether the path lies on a file system where others write without an event. Blocks."""
    kinds = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    where = os.path.realpath(path)
    while where not in kinds and where != "/":
        where = os.path.dirname(where)  # noqa: PTH120 - a string, as mount points are
    return kinds.get(where) in _REMOTE
