"""How many bytes may be on the way at once, over all connections.

It starts where the configuration says (4 MiB, what TDLib allows itself at most) and doubles with every round of
parts that come back within a second, and within twice the time of the quickest: beyond that they only queue
somewhere. It ends at 8 MiB (eight sessions with 1 MiB each: Telegram Desktop). Parts that take eight seconds, a flood
wait, or a broken connection halve it; from then on it grows slowly. So it finds the speed of the line without being
told, gives way where Telegram or the line are busy, and what is sent twice after a crash is no more than it must be.

The parts of a file that was begun earlier go first, so that it is complete, and Telegram at work on it, while
the next is still on the way.
"""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telespool.runtime.rate_limit import RateLimit

PART = 512 << 10  # core.telegram.org/api/files: the largest, and the one recommended
HIGH = 8 << 20
FAST, SLOW = 1.0, 8.0  # seconds for a part; tdesktop: storage/file_upload.cpp
_QUEUED = 2.0  # times as long as the quickest: it has waited behind others
_FORGET = 1.005  # the quickest is forgotten slowly, for ways change


class FlowControl:
    """Bytes on the way, and how many there may be."""

    def __init__(
        self, start: int = 4 << 20, high: int = HIGH, limit: RateLimit | None = None
    ) -> None:
        self._limit = limit
        self.size = max(start, PART)
        self.high = max(high, self.size)
        self.on_the_way = 0
        self._quickest = FAST
        self._calm = False  # once it had to shrink, it no longer doubles
        self._shrunk_at = float("-inf")
        self._waiting: list[tuple[int, int, int, asyncio.Future[None]]] = []
        self._tickets = 0

    async def enter(self, size: int, rank: int = 0) -> None:
        """Wait until there is room for so many bytes; the lowest rank goes first.

        One part always fits an empty window.
        """
        if self._limit is not None:
            await self._limit.take(size)
        if not self._waiting and self._fits(size):
            self.on_the_way += size
            return
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tickets += 1
        heapq.heappush(self._waiting, (rank, self._tickets, size, ticket))
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self.leave(size)
            else:
                ticket.cancel()
                self._admit()
            raise

    def leave(self, size: int, seconds: float | None = None) -> None:
        """These bytes arrived after `seconds`, or (None) never will."""
        full = self.on_the_way + PART > self.size or bool(self._waiting)
        self.on_the_way -= size
        if seconds is not None and seconds >= SLOW:
            self.shrink()
        elif seconds is not None and size == PART:
            self._quickest = min(seconds, self._quickest * _FORGET)
            if full and seconds < min(FAST, self._quickest * _QUEUED):
                self.size += PART * PART // self.size if self._calm else PART
                self.size = min(self.size, self.high)
        self._admit()

    def shrink(self) -> None:
        """Halve it, at most once in the time a slow part takes: one event is heard of by many parts."""
        now = asyncio.get_running_loop().time()
        if now - self._shrunk_at >= FAST:
            self._shrunk_at = now
            self._calm = True
            self.size = max(self.size // 2, PART)

    def _fits(self, size: int) -> bool:
        return self.on_the_way == 0 or self.on_the_way + size <= self.size

    def _admit(self) -> None:
        while self._waiting:
            _, _, size, ticket = self._waiting[0]
            if ticket.done():  # its owner was cancelled
                heapq.heappop(self._waiting)
            elif self._fits(size):
                heapq.heappop(self._waiting)
                self.on_the_way += size
                ticket.set_result(None)
            else:
                return
