"""Whose fault it is: the server's, or that of one file.

An error that may be Telegram's own is waited out for all, with a growing gap (`Circuit`); a file is blamed only where
the server is well otherwise: another one passes the same way, and nobody else has trouble (`ServerHealth`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from telespool.errors import Temporary

if TYPE_CHECKING:
    from telespool.destinations.telegram.rpc import RetryPolicy

_REMEMBERED = 256
_SAME_WAY = {"SaveBigFilePart": "SaveFilePart", "SendMultiMedia": "SendMedia"}
_NEARLY = 0.1  # seconds by which somebody may come too early


class ServerHealth:
    """What became of the last requests, by their way: parts, uploads or posts. Parts that pass say nothing of posts.

    A `subject` is the key of an item, 0 where a request is about none.
    """

    def __init__(self) -> None:
        self._passed: defaultdict[str, deque[tuple[float, int]]] = defaultdict(_remembered)
        self._failed: defaultdict[str, deque[tuple[float, int]]] = defaultdict(_remembered)

    def passed(self, method: str, subject: int) -> None:
        """Telegram carried out a request about it; what is about no item says nothing of items."""
        if subject:
            self._passed[_way(method)].append((now(), subject))

    def failed(self, method: str, subject: int) -> None:
        """A request about it brought trouble."""
        self._failed[_way(method)].append((now(), subject))

    def others_passed(self, method: str, subject: int, since: float) -> bool:
        """Whether something else passed the same way after `since`."""
        return _others(self._passed[_way(method)], subject, since)

    def others_failed(self, method: str, subject: int, since: float) -> bool:
        """Whether something else had trouble the same way after `since`."""
        return _others(self._failed[_way(method)], subject, since)

    def others_failed_anywhere(self, subject: int, since: float) -> bool:
        """Whether something else had trouble after `since`, whichever way."""
        return any(_others(events, subject, since) for events in self._failed.values())


def _way(method: str) -> str:
    return _SAME_WAY.get(method, method)


def _remembered() -> deque[tuple[float, int]]:
    return deque(maxlen=_REMEMBERED)


def _others(events: deque[tuple[float, int]], subject: int, since: float) -> bool:
    return any(when >= since and about != subject for when, about in reversed(events))


class Circuit:
    """Stands open while a kind of request brings trouble: nobody asks before its end, and then one asks for all."""

    def __init__(self, patience: RetryPolicy) -> None:
        self._patience = patience
        self._failures = 0
        self._until = 0.0
        self._reason = ""
        self.probing = asyncio.Lock()
        """Held by the one who tries for all."""

    @property
    def is_open(self) -> bool:
        """Whether there was trouble, and nothing has passed since."""
        return self._failures > 0

    def check(self) -> None:
        """Raise Temporary for all before the end of the gap."""
        left = self._until - now()
        if self.is_open and left > _NEARLY:
            raise self._wait(left)

    def trip(self, reason: str) -> Temporary:
        """Open it for a gap that grows from time to time; the error to raise."""
        self._failures += 1
        gap = self._patience.gap(self._failures)
        self._until = now() + gap
        self._reason = reason
        return self._wait(gap)

    def close(self) -> None:
        """Something passed."""
        self._failures = 0

    def _wait(self, seconds: float) -> Temporary:
        return Temporary(
            f"Telegram has trouble of its own ({self._reason}); nothing is wrong with the files, and"
            " they go on by themselves when it is over.",
            retry_after=seconds,
            scope="all",
        )


def now() -> float:
    """The loop's clock."""
    return asyncio.get_running_loop().time()
