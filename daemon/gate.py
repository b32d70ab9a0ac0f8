"""A gate between those who give way and what they give way to.

The converter walks through while it is open and stands still while it is closed. Closing and opening are
plain calls from the event loop's thread and take effect for whoever waits within the same turn of the loop.
"""

from __future__ import annotations

import asyncio


class Gate:
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

    async def wait_open(self) -> None:
        """Return once it is open."""
        await self._opened.wait()

    async def wait_closed(self) -> None:
        """Return once it is closed."""
        await self._closed.wait()
