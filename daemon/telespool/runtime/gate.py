"""A gate between those who give way and what they give way to.

The converter walks through while it is open and stands still while it is closed. Closing and opening are
plain calls from the event loop's thread and take effect for whoever waits within the same turn of the loop.

`keep_closed_while` keeps it, with a wakeup that closes it at once: a look takes a thread that must first be given a
processor. Whether it opens again needs the look.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from telespool.runtime.cancellation import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from telespool.runtime.wakeups import Wakeup

_LOOK_AGAIN = 60.0
_FLOCK = 0.1
"""Seconds for which rings are collected before the look that may open it: while units are sent there are many."""


class PauseGate:
    """Open or closed; both can be awaited."""

    def __init__(self, *, is_open: bool = True) -> None:
        self._opened = asyncio.Event()
        self._closed = asyncio.Event()
        self.set(is_open=is_open)

    @property
    def is_open(self) -> bool:
        """Whether one may go on."""
        return self._opened.is_set()

    def set(self, *, is_open: bool) -> None:
        """Open or close it."""
        now, then = (self._opened, self._closed) if is_open else (self._closed, self._opened)
        then.clear()
        now.set()

    def close(self) -> None:
        """Close it."""
        self.set(is_open=False)

    async def wait_open(self) -> None:
        """Return once it is open."""
        await self._opened.wait()

    async def wait_closed(self) -> None:
        """Return once it is closed."""
        await self._closed.wait()

    async def keep_closed_while(
        self, occupied: Callable[[], bool], wakeup: Wakeup, opened: Callable[[], None]
    ) -> None:
        """Keep it closed while `occupied` (called in a thread) says so; `opened` is told each time it opens. Endless.

        `wakeup` is one that closes it at each ring (`listen(…, gate.close)`).
        """
        while True:
            wakeup.clear()
            is_open = not await in_thread(occupied)
            if wakeup.rung:
                continue  # something came in while it was looked: it must not be opened over it
            if self.is_open != is_open:
                self.set(is_open=is_open)
                if is_open:
                    opened()
            await wakeup.wait(_LOOK_AGAIN)
            await asyncio.sleep(_FLOCK)
