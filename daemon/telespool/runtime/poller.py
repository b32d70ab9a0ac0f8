"""Looking through folders again and again, by watchdog: for shares, where nobody tells what others write.

It is used as `inotify.Trees` is, and says less: that something changed, and of no file what.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers.polling import PollingObserver

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.observers.api import ObservedWatch


class _Ring(FileSystemEventHandler):
    """Rings one folder's name. It must never raise: watchdog's thread would die of it."""

    def __init__(self, ring: Callable[[set[str]], None], name: str) -> None:
        self._ring = ring
        self._name = name

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._ring({self._name})


class Poller:
    """The folders that are looked through, every second."""

    def __init__(self, ring: Callable[[set[str]], None]) -> None:
        # It calls it an error when it is stopped while an event is under way.
        logging.getLogger("watchdog.observers").setLevel(logging.CRITICAL)
        self._ring = ring
        self._watches: dict[str, ObservedWatch] = {}
        self._observer = PollingObserver()
        self._observer.start()

    @property
    def is_alive(self) -> bool:
        """Whether anybody looks."""
        return self._observer.is_alive()

    def has(self, name: str) -> bool:
        """Whether a folder is looked through; it is no more when it was deleted."""
        alive = {emitter.watch for emitter in self._observer.emitters if emitter.is_alive()}
        return self._watches.get(name) in alive

    def add(self, name: str, path: str, *, tells: bool) -> None:
        """Look through a folder, in place of the one that has this name. OSError where it is not there."""
        if (before := self._watches.pop(name, None)) is not None:
            with contextlib.suppress(KeyError, OSError):
                self._observer.unschedule(before)
        self._watches[name] = self._observer.schedule(_Ring(self._ring, name), path, recursive=True)

    def close(self) -> None:
        """Stop; blocks until the threads have ended."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()
