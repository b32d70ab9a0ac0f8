"""Room: the one guard that everybody asks before writing to the spool's file system.

    with room.writing(len(data), "holiday.zip"):      # a known number of bytes, now
        os.write(descriptor, data)

    with room.promised(size, "film.mp4") as promise:  # what a child will write, bit by bit
        ...
        promise.written(so_far)

`spool.reserve` is never touched: NoRoom leaves where the bytes would not fit beyond it, before anything is written.
What is promised to one is not there for another. Above the reserve a little is kept free for those who make room:
forms of files that are being sent are written with `for_sending=True`. Names, notes and reports ask nobody, because
nothing stands still for want of a note. A size counts in whole blocks of the file system.

`path` is anywhere on the file system; a reserve of None (tests, programs without a spool) lets everything through.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

from telespool.config.units import human_size
from telespool.errors import NoRoom, Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SHARE = 16
_MOST_KEPT = 128 << 20


class Promise:
    """Bytes that somebody is going to write, bit by bit; given back with `release`."""

    def __init__(self, room: Room, name: str, *, for_sending: bool = False) -> None:
        self._room = room
        self._name = name
        self._for_sending = for_sending
        self.size = 0
        self.left = 0

    def grow(self, size: int) -> None:
        """Hold `size` bytes more; NoRoom where they do not fit."""
        self._room.take(self, size, self._name, for_sending=self._for_sending)

    def written(self, so_far: int) -> None:
        """So many of the promised bytes lie on the disk."""
        self._room.shrink(self, max(0, self.size - so_far))

    def check(self) -> None:
        """Raise NoRoom where more is written than was promised, and the reserve is touched."""
        self._room.check_reserve(self, self._name)

    def release(self) -> None:
        """Nothing more is to come."""
        self._room.shrink(self, 0)


class Room:
    """What may be written to the file system of `path`: all that is free there beyond the `reserve`, in bytes."""

    def __init__(self, path: Path, reserve: int | None) -> None:
        self.path = path
        self.reserve = reserve
        self.kept_for_sending = min(_MOST_KEPT, (reserve or 0) // _SHARE)
        self._lock = threading.Lock()
        self._promised = 0

    def left(self, *, for_sending: bool = False) -> int:
        """Bytes that may be written now; negative where there is less than the reserve. OSError as statvfs gives it."""
        state = os.statvfs(self.path)
        kept = 0 if for_sending else self.kept_for_sending
        return state.f_bavail * state.f_frsize - (self.reserve or 0) - kept - self._promised

    @contextlib.contextmanager
    def writing(self, size: int, name: str, *, for_sending: bool = False) -> Iterator[None]:
        """Hold `size` bytes while they are written; NoRoom where they do not fit, in the words of `name`."""
        with self.promised(size, name, for_sending=for_sending):
            yield

    @contextlib.contextmanager
    def promised(self, size: int, name: str, *, for_sending: bool = False) -> Iterator[Promise]:
        """Hold `size` bytes for as long as it takes; NoRoom where they do not fit."""
        promise = self.promise(name, for_sending=for_sending)
        promise.grow(size)
        try:
            yield promise
        finally:
            promise.release()

    def promise(self, name: str, *, for_sending: bool = False) -> Promise:
        """Hold nothing yet; the promise grows when its size is known."""
        return Promise(self, name, for_sending=for_sending)

    def check(self, size: int, name: str, *, for_sending: bool = False) -> None:
        """Raise NoRoom where `size` bytes do not fit now."""
        with self.promised(size, name, for_sending=for_sending):
            pass

    def take(self, promise: Promise, size: int, name: str, *, for_sending: bool = False) -> None:
        """Promise `size` bytes more; NoRoom where they do not fit."""
        if self.reserve is None or size <= 0:
            return
        with self._lock:
            block = os.statvfs(self.path).f_frsize
            size = -(-size // block) * block
            left = self.left(for_sending=for_sending)
            if size > left:
                raise self._no_room(name, size, left)
            self._promised += size
            promise.size += size
            promise.left += size

    def check_reserve(self, promise: Promise, name: str) -> None:
        """Raise NoRoom where less than the reserve is left, what others were promised not counted in."""
        if self.reserve is None:
            return
        with self._lock:
            left = self.left(for_sending=True) + promise.left
        if left < 0:
            raise self._no_room(name, promise.size, left)

    def _no_room(self, name: str, needed: int, left: int) -> NoRoom:
        return NoRoom(
            f"{name} needs {human_size(needed)} on the disk, and {human_size(max(0, left))} may be used:"
            f" {human_size(self.reserve or 0)} are kept free (spool.reserve). It goes on by itself when there is room:"
            " free some space, or empty quarantine/.",
            needed=needed,
            free=max(0, left),
        )

    def shrink(self, promise: Promise, left: int) -> None:
        """Of this promise only `left` bytes are still to come."""
        with self._lock:
            self._promised -= promise.left - min(left, promise.left)
            promise.left = min(left, promise.left)

    def must_ever_fit(self, size: int, name: str) -> None:
        """Raise Permanent where `size` bytes would not fit if the disk held nothing else."""
        if self.reserve is None:
            return
        state = os.statvfs(self.path)
        whole = state.f_blocks * state.f_frsize - self.reserve - self.kept_for_sending
        if size > whole:
            raise Permanent(
                f"{name} needs {human_size(size)} on the disk, and the spool's disk can never give more than"
                f" {human_size(max(0, whole))}: it holds {human_size(state.f_blocks * state.f_frsize)}, of which"
                f" {human_size(self.reserve)} are kept free (spool.reserve). Give the spool a larger disk, or drop it"
                " in smaller pieces."
            )
