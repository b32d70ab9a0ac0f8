"""Cleaning up that is not broken off.

A task may be cancelled again while it cleans up after the first time: somebody ends it together with others, and one of
these fails as well. What it was waiting for then, the end of a child say, would be left behind.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


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
        raise cancelled
    return working.result()
