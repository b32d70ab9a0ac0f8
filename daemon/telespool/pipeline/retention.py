"""done/ → gone: archives and originals after one age, or where they take too much room; receipts after another.

What is forgotten, `telespool.pipeline.retention_plan` plans; `telespool prune --dry-run` shows the same plan.
"""

from __future__ import annotations

import asyncio

from telespool.pipeline.retention_plan import carry_out, plan
from telespool.pipeline.worker import Worker, log

_LOOK_AGAIN = 3600.0
_SOON = 300.0


class Retention(Worker):
    """Forgets what is old, or too much."""

    name = "retention"
    hears = ()

    async def step(self) -> float:
        """Look through done/ once."""
        settings = self.config.retention
        for step in await asyncio.to_thread(plan, self.spool, settings, self.spool.clock()):
            await asyncio.to_thread(carry_out, self.spool, step)
            unit = str(step.entry.unit) if step.entry is not None else None
            log.info("forgotten", job=step.job, unit=unit, bytes=step.size, reason=step.why)
            self.alive()
        return _SOON if settings.space else _LOOK_AGAIN
