"""Running the service until somebody ends it: what SIGTERM, SIGINT and SIGHUP mean.

SIGTERM and SIGINT end it cleanly, within seconds. SIGHUP reads the configuration again: if it is right, the service
is made anew with it as soon as the unit that is being sent has arrived; if it is wrong, its mistakes are logged and
everything stays as it was.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import structlog

from telespool.errors import ConfigError
from telespool.service.sd_notify import SdNotify

if TYPE_CHECKING:
    from collections.abc import Callable

    from telespool.service.service import Service

log = structlog.get_logger()


async def run_until_signal(make: Callable[[], Service], *, until_idle: bool = False) -> None:
    """Run the service that `make` makes; ConfigError and what leaves `Service.run` leave it."""
    loop = asyncio.get_running_loop()
    runner = _Runner(make)
    numbers = {
        signal.SIGTERM: runner.stop,
        signal.SIGINT: runner.stop,
        signal.SIGHUP: runner.reload,
    }
    for number, action in numbers.items():
        loop.add_signal_handler(number, action)
    try:
        await runner.run(until_idle=until_idle)
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


class _Runner:
    """The service that runs, and the one that will run after it."""

    def __init__(self, make: Callable[[], Service]) -> None:
        self._make = make
        self._notify = SdNotify()
        self._service = make()
        self._next: Service | None = None
        self._task: asyncio.Task[None] | None = None
        self._handing_over: asyncio.Task[None] | None = None

    async def run(self, *, until_idle: bool) -> None:
        while True:
            self._task = asyncio.create_task(
                self._service.run(until_idle=until_idle), name="service"
            )
            try:
                await self._task
            except asyncio.CancelledError:
                if self._next is None:
                    log.info("stopped")
                    return
                self._service, self._next = self._next, None
                log.info("goes on with the configuration as it is now")
            else:
                return

    def stop(self) -> None:
        """End it; what is under way is taken up again at the next start."""
        self._notify.stopping("stopping")
        self._next = None
        if self._handing_over:
            self._handing_over.cancel()
        if self._task:
            self._task.cancel()

    def reload(self) -> None:
        """Go on with the configuration as it is now, if there is no mistake in it."""
        try:
            self._next = self._make()
        except ConfigError as error:
            for problem in error.problems:
                log.warning("wrong configuration, the one before stays", problem=problem)
            return
        if self._handing_over is None or self._handing_over.done():
            self._handing_over = asyncio.create_task(self._hand_over(), name="reload")

    async def _hand_over(self) -> None:
        """Wait until no unit is being sent, then end the one so that the other begins."""
        async with self._service.sending:
            self._notify.reloading()
            if self._task:
                self._task.cancel()
                await asyncio.wait([self._task])
