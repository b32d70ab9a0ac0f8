"""Taking the numbers again and again while the daemon runs: into a file, and at an address of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from telespool.config.schema import MetricsSettings
    from telespool.observe.metrics import Metrics

log = structlog.get_logger()

_SHARE = 20.0  # counting may take a twentieth of the time


async def keep(metrics: Metrics, settings: MetricsSettings) -> None:
    """Count until cancelled; the last count says that the daemon is down."""
    with contextlib.ExitStack() as stack:
        if settings.listen:
            try:
                stack.enter_context(metrics.served(settings.listen))
            except OSError as error:
                log.warning("metrics.failed", address=settings.listen, reason=str(error))
        try:
            while True:
                begun = time.monotonic()
                await asyncio.to_thread(_count, metrics, settings)
                taken = time.monotonic() - begun
                await asyncio.sleep(max(settings.interval, taken * _SHARE))
        finally:
            metrics.end()
            _write(metrics, settings)


def _count(metrics: Metrics, settings: MetricsSettings) -> None:
    try:
        metrics.count()
    except OSError as error:  # a folder may not be read: the numbers of before stand
        log.warning("metrics.failed", file=str(error.filename), reason=str(error))
    _write(metrics, settings)


def _write(metrics: Metrics, settings: MetricsSettings) -> None:
    try:
        if settings.file is not None:
            metrics.write(settings.file)
    except OSError as error:
        # Numbers that cannot be written are no reason to stop posting.
        log.warning("metrics.failed", file=str(settings.file), reason=str(error))
