"""An iterator that blocks, walked from the event loop a few steps at a time.

The steps run in a thread, the next ones only when they are asked for: that is the backpressure. Small members come
together, up to `AHEAD` bytes of them: going to a thread and back costs more than writing one. A step that is
cancelled is not left behind: `abort` makes it end (by killing the child it reads from), and it is awaited before
anything it uses is released.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from telespool.runtime.cancellation import shielded_until_done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from telespool.archives.member_writer import Writer

T = TypeVar("T")
AHEAD = 1 << 20
"""Bytes of members that are unpacked before the first of them is given."""
MOST_AHEAD = 256  # members
_LONGEST = 0.05  # seconds: what unpacks slowly is given at once


async def steps(
    iterator: Iterator[T], abort: Callable[[], Awaitable[None]], writer: Writer
) -> AsyncIterator[T]:
    """Give what the iterator gives; the steps count against the time of the writer's budget, the waits do not."""
    ended = False
    while not ended:
        async with writer.budget.spending(writer.archive):
            values, error, ended = await whole(lambda: _some(iterator, writer), abort)
        for value in values:
            yield value
        if error is not None:
            raise error


def _some(iterator: Iterator[T], writer: Writer) -> tuple[list[T], Exception | None, bool]:
    """The next values, what went wrong behind them, and whether there are no more."""
    values: list[T] = []
    enough = writer.came + AHEAD
    end = time.monotonic() + _LONGEST
    try:
        for value in iterator:
            values.append(value)
            if writer.came >= enough or len(values) >= MOST_AHEAD or time.monotonic() >= end:
                return values, None, False
    except Exception as error:  # noqa: BLE001 - raised where the iterator is walked, behind what came before
        return values, error, True
    return values, None, True


async def whole(call: Callable[[], T], abort: Callable[[], Awaitable[None]]) -> T:
    """Run a blocking call in a thread; when cancelled, `abort` it and wait for its end."""
    future = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await shielded_until_done(asyncio.gather(abort(), future, return_exceptions=True))
        raise
