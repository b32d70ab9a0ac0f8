"""Tells of the jobs that wait because a folder of theirs may not be read: once in the log, as a wait in the status."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from telespool.runtime.throttle import Throttle
from telespool.runtime.waits import Wait
from telespool.spool import recovery, rights
from telespool.spool.layout import WORKING

if TYPE_CHECKING:
    from telespool.runtime.waits import Waits
    from telespool.spool import Spool

log = structlog.get_logger()

_AGAIN = 2.0  # seconds between two tries
_WHO_WAITS = "folders"  # not one worker: all of them


class LockedJobWaits:
    """The waits of such jobs. They begin and end as the workers find the folders."""

    def __init__(self, spool: Spool, waits: Waits, max_deaths: int) -> None:
        self._spool = spool
        self._waits = waits
        self._max_deaths = max_deaths
        self._pace = Throttle(_AGAIN)
        self._lock = threading.Lock()
        self._told: dict[str, str] = {}

    @property
    def may_have_changed(self) -> bool:
        """Whether there is something to tell, or was."""
        return bool(self._spool.locked or self._told)

    def tell(self) -> None:
        """Begin the waits of jobs that are locked now, and end the others. Blocks; another thread may do so already."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if not self._pace.left():
                with self._pace:
                    self._look_again()
            self._tell()
        finally:
            self._lock.release()

    def _look_again(self) -> None:
        locked = self._spool.locked
        before = locked.errors()
        locked.look_again(self._spool.units)
        for sentence in recovery.recover_later(self._spool, self._max_deaths):
            log.info("crash.recovered", what=sentence)
        if before.keys() - locked.errors().keys():
            self._spool.changed(WORKING)

    def _tell(self) -> None:
        before, self._told = self._told, {}
        for job, error in self._spool.locked.errors().items():
            # The words depend on what the folder is like now: they are found once, while it is as it was refused.
            said = self._told[job] = str(error)
            if before.get(job) == said:
                continue
            _, sentence = rights.refused(error, self._spool.root) or ("", said)
            reason = f"{sentence}; this job waits, the others go on"
            log.error("job.locked", job=job, reason=reason)
            self._waits.begin(_WHO_WAITS, Wait(reason, scope="job", whom=job, kind="disk"))
        for job in before.keys() - self._told.keys():
            self._waits.end(_WHO_WAITS, job)
