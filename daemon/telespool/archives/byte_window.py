"""Bytes that come one after the other, of which the next few can be looked at before they are taken."""

from __future__ import annotations

from abc import ABC, abstractmethod


class ByteWindow(ABC):
    """A buffer of `size` bytes, filled from the front; what lies in it and is not yet taken is the window."""

    def __init__(self, size: int) -> None:
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    @abstractmethod
    def _fill(self) -> int:
        """Read some more behind what there is; how many bytes, 0 at the end."""

    def take(self, limit: int) -> memoryview:
        """Some of what comes next, at most `limit` bytes; nothing at the end. Valid until the next call."""
        if self._start == self._end:
            self._start = self._end = 0
            self._fill()
        start = self._start
        self._start = min(self._end, start + limit)
        return self._view[start : self._start]

    def peek(self, count: int) -> bytes:
        """The next `count` bytes without taking them; fewer only at the end."""
        while self._end - self._start < count:
            if self._start:
                rest = bytes(self._view[self._start : self._end])
                self._view[: len(rest)] = rest
                self._start, self._end = 0, len(rest)
            if not self._fill():
                break
        return bytes(self._view[self._start : min(self._end, self._start + count)])
