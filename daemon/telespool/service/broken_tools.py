"""Programs that do not work: told as waits, and tried again and again until they do."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.runtime.tool_health import HEALTH
from telespool.runtime.waits import Wait
from telespool.spool.layout import WORKING

if TYPE_CHECKING:
    from telespool.runtime.waits import Waits
    from telespool.runtime.wakeups import WakeupBus

_NAME = "tools"


async def keep(waits: Waits, wakeups: WakeupBus) -> None:
    """Run until it is cancelled; whoever waits is woken when all programs work again."""
    changed, broken = asyncio.Event(), False
    HEALTH.on_change = changed.set
    while True:
        changed.clear()
        pause = await HEALTH.look() or None
        waits.end(_NAME)
        for outage in HEALTH.outages:
            wait = Wait(outage.reason, outage.until, "worker", outage.tool.name, "tool")
            waits.begin(_NAME, replace(wait, since=outage.since))
        if broken and not HEALTH.outages:
            wakeups.ring(WORKING)
        broken = bool(HEALTH.outages)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await changed.wait()
