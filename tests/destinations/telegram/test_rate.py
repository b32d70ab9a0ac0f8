"""A limit of bytes a second, counted over a minute of four connections."""

from __future__ import annotations

import asyncio

import pytest

from telespool.config.schedule import Rate
from telespool.destinations.telegram.flow_control import PART, FlowControl
from telespool.runtime.rate_limit import RateLimit
from tests.runtime.virtual_time import VirtualLoop

MINUTE = 60.0
CONNECTIONS = 4


async def _minute(limit: RateLimit, trip: float) -> int:
    """The bytes that arrive within a minute over all connections; a part takes `trip` seconds there."""
    flow = FlowControl(limit=limit)
    arrived = 0

    async def connection() -> None:
        nonlocal arrived
        while True:
            await flow.enter(PART)
            await asyncio.sleep(trip)
            arrived += PART
            flow.leave(PART, trip)

    tasks = [asyncio.ensure_future(connection()) for _ in range(CONNECTIONS)]
    await asyncio.sleep(MINUTE)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return arrived


@pytest.mark.parametrize("trip", [0.01, 0.3, 0.9])
def test_a_rate_over_four_connections(trip: float) -> None:
    """What arrives in a minute is within 5 % of the rate, whatever the way takes; without a limit it is far more."""
    rate = Rate.parse("2 MB/s").at(0.0)
    assert rate is not None
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        arrived = runner.run(_minute(RateLimit(lambda: rate), trip))
        free = runner.run(_minute(RateLimit(lambda: None), trip))
    assert arrived == pytest.approx(rate * MINUTE, rel=0.05)
    assert free > 1.05 * arrived
