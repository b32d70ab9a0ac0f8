"""done/ → gone: archives and originals after one age, or where they take too much room; receipts after another.

What is forgotten, `telespool.pipeline.forget.retention_plan` plans; `telespool prune --dry-run` shows the same plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.pipeline.forget.retention_plan import carry_out, plan
from telespool.pipeline.worker import Worker, log
from telespool.runtime.cancellation import in_thread
from telespool.runtime.waits import Wait

if TYPE_CHECKING:
    from telespool.pipeline.worker import WorkerContext

_LOOK_AGAIN = 3600.0
_SHOWN = 20
"""So many of those that are kept does `telespool status` name."""
_SOON = 300.0


class Retention(Worker):
    """Forgets what is old, or too much."""

    name = "retention"
    hears = ()

    def __init__(self, context: WorkerContext) -> None:
        super().__init__(context)
        self._said: set[str] = set()

    async def step(self) -> float:
        """Scan done/ once."""
        settings = self.config.retention
        now, up = self.spool.clock(), self.spool.uptime()
        found = await in_thread(plan, self.spool, settings, self.config.chats, now, up)
        if found.doubt and found.doubt not in self._said:
            log.warning("retention.clock_doubted", reason=found.doubt)
        for kept in found.kept:
            if str(kept) not in self._said:
                log.warning("retention.kept", job=kept.job, unit=kept.unit, reason=str(kept))
        self.context.activity.waits.end(self.name)
        for kept in found.kept[:_SHOWN]:
            wait = Wait(str(kept), scope="job", whom=kept.job, kind="person")
            self.context.activity.waits.begin(self.name, wait)
        self._said = {found.doubt, *(str(kept) for kept in found.kept)}
        for step in found.steps:
            await in_thread(carry_out, self.spool, step)
            unit = str(step.entry.unit) if step.entry is not None else None
            log.info("retention.removed", job=step.job, unit=unit, bytes=step.size, reason=step.why)
            self.alive()
        return _SOON if settings.space else _LOOK_AGAIN
