"""What a worker waits for after a step that failed: the machine, or a mistake of ours.

What a failed step moved there and back rings the worker's own folder: were that heard, it would fail again at once, for
ever. So each failure is followed by seconds in which no ring is heard, and these grow until nothing fails any more.
It is said once in the log, and in the status for as long as it lasts.
"""

from __future__ import annotations

import asyncio
import sqlite3
import traceback
from typing import TYPE_CHECKING

import structlog

from telespool.pipeline.kernel_refusals import trouble_in_words
from telespool.runtime.cancellation import in_thread
from telespool.runtime.waits import Wait

if TYPE_CHECKING:
    from telespool.runtime.waits import Waits
    from telespool.spool import Spool

log = structlog.get_logger()

_LOOK_AGAIN = 10.0
_LONGEST = 60.0
_SOON = 0.1
_NEVER_THERE = 6  # times in a row that something is away before that is no chance any more


class Trouble:
    """The failures of one worker that followed each other."""

    def __init__(self, worker: str, spool: Spool, waits: Waits) -> None:
        self._worker = worker
        self._spool = spool
        self._waits = waits
        self._told = ""
        self._failures = 0
        self._calm_from = 0.0

    def step_succeeded(self, *, at_once: bool) -> None:
        """End it: something was done (`at_once`), or nothing has failed for longer than was waited last."""
        if self._failures and (at_once or _now() >= self._calm_from):
            self._failures = 0
        if self._told and not self._failures:
            self._told = ""
            self._waits.end(self._worker, self._worker)

    def is_looked_at(self) -> None:
        """A person wants it tried: it is told anew if it fails again."""
        self._waits.end(self._worker, self._worker)

    async def step_failed(self, error: Exception) -> tuple[float, float]:
        """Count and tell a failure: the seconds in which no ring is to be heard, and those until the next look."""
        self._failures += 1
        again = min(_LONGEST, 2.0 ** (self._failures - 1))
        if isinstance(error, FileNotFoundError) and self._failures <= _NEVER_THERE:
            reason = str(error)
            log.info("unit.vanished", worker=self._worker, file=str(error.filename), reason=reason)
            deaf = pause = _SOON * again
        elif isinstance(error, (OSError, sqlite3.Error, MemoryError)):
            deaf, pause = again, max(_LOOK_AGAIN, again)
            trouble, where = await in_thread(trouble_in_words, error, self._spool.root)
            self._tell(trouble, where, "disk.failed", pause)
        else:
            deaf = pause = _LONGEST
            trouble = f"a mistake of Telespool: {error!r}. Please report it"
            lines = await in_thread(traceback.format_exception, error)
            self._tell(trouble, "", "worker.failed", pause, traceback="".join(lines))
        self._calm_from = _now() + 2 * pause
        return deaf, pause

    def _tell(self, trouble: str, where: str, event: str, pause: float, **more: str) -> None:
        place = f"{where}: " if where else ""
        sentence = f"{trouble}; nothing is lost, it goes on by itself when that is over"
        until = self._spool.clock() + pause
        self._waits.begin(
            self._worker, Wait(f"{place}{sentence}", until + 1, "worker", self._worker, "disk")
        )
        if trouble != self._told:
            self._told = trouble
            log.error(event, worker=self._worker, file=where or None, reason=sentence, **more)


def _now() -> float:
    """Seconds, as the timers of the loop count them."""
    return asyncio.get_running_loop().time()
