"""Threads for calls that block: one serves what is short, others come where it takes long, and nobody is left to wait."""

from __future__ import annotations

import asyncio
import threading

import pytest

from telespool.runtime import threads
from telespool.runtime.cancellation import in_thread
from tests.patience import longest


async def test_short_calls_are_served_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred calls that come at once are served by one thread, while none takes long: others would be in its way."""
    monkeypatch.setattr(threads, "PATIENCE", 600.0)
    served = await asyncio.gather(*(in_thread(threading.get_ident) for _ in range(100)))
    assert len(set(served)) == 1


async def test_who_is_short_does_not_wait_for_who_takes_long() -> None:
    """While calls block, in as many threads as there may be but one, short ones are served all the same."""
    over = threading.Event()
    blocked = [asyncio.ensure_future(in_thread(over.wait)) for _ in range(threads._MOST - 1)]
    try:
        async with asyncio.timeout(longest(10)):
            assert await asyncio.gather(*(in_thread(str, number) for number in range(20)))
        assert not any(each.done() for each in blocked)
    finally:
        over.set()
    await asyncio.gather(*blocked)


async def test_more_than_there_are_threads() -> None:
    """What finds all of them busy is served by the next one that is free; in the end all have their answers."""
    over = threading.Semaphore(0)
    waiting = [asyncio.ensure_future(in_thread(over.acquire)) for _ in range(3 * threads._MOST)]
    last = asyncio.ensure_future(in_thread(str, 7))
    over.release(len(waiting))
    async with asyncio.timeout(longest(10)):
        assert await last == "7"
        assert all(await asyncio.gather(*waiting))


async def test_each_gets_its_own_answer() -> None:
    """However many end at once, and whatever they end with."""

    def answer(number: int) -> int:
        if number % 3 == 0:
            raise ValueError(number)
        return number

    told = await asyncio.gather(
        *(in_thread(answer, number) for number in range(300)), return_exceptions=True
    )
    assert [str(each) for each in told] == [str(number) for number in range(300)]


def test_a_loop_that_ended_keeps_no_thread() -> None:
    """A loop that is closed while a call is under way leaves the threads to the next one."""
    begun, over = threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        over.wait()

    async def leave() -> None:
        threads.begun(block)
        await asyncio.to_thread(begun.wait)

    asyncio.run(leave())
    over.set()

    async def ask() -> str:
        async with asyncio.timeout(longest(10)):
            return await in_thread(str, 1)

    assert [asyncio.run(ask()) for _ in range(3)] == ["1"] * 3


async def test_a_call_must_not_raise_into_the_thread() -> None:
    """What is raised leaves where it is awaited, a BaseException too, and the thread serves on."""

    def stop() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        await in_thread(stop)
    assert await in_thread(str, 2) == "2"
