"""Being cancelled: nothing swallows it, nothing that was begun goes on behind it, and what must be cleaned up is.

    await in_thread(spool.deliver, entry, messages)   # cancelled, it leaves when the thread has come to its end
    broken_off.check()                                # in a loop in such a thread: ends it at once then

`asyncio.to_thread` leaves its thread alone when it is cancelled: it would go on renaming while its caller cleans up,
and the process could not end before it. So whoever changes the spool, or reads for long, does it `in_thread`.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from telespool.runtime import threads
from telespool.runtime.broken_off import END, BrokenOff, End, check

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = [
    "BrokenOff",
    "check",
    "clean_up",
    "in_thread",
    "raise_if_cancelled",
    "shielded_until_done",
]

P = ParamSpec("P")
T = TypeVar("T")


def raise_if_cancelled() -> None:
    """Raise CancelledError where this task is to end: whatever came up meanwhile does not take its place."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it in a thread. A cancellation leaves from here when the thread has ended, whatever that ends with."""
    end = End()
    context = contextvars.copy_context()
    working = threads.begun(functools.partial(context.run, _told, end, call, args, kwargs))
    try:
        result = await asyncio.shield(working)
    except asyncio.CancelledError:
        end.is_set = True
        with contextlib.suppress(Exception):
            await shielded_until_done(working)
        raise
    if isinstance(result, _Failed):
        raise result.error
    return result


class _Failed:
    """What a thread ended with. A StopIteration or a BaseException cannot be set on a future of asyncio."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _told(
    end: End, call: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> T | _Failed:
    END.set(end)
    try:
        return call(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
        return _Failed(error)


async def shielded_until_done(work: Awaitable[T]) -> T:
    """Wait for what surely ends, however often we are cancelled meanwhile; the cancellation leaves from here then."""
    working = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:  # noqa: BLE001 - `result` raises it
            break
    if cancelled is not None:
        with contextlib.suppress(BaseException):
            working.exception()  # it was told: nobody is to warn of it
        raise cancelled
    return working.result()


async def clean_up(call: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
    """Call it in a thread, to its end, in a clean-up. Its OSError does not replace the error that is on its way.

    What a person moved away needs no clean-up, and what a broken disk kept from being cleaned up is done at the next
    start.
    """
    with contextlib.suppress(OSError):
        await shielded_until_done(asyncio.to_thread(call, *args, **kwargs))
