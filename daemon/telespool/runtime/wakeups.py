"""Wake-ups between workers. A wake-up is a hint, the scan is the truth.

Whoever changed a folder rings it, from any thread; every worker that listens to it looks again. A wakeup that rings
while its worker looks is not lost: it makes it look once more.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Wakeup:
    """What one worker listens to. `at_once` is called in the loop's thread at each ring, whatever the worker does."""

    def __init__(self, at_once: Callable[[], None] = lambda: None) -> None:
        self._rung = asyncio.Event()
        self._at_once = at_once

    def clear(self) -> None:
        """Forget earlier rings; called right before looking."""
        self._rung.clear()

    def ring(self) -> None:
        """Wake whoever waits; from the event loop's thread."""
        self._rung.set()
        self._at_once()

    @property
    def rung(self) -> bool:
        """Whether it rang since it was cleared."""
        return self._rung.is_set()

    async def wait(self, seconds: float) -> None:
        """Return when it rings, or after this long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()


class WakeupBus:
    """One wakeup to a listener, rung by the folder's name."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._listeners: dict[str, list[Wakeup]] = {}
        self._rung: dict[str, None] = {}
        self._called = False

    def listen(self, folders: Iterable[str], at_once: Callable[[], None] = lambda: None) -> Wakeup:
        """A wakeup that rings when one of these folders does."""
        wakeup = Wakeup(at_once)
        for folder in folders:
            self._listeners.setdefault(folder, []).append(wakeup)
        return wakeup

    def ring(self, folders: Iterable[str]) -> None:
        """Ring these folders; from any thread. What rings again before the loop comes rings once."""
        for name in folders:
            self._rung[name] = None
        if not self._called:
            self._called = True
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody is left to wake
                self.loop.call_soon_threadsafe(self._ring_all)

    def _ring_all(self) -> None:
        self._called = False
        names = []
        while self._rung:
            names.append(self._rung.popitem()[0])
        self._ring(names)

    def _ring(self, names: Iterable[str]) -> None:
        for name in names:
            for wakeup in self._listeners.get(name, ()):
                wakeup.ring()
