"""The window: what may be on the way at once."""

from __future__ import annotations

import asyncio
import random

import pytest

from telespool.destinations.telegram.flow_control import PART, SLOW, FlowControl


async def fill(window: FlowControl, parts: int) -> None:
    """Enter so many parts that fit."""
    for _ in range(parts):
        async with asyncio.timeout(1):
            await window.enter(PART)


async def test_it_grows_while_parts_return_fast() -> None:
    """It doubles with every round of fast parts, up to its limit."""
    window = FlowControl(2 * PART)
    waiting = [asyncio.create_task(window.enter(PART)) for _ in range(200)]
    await asyncio.sleep(0)
    sizes = []
    for _ in range(4):
        for _ in range(window.on_the_way // PART):
            window.leave(PART, 0.1)
        sizes.append(window.size // PART)
    assert sizes == [4, 8, 16, 16]
    assert window.size == window.high
    for task in waiting:
        task.cancel()


async def test_it_does_not_grow_for_parts_that_queue() -> None:
    """Parts that take far longer than the quickest are waiting somewhere: more of them would wait as well."""
    window = FlowControl(2 * PART)
    waiting = [asyncio.create_task(window.enter(PART)) for _ in range(50)]
    await asyncio.sleep(0)
    window.leave(PART, 0.05)
    assert window.size == 3 * PART
    for _ in range(20):
        window.leave(PART, 0.2)
    assert window.size == 3 * PART
    window.leave(PART, 0.09)
    assert window.size == 4 * PART
    for task in waiting:
        task.cancel()


async def test_it_does_not_grow_when_it_is_not_used() -> None:
    """A file that does not fill the window proves nothing about the line."""
    window = FlowControl(8 * PART)
    for _ in range(20):
        await window.enter(PART)
        window.leave(PART, 0.01)
    assert window.size == 8 * PART


async def test_it_shrinks_on_slow_parts_and_then_grows_slowly() -> None:
    """A slow part halves it, once for all parts that were slow together; it never falls below one part."""
    window = FlowControl(8 * PART)
    await fill(window, 8)
    for _ in range(8):
        window.leave(PART, SLOW + 1)
    assert window.size == 4 * PART
    await fill(window, 4)
    window.leave(PART, 0.1)
    assert 4 * PART < window.size < 5 * PART
    window._shrunk_at = float("-inf")
    for _ in range(10):
        window.shrink()
        window._shrunk_at = float("-inf")
    assert window.size == PART


async def test_one_part_always_fits() -> None:
    """Even a window smaller than a part lets one through when nothing is on the way."""
    window = FlowControl(PART)
    window.size = 10
    await fill(window, 1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await window.enter(PART)


async def test_the_lowest_rank_goes_first() -> None:
    """Parts of files begun earlier pass those of later ones."""
    window = FlowControl(PART)
    await window.enter(PART)
    order: list[int] = []

    async def one(rank: int) -> None:
        await window.enter(PART, rank)
        order.append(rank)

    tasks = [asyncio.create_task(one(rank)) for rank in (3, 1, 2, 1)]
    await asyncio.sleep(0)
    for _ in tasks:
        window.leave(PART)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == [1, 1, 2, 3]


async def test_the_cancelled_take_no_room() -> None:
    """Whoever gives up waiting, at whatever moment, leaves the window as it was."""
    window = FlowControl(4 * PART, high=4 * PART)

    async def one(size: int) -> None:
        await window.enter(size)
        try:
            await asyncio.sleep(0)
        finally:
            window.leave(size, 0.1)

    chance = random.Random(1)
    for _ in range(50):
        tasks = [asyncio.create_task(one(chance.choice((PART, 1000)))) for _ in range(20)]
        for _ in range(chance.randrange(6)):
            await asyncio.sleep(0)
        for task in chance.sample(tasks, 10):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert window.on_the_way == 0
    await fill(window, 4)
