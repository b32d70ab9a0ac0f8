"""Threads for calls that block, at little cost: most of them are over in less time than a thread takes to wake up.

Threads of Python hinder each other: of several that make system calls, each gives the interpreter away at every one
and must wait to get it back. So calls are served one after another by one thread for as long as none takes longer
than `PATIENCE`; what comes while only such calls are under way that do (a copy, a checksum, an fsync of a slow disk)
gets a thread of its own, up to as many as asyncio has by default. What several threads have finished is told to the
loop at once. The threads end with the process; `cancellation.in_thread` sees to it that nothing is left to them when
a loop ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
PATIENCE = 0.002
"""Seconds for which a call waits for a thread that is busy, before it gets another."""
_MOST = min(32, (os.cpu_count() or 1) + 4)
_calls: deque[Callable[[], None]] = deque()
_guard = threading.Lock()
"""Held while threads are counted: by who parks, and by who wakes."""


class _Worker:
    """One thread. `since` is when its call began."""

    def __init__(self) -> None:
        self.since = time.monotonic()
        self._go = threading.Lock()
        self._go.acquire()

    def start(self) -> None:
        """Begin to serve."""
        threading.Thread(target=self._serve, name="telespool", daemon=True).start()

    def wake(self) -> None:
        """Go on serving."""
        self.since = time.monotonic()
        self._go.release()

    def _serve(self) -> None:
        while True:
            try:
                call = _calls.popleft()
            except IndexError:
                with _guard:
                    if _calls:
                        continue
                    _busy.remove(self)
                    _parked.append(self)
                self._go.acquire()
                continue
            self.since = time.monotonic()
            call()


_busy: list[_Worker] = []
_parked: list[_Worker] = []


class _Mailbox:
    """What has been finished for one loop.

    `called`: the loop was asked to come; `ticks`: it looks again after those that wait.
    """

    def __init__(self) -> None:
        self.finished: deque[tuple[asyncio.Future[Any], Any]] = deque()
        self.called = False
        self.ticks = False

    def tell(self) -> None:
        """Give the results to those who wait; in the loop."""
        self.called = False
        while self.finished:
            future, result = self.finished.popleft()
            if not future.done():
                future.set_result(result)


_mailboxes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Mailbox] = (
    weakref.WeakKeyDictionary()
)


def begun(call: Callable[[], T]) -> asyncio.Future[T]:
    """Begin to call it in a thread; a future of this loop. `call` must not raise."""
    loop = asyncio.get_running_loop()
    mailbox = _mailboxes.get(loop)
    if mailbox is None:
        mailbox = _mailboxes[loop] = _Mailbox()
    future: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        result = call()
        mailbox.finished.append((future, result))
        if not mailbox.called:  # else the loop will come, and finds this as well
            mailbox.called = True
            with contextlib.suppress(RuntimeError):  # the loop is gone, and nobody waits
                loop.call_soon_threadsafe(mailbox.tell)

    _calls.append(work)
    if not _served() and not mailbox.ticks:
        mailbox.ticks = True
        loop.call_later(PATIENCE, _tick, loop, mailbox)
    return future


def _served() -> bool:
    """Give what waits a thread, unless one that has just begun will take it. Return whether nothing is left."""
    with _guard:
        if not _calls:
            return True
        if len(_busy) >= _MOST:
            return True  # the next one that is free takes it
        recently = time.monotonic() - PATIENCE
        if any(worker.since > recently for worker in _busy):
            return False
        if _parked:
            worker = _parked.pop()
            _busy.append(worker)
            worker.wake()
            return True
        worker = _Worker()
        _busy.append(worker)
        worker.start()
        return True


def _tick(loop: asyncio.AbstractEventLoop, mailbox: _Mailbox) -> None:
    mailbox.ticks = False
    _served()
    if _calls:
        mailbox.ticks = True
        loop.call_later(PATIENCE, _tick, loop, mailbox)
