"""done/ → gone: archives and originals after one age, receipts after another. Quarantine is never emptied.

A job is forgotten as a whole when its receipts are old enough; before that, its archive and originals are dropped and
the names stay. Delivered files of a job whose archive is kept hold no data in the first place.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemon.names import Job
from daemon.workers.base import Worker, log

if TYPE_CHECKING:
    from daemon.folders import Entry

_LOOK_AGAIN = 3600.0


class Retention(Worker):
    """Forgets what is old."""

    name = "retention"
    hears = ()

    async def step(self) -> float:
        """Look through done/ once."""
        for job in await asyncio.to_thread(self.spool.jobs, "done"):
            await asyncio.to_thread(self._look, job)
        return _LOOK_AGAIN

    def _look(self, job: str) -> None:
        parsed = Job.parse(job)
        if parsed is None or not self.spool.is_over(job):
            return
        age = self.spool.clock() - parsed.claimed
        settings = self.config.retention
        if age > max(settings.receipts, settings.archives):
            self.spool.forget(job)
            log.info("forgotten", job=job)
        elif age > settings.archives:
            for entry in self.spool.units("done", job):
                if self._holds_data(entry):
                    self.spool.forget_data(entry)
                    log.info("dropped", job=job, unit=str(entry.unit))

    def _holds_data(self, entry: Entry) -> bool:
        if entry.unit.first == 0:
            return True
        return any(member.path.stat().st_size for member in self.spool.members(entry))
