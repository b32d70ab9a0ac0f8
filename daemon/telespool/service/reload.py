"""Run the service until a signal ends it: SIGTERM, SIGINT and SIGHUP.

SIGTERM and SIGINT end it cleanly, within seconds. SIGHUP reads the configuration again: if the service could work with
it, the service is rebuilt as soon as the unit that is being sent has arrived; if not, what is wrong is logged and
everything stays as it was. What turns out only later (Telegram has ended the login) brings the service before back.
SIGHUP of a terminal that was closed ends the service instead (`runtime.signals`).
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import structlog

from telespool.errors import ConfigError, LoginNeeded, SpoolBusy, Temporary
from telespool.runtime import signals
from telespool.service.preflight import obstacles
from telespool.service.sd_notify import SdNotify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telespool.service.service import Service

log = structlog.get_logger()


async def run_until_signal(
    make: Callable[[Service | None], Service], *, until_idle: bool = False
) -> None:
    """Run the service that `make(None)` makes; ConfigError and what leaves `Service.run` leave it.

    `make(service)` makes another one with the configuration of this one.
    """
    loop = asyncio.get_running_loop()
    runner = _Runner(make)
    actions = {
        signal.SIGTERM: runner.stop,
        signal.SIGINT: runner.stop,
        signal.SIGHUP: runner.hang_up,
    }
    for number, action in actions.items():
        loop.add_signal_handler(number, action)
    try:
        # What came before this point. The configuration was read after it, so a reload is done already.
        came = signals.early()
        if signal.SIGTERM in came or (signal.SIGHUP in came and signals.terminal_is_gone()):
            log.info("service.stopped")
            return
        await runner.run(until_idle=until_idle)
    finally:
        for number in actions:
            loop.remove_signal_handler(number)


class _Runner:
    """Holds the service that runs, and the one that replaces it at a reload."""

    def __init__(self, make: Callable[[Service | None], Service]) -> None:
        self._make = make
        self._notify = SdNotify()
        self._service = make(None)
        self._before: Service | None = None
        self._next: Service | None = None
        self._task: asyncio.Task[None] | None = None
        self._handing_over: asyncio.Task[None] | None = None

    async def run(self, *, until_idle: bool) -> None:
        while True:
            self._service.activate()
            self._task = asyncio.create_task(
                self._service.run(until_idle=until_idle), name="service"
            )
            try:
                await self._task
            except asyncio.CancelledError:
                if self._next is None:
                    log.info("service.stopped")
                    return
                self._before, self._service, self._next = self._service, self._next, None
                log.info("config.reloaded")
            except (ConfigError, LoginNeeded, SpoolBusy, Temporary) as error:
                if self._before is None or self._service.has_worked:
                    raise
                log.warning("config.reload_failed", reason=str(error))
                self._service, self._before = self._make(self._before), None
            else:
                return

    def stop(self) -> None:
        """Stop the service; work under way is resumed at the next start."""
        self._notify.stopping("stopping")
        self._next = None
        if self._handing_over:
            self._handing_over.cancel()
        if self._task:
            self._task.cancel()

    def hang_up(self) -> None:
        """Stop if the terminal was closed, else reload the configuration."""
        if signals.terminal_is_gone():
            self.stop()
        else:
            self.reload()

    def reload(self) -> None:
        """Reload the configuration, if the service could work with it."""
        problems: Sequence[str]
        try:
            service = self._make(None)
            problems = obstacles(service, self._service)
        except ConfigError as error:
            problems = error.problems
        if problems:
            for problem in problems:
                log.warning("config.reload_refused", problem=problem)
            return
        self._next = service
        if self._handing_over is None or self._handing_over.done():
            self._handing_over = asyncio.create_task(self._hand_over(), name="reload")

    async def _hand_over(self) -> None:
        """Wait until no unit is being sent, then stop the old service so that the new one starts."""
        async with self._service.sending:
            self._notify.reloading()
            if self._task:
                self._task.cancel()
                await asyncio.wait([self._task])
