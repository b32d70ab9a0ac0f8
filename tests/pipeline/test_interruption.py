"""One step is broken off and the worker goes on; a stop is never taken for it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from telespool.pipeline.interruption import Interruption


class Loop:
    """A worker's loop with steps that never end by themselves."""

    def __init__(self) -> None:
        self.interruption = Interruption()
        self.begun = asyncio.Event()
        self.steps = 0
        self.said: list[str] = []

    async def step(self) -> float:
        """Wait for ever, and clean up."""
        self.steps += 1
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.said.append("cleaned up")
        return 1.0

    async def run(self) -> None:
        """Step after step."""
        while True:
            assert await self.interruption.guard(self.step) == 0.0

    async def between(self) -> None:
        """What the person wanted."""
        self.said.append("between")


async def test_a_step_is_broken_off() -> None:
    """It cleans up first, then what is wanted is done, then the next step begins; several times."""
    loop = Loop()
    task = asyncio.create_task(loop.run())
    for number in (1, 2, 3):
        await loop.begun.wait()
        loop.begun.clear()
        await loop.interruption.interrupt(loop.between)
        assert loop.said == ["cleaned up", "between"] * number
    await loop.begun.wait()
    assert loop.steps == 4
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_stop_meanwhile_stops() -> None:
    """A stop that comes together with it ends the worker, and who waits is told."""
    loop = Loop()
    task = asyncio.create_task(loop.run())
    await loop.begun.wait()
    asking = asyncio.create_task(loop.interruption.interrupt(loop.between))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert loop.steps == 1


async def test_what_fails_between_is_told_to_who_asked() -> None:
    """The worker goes on."""
    loop = Loop()
    task = asyncio.create_task(loop.run())
    await loop.begun.wait()
    loop.begun.clear()

    async def fail() -> None:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        await loop.interruption.interrupt(fail)
    await loop.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_without_a_step_it_is_done_at_once() -> None:
    """Nothing is under way, nothing is broken off."""
    loop = Loop()
    await loop.interruption.interrupt(loop.between)
    assert loop.said == ["between"]


async def test_several_want_it_at_once() -> None:
    """One step is broken off for all of them; who does not wait any more is no hindrance."""
    loop = Loop()
    task = asyncio.create_task(loop.run())
    await loop.begun.wait()
    loop.begun.clear()

    async def fail() -> None:
        loop.said.append("failed")
        raise FileNotFoundError

    asking = [
        asyncio.create_task(loop.interruption.interrupt(between))
        for between in (loop.between, fail, loop.between)
    ]
    await asyncio.sleep(0)
    for impatient in asking[1:]:
        impatient.cancel()
    await asking[0]
    await loop.begun.wait()
    assert loop.said == ["cleaned up", "between", "failed", "between"]
    assert loop.steps == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_step_that_takes_the_cancellation_back() -> None:
    """It is over all the same, and what is wanted is done."""
    interruption, said = Interruption(), []

    async def between() -> None:
        said.append("between")

    async def step() -> float:
        asking.append(asyncio.create_task(interruption.interrupt(between)))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
        return 1.0

    asking: list[asyncio.Task[None]] = []
    assert await interruption.guard(step) == 0.0
    await asking[0]
    assert said == ["between"]
