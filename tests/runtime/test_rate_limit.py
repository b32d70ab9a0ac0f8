"""The limit to the bytes a second."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from telespool.runtime import rate_limit
from telespool.runtime.rate_limit import RateLimit


class Clock:
    """A loop whose time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        """What it shows."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let that time pass."""
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the limit goes by."""
    clock = Clock()
    loop = SimpleNamespace(get_running_loop=lambda: clock, sleep=clock.sleep)
    monkeypatch.setattr(rate_limit, "asyncio", loop)
    return clock


async def test_many_parts_pass_at_the_rate(clock: Clock) -> None:
    """A minute's worth of parts takes a minute, however many ask."""
    limit = RateLimit(lambda: 2_000_000.0)
    for _ in range(240):
        await limit.take(500_000)
    assert clock.now == pytest.approx(60.0, rel=0.05)


async def test_without_a_limit_nobody_waits(clock: Clock) -> None:
    """No limit, no wait; one that ends lets go of who waits for it."""
    rates = [None, 1000.0, None]
    limit = RateLimit(lambda: rates[0])
    await limit.take(1 << 30)
    assert clock.now == 0
    rates.pop(0)
    await limit.take(1000)
    waiting = asyncio.ensure_future(limit.take(1000_000))
    await asyncio.sleep(0)
    rates.pop(0)
    await waiting
    assert clock.now < 10
