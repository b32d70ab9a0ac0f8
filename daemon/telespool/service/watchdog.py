"""Tell systemd how the service is: ready, its status, alive, or hung.

It speaks from the event loop that does the work, so a loop that stands still falls silent by itself and the
watchdog ends it. A loop that turns while a worker hangs is the other case: its stack, and those of the threads it
may wait for, go to the log in one record, and systemd is asked to end the process at once. The next one goes on
where the folders say.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telespool.runtime.liveness import Liveness
    from telespool.service.sd_notify import SdNotify

log = structlog.get_logger()

_TICK = 2.0


class Watchdog:
    """Reports to the service manager periodically."""

    def __init__(
        self,
        notify: SdNotify,
        heartbeat: Liveness,
        line: Callable[[], str],
        excused: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`line` gives the status line; `excused` names workers that may be silent now."""
        self._notify = notify
        self._heartbeat = heartbeat
        self._line = line
        self._excused = excused
        self._awaited = ""
        self._ready = False

    def ready_when_rested(self, name: str) -> None:
        """Report "ready" once this worker has finished its first round."""
        self._awaited = name

    async def keep(self) -> None:
        """Report until cancelled. Tasks of workers are found by their names."""
        interval = self._notify.watchdog()
        tick = min(_TICK, interval / 3) if interval else _TICK
        said: set[str] = set()
        while True:
            silent = self._heartbeat.silent(set(self._excused()))
            for name, seconds in silent.items():
                if name not in said:
                    said.add(name)
                    log.error(
                        "worker.hung", worker=name, seconds=round(seconds), stack=_stacks(name)
                    )
            if silent:
                self._notify.hung()
            else:
                said.clear()
                self._notify.alive()
            if not self._ready and self._heartbeat.has_rested(self._awaited):
                self._ready = True
                self._notify.ready(self._line())
            self._notify.status(self._line())
            await asyncio.sleep(tick if self._ready else min(tick, 0.05))


def _stacks(name: str) -> str:
    """Return the stack of this task, down to the innermost await, and those of all threads."""
    parts = []
    for task in [each for each in asyncio.all_tasks() if each.get_name() == name]:
        lines: list[str] = []
        awaited: Any = task.get_coro()
        while (frame := getattr(awaited, "cr_frame", None)) is not None:
            lines += traceback.format_stack(frame, limit=1)
            awaited = awaited.cr_await
        parts.append(f"{name} waits, innermost last:\n{''.join(lines)}{awaited!r}")
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for number, frame in sys._current_frames().items():  # noqa: SLF001 - the documented way to see threads
        if number != threading.get_ident():
            stack = "".join(traceback.format_stack(frame))
            parts.append(f"thread {names.get(number, number)}, innermost last:\n{stack}")
    return "\n".join(parts)
