"""Threads for calls that block, at little cost: a file of a few kilobytes is handed to one some ten times.

The default executor of asyncio makes a lock, a condition and two futures for each call, which together take longer than
most of the calls. Here one queue feeds a few threads that stay, and a call costs one future of the loop. The threads end
with the process; `cancellation.in_thread` sees to it that nothing is left to them when a loop ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_MOST = min(32, (os.cpu_count() or 1) + 4)  # as many as asyncio has by default
_queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
_threads: list[threading.Thread] = []
_under_way = 0
"""Calls that have begun and of which no loop has heard yet: a hint for how many threads there should be."""


def begun(call: Callable[[], T]) -> asyncio.Future[T]:
    """Begin to call it in a thread; a future of this loop. `call` must not raise."""
    global _under_way  # noqa: PLW0603 - of the process, as the threads are
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        result = call()
        with contextlib.suppress(RuntimeError):  # the loop is gone, and nobody waits
            loop.call_soon_threadsafe(_ended, future, result)

    _queue.put(work)
    _under_way += 1
    if len(_threads) < min(_under_way, _MOST):
        thread = threading.Thread(target=_serve, name="telespool", daemon=True)
        _threads.append(thread)
        thread.start()
    return future


def _ended(future: asyncio.Future[T], result: T) -> None:
    global _under_way  # noqa: PLW0603 - as above
    _under_way -= 1
    if not future.done():
        future.set_result(result)


def _serve() -> None:
    while True:
        _queue.get()()
