"""Whose fault it is: a file is blamed only if a known-good sample passes, at the same moment."""

from __future__ import annotations

import asyncio
import time

import pytest

from telespool.errors import ChildDied, Permanent, TelespoolError, ToolFault
from telespool.runtime.tool_health import Tool, ToolHealth, failure


class Program:
    """A tool that works or not, and counts its trials."""

    def __init__(self) -> None:
        self.works = True
        self.hangs = False
        self.trials = 0
        self.tool = Tool("prog", "prog", self._try, "Mend it.")

    async def _try(self) -> None:
        self.trials += 1
        await asyncio.sleep(0)
        if self.hangs:
            raise TimeoutError
        if not self.works:
            raise Permanent("exit 127")


@pytest.mark.parametrize("error", [Permanent("bad"), ChildDied("killed")])
async def test_the_file_is_blamed_while_the_tool_works(error: TelespoolError) -> None:
    """The error leaves as it is."""
    health, program = ToolHealth(), Program()
    with pytest.raises(type(error), match=error.reason):
        async with health.vouched(program.tool):
            raise error
    assert program.trials == 1


async def test_the_machine_is_blamed_while_it_does_not() -> None:
    """ToolFault leaves in its place, says why and what to do; nothing is tried until its time has come."""
    health, program = ToolHealth(), Program()
    program.works = False
    with pytest.raises(ToolFault, match=r"prog does not work .*exit 127.*Mend it"):
        async with health.vouched(program.tool):
            raise Permanent("bad")
    with pytest.raises(ToolFault):
        async with health.vouched(program.tool):
            pytest.fail("nothing is begun meanwhile")
    assert program.trials == 1
    (outage,) = health.outages
    outage.due, program.works = 0.0, True
    async with health.vouched(program.tool):
        pass
    assert health.outages == ()
    assert program.trials == 2


async def test_many_failures_of_one_moment_share_a_trial() -> None:
    """A trial that began after the failing work did is enough for all of it."""
    health, program = ToolHealth(), Program()

    async def one() -> None:
        async with health.vouched(program.tool):
            await asyncio.sleep(0)
            raise Permanent("bad")

    found = await asyncio.gather(*(one() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(each, Permanent) for each in found)
    assert program.trials == 1
    # What begins later is judged anew.
    program.works = False
    with pytest.raises(ToolFault):
        await one()


async def test_a_tool_that_hangs_does_not_keep_its_user() -> None:
    """Work that lasts is ended as soon as the sample does not come to its end either; else it goes on."""
    health, program = ToolHealth(), Program()
    async with health.vouched(program.tool, patience=0.01):
        while not program.trials:
            await asyncio.sleep(0.01)
    program.hangs = True
    with pytest.raises(ToolFault, match="does not come to an end"):
        async with health.vouched(program.tool, patience=0.01):
            await asyncio.Event().wait()


async def test_cancelled_it_is_cancelled() -> None:
    """A stop is never taken for a fault of the tool."""
    health, program = ToolHealth(), Program()

    async def work() -> None:
        async with health.vouched(program.tool, patience=60.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert program.trials == 0


async def test_it_is_tried_again_by_itself() -> None:
    """`look` tries what is due, and says when it works again; the gap grows with the outage."""
    health, program = ToolHealth(), Program()
    changes: list[int] = []
    health.on_change = lambda: changes.append(len(health.outages))
    program.works = False
    with pytest.raises(ToolFault):
        await health.blame(program.tool, 0.0)
    (outage,) = health.outages
    outage.due, outage.begun = 0.0, outage.begun - 100.0
    pause = await health.look()
    assert 20 < pause <= 30
    (outage,) = health.outages
    outage.due, program.works = 0.0, True
    assert await health.look() == 0.0
    assert changes == [1, 0]


async def test_a_pass_from_before_an_outage_says_nothing() -> None:
    """What passed an hour ago and fails now does not work: who would trust the old trial is told so as well."""
    health, program = ToolHealth(), Program()
    await health.blame(program.tool, time.monotonic())
    program.works = False
    with pytest.raises(ToolFault):
        await health.blame(program.tool, time.monotonic())

    with pytest.raises(ToolFault):
        await health.blame(program.tool, time.monotonic() - 3600)


async def test_all_are_tried_at_once() -> None:
    """Where a person says so: whoever waits looks again."""
    health, program, told = ToolHealth(), Program(), list[str]()
    health.hasten()
    health.on_change = lambda: told.append("changed")
    program.works = False
    with pytest.raises(ToolFault):
        await health.blame(program.tool, time.monotonic())
    health.hasten()
    (outage,) = health.outages
    assert outage.due <= time.monotonic()
    assert told == ["changed", "changed"]


@pytest.mark.parametrize("error", [OSError("no such file"), MemoryError()])
async def test_what_a_trial_cannot_do(error: Exception) -> None:
    """Its words are told, or what it is called."""

    async def trial() -> None:
        raise error

    told = await failure(Tool("prog", "prog", trial))
    assert told is not None
    assert f"({str(error) or 'MemoryError'})" in told
