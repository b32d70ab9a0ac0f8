"""Whether the workers are alive: each beats while it works, and rests while nothing is to be done.

    heartbeat.beat("uploader")      # came round, or got further: another piece has arrived
    heartbeat.rest("uploader")      # waits for work; nothing is expected of it until the next beat
    heartbeat.silent()              # those who neither rest nor gave a sign of life for `patience` seconds

Plain calls from the event loop's thread; nothing is raised.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container


class Liveness:
    """The last sign of life of each worker."""

    def __init__(
        self, patience: float = 900.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take a worker for hung that is silent for `patience` seconds."""
        self.patience = patience
        self._clock = clock
        self._last: dict[str, float] = {}
        self._rested: set[str] = set()

    def beat(self, name: str) -> None:
        """This worker works, and has just got further."""
        self._last[name] = self._clock()

    def rest(self, name: str) -> None:
        """This worker waits for something to do."""
        self._last.pop(name, None)
        self._rested.add(name)

    def has_rested(self, name: str) -> bool:
        """Whether this worker has done everything it found, at least once."""
        return name in self._rested

    def silent(self, excused: Container[str] = ()) -> dict[str, float]:
        """Give the hung workers with the seconds of their silence.

        `excused` are those who wait for something that has a time limit of its own; they count as beating.
        """
        now = self._clock()
        for name in self._last:
            if name in excused:
                self._last[name] = now
        return {name: now - last for name, last in self._last.items() if now - last > self.patience}
