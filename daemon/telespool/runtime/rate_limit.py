"""A limit to the bytes a second, over all that share it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG = 1.0  # seconds after which a wait looks again whether the limit has changed


class RateLimit:
    """Lets bytes pass at a rate. `rate` gives bytes a second as they are now, None for no limit."""

    def __init__(self, rate: Callable[[], float | None]) -> None:
        self._rate = rate
        self._free_at = 0.0

    async def take(self, size: int) -> None:
        """Wait until these bytes may go; in the order of asking."""
        loop = asyncio.get_running_loop()
        rate = self._rate()
        if rate is None:
            self._free_at = 0.0
            return
        start = max(loop.time(), self._free_at)
        self._free_at = start + size / rate
        while (left := start - loop.time()) > 0:
            await asyncio.sleep(min(left, _LONG))
            if self._rate() is None:
                self._free_at = 0.0
                return
