"""An event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """What waits for timers alone takes no time; all else is as ever."""

    def __init__(self) -> None:
        self._ahead = 0.0
        super().__init__()

    def time(self) -> float:
        """Seconds, with those that were skipped."""
        return super().time() + self._ahead

    def _run_once(self) -> None:
        loop: Any = self
        if not loop._ready and loop._scheduled:
            self._ahead += max(0.0, loop._scheduled[0]._when - self.time())
        loop_once: Any = super()
        loop_once._run_once()
