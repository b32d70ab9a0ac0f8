"""The gate: closed at once by a ring, opened only by a look."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

import pytest

from telespool.runtime.gate import PauseGate
from telespool.runtime.wakeups import WakeupBus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Folder:
    """A folder that is looked into as slowly as a test wants."""

    def __init__(self) -> None:
        self.occupied = False
        self.seen = threading.Semaphore(0)
        self.looks = 0
        self.opened = 0

    def look(self) -> bool:
        """Wait until the test lets it see."""
        self.looks += 1
        self.seen.acquire(timeout=30)
        return self.occupied

    def open(self) -> None:
        """Count."""
        self.opened += 1


@contextlib.asynccontextmanager
async def kept(gate: PauseGate, folder: Folder, bells: WakeupBus) -> AsyncIterator[None]:
    """The gate, kept over this folder."""
    task = asyncio.create_task(
        gate.keep_closed_while(folder.look, bells.listen(["uploading"], gate.close), folder.open)
    )
    try:
        yield
    finally:
        task.cancel()
        folder.seen.release(100)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_ring_closes_it_before_anybody_has_looked() -> None:
    """The converter stands still while the look into the folder is still under way."""
    gate, folder, bells = PauseGate(is_open=False), Folder(), WakeupBus()
    async with kept(gate, folder, bells):
        folder.seen.release()
        await gate.wait_open()
        folder.occupied = True
        bells.ring(["uploading"])
        await gate.wait_closed()
        assert folder.seen._value == 0
        assert folder.opened == 1


async def test_it_opens_again_where_there_was_nothing() -> None:
    """A ring without a unit, as an event that came late, closes it only until the folder was looked into."""
    gate, folder, bells = PauseGate(is_open=False), Folder(), WakeupBus()
    async with kept(gate, folder, bells):
        folder.seen.release()
        await gate.wait_open()
        bells.ring(["uploading"])
        await gate.wait_closed()
        folder.seen.release()
        await gate.wait_open()
        assert folder.opened == 2


async def test_what_comes_in_during_a_look_is_not_opened_over() -> None:
    """A folder that was seen empty a moment before something came in does not open the gate."""
    gate, folder, bells = PauseGate(is_open=False), Folder(), WakeupBus()
    async with kept(gate, folder, bells):
        while folder.looks < 1:
            await asyncio.sleep(0)
        bells.ring(["uploading"])
        folder.seen.release()  # what it sees is old
        while folder.looks < 2:
            await asyncio.sleep(0)
        assert not gate.is_open
        assert folder.opened == 0
