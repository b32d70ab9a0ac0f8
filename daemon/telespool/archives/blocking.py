"""An iterator that blocks, walked from the event loop one step at a time.

Each step runs in a thread and the next one only when it is asked for: that is the backpressure. A step that
is cancelled is not left behind: `abort` makes it end (by killing the child it reads from), and it is awaited
before anything it uses is let go of.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from telespool.runtime.cancellation import shielded_until_done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from telespool.archives.member_writer import Writer

T = TypeVar("T")
_END = object()


async def steps(
    iterator: Iterator[T], abort: Callable[[], Awaitable[None]], writer: Writer
) -> AsyncIterator[T]:
    """Give what the iterator gives; the steps count against the time of the writer's budget, the waits do not."""
    while True:
        async with writer.budget.spending(writer.archive):
            value = await whole(lambda: next(iterator, _END), abort)
        if value is _END:
            return
        yield value  # type: ignore[misc]  # anything but _END is a T


async def whole(call: Callable[[], T], abort: Callable[[], Awaitable[None]]) -> T:
    """Run a blocking call in a thread; when cancelled, `abort` it and wait for its end."""
    future = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await shielded_until_done(asyncio.gather(abort(), future, return_exceptions=True))
        raise
