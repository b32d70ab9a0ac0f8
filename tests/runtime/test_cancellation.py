"""Cleaning up that is not broken off."""

from __future__ import annotations

import asyncio
import threading

import pytest

from telespool.media.ffmpeg_process import finish
from telespool.runtime import subprocesses
from telespool.runtime.cancellation import check, clean_up, in_thread, shielded_until_done


async def test_what_it_waits_for_comes_out() -> None:
    """A value is returned, an error raised."""

    async def value() -> int:
        await asyncio.sleep(0)
        return 7

    async def error() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    assert await shielded_until_done(value()) == 7
    with pytest.raises(ValueError, match="no"):
        await shielded_until_done(error())


async def cancel(task: asyncio.Task[None], times: int, may_end: asyncio.Event) -> None:
    """Cancel a task so often, each time in vain; it leaves, cancelled, once its work may end."""
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_cancelled_it_leaves_when_the_work_is_done(times: int) -> None:
    """However often it is cancelled, the work comes to its end first."""
    may_end, ended = asyncio.Event(), []

    async def work() -> None:
        await may_end.wait()
        ended.append(True)

    task = asyncio.create_task(shielded_until_done(work()))
    await asyncio.sleep(0)
    await cancel(task, times, may_end)
    assert ended == [True]


async def test_a_child_is_ended_though_its_ending_is_cancelled() -> None:
    """Nobody else would see to it: it would be a zombie, and its pipes open."""
    process = await subprocesses.start(["sleep", "60"])
    ending = asyncio.create_task(subprocesses.end(process))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert process.returncode is not None


async def test_tasks_that_are_cancelled_twice_end_before_those_who_wait_for_them() -> None:
    """One fails, the others are ended; while they clean up, all of it is cancelled once more."""
    cleaning, may_end, ended = asyncio.Event(), asyncio.Event(), []

    async def fails() -> None:
        raise ValueError("no")

    async def cleans_up() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaning.set()
            await shielded_until_done(may_end.wait())
            ended.append(True)

    other = asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    task = asyncio.create_task(finish(asyncio.create_task(fails()), other))
    await cleaning.wait()
    await cancel(task, 1, may_end)
    assert ended == [True]


async def test_a_thread_has_ended_before_its_cancellation_leaves() -> None:
    """Whoever is cancelled while a thread works for it goes on cleaning up when that has ended, not beside it."""
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        may_end.wait()
        ended.append(True)
        raise FileNotFoundError  # cancelled all the same

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_long_work_in_a_thread_is_broken_off() -> None:
    """A loop that asks now and then ends at once when whoever waits for it is cancelled."""
    begun = threading.Event()

    def work() -> None:
        while True:
            begun.set()
            check()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_a_thread_gives_or_raises_comes_out() -> None:
    """A value is returned, an error raised, whatever it is."""

    def stop() -> None:
        raise StopIteration("no")

    assert await in_thread(max, 3, 7) == 7
    with pytest.raises((StopIteration, RuntimeError)):
        await in_thread(stop)
    with pytest.raises(ValueError, match="x"):
        await in_thread(int, "x")


async def test_a_clean_up_raises_nothing_of_its_own() -> None:
    """What is gone needs no cleaning up: the cancellation that is on its way goes on."""

    def gone() -> None:
        raise FileNotFoundError("a person took it away")

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await clean_up(gone)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_calls_wait_for_each_other_only_where_there_are_too_many() -> None:
    """Some block at the same time, each in a thread of its own; more calls than threads end as well, each with its result."""
    here = threading.Barrier(4)
    await asyncio.gather(*(in_thread(here.wait, 30) for _ in range(4)))
    assert await asyncio.gather(*(in_thread(pow, 2, n) for n in range(200))) == [
        2**n for n in range(200)
    ]
