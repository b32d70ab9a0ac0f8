"""When posts may be made: at the hours of the configuration, and no more of them in an hour than it says.

What was posted in the last hour is read from done/ once: a restart is no way around it.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

from telespool.config.schedule import opens_at
from telespool.runtime import plain_files
from telespool.runtime.waits import Wait

if TYPE_CHECKING:
    from telespool.config.schema import SendSettings
    from telespool.spool import Spool

_HOUR = 3600.0


class SendingTimes:
    """Says when the next post may be made."""

    def __init__(self, settings: SendSettings, spool: Spool) -> None:
        self._settings = settings
        self._spool = spool
        self._posted: deque[float] | None = None

    def wait(self, now: float) -> Wait | None:
        """What to wait for at `now` (seconds since the epoch); None where a post may be made. Blocks once."""
        hours = self._settings.hours
        if (until := opens_at(hours, now)) is not None:
            return Wait(f"Posts are sent at {hours} alone ([send] hours).", until, kind="hours")
        pace = self._settings.pace
        if not pace:
            return None
        posted = self._lately(now)
        if len(posted) < pace:
            return None
        reason = f"{pace} posts were made in the last hour, which is the most ([send] pace)."
        return Wait(reason, posted[-pace] + _HOUR, kind="hours")

    def posted(self, now: float) -> None:
        """A post was made."""
        if self._posted is not None:
            self._posted.append(now)

    def _lately(self, now: float) -> deque[float]:
        """When posts were made in the last hour, in their order."""
        if self._posted is None:
            found = []
            for job in self._spool.jobs_since(now - _HOUR):
                for entry in self._spool.units("done", job):
                    if entry.unit.message is not None:
                        with contextlib.suppress(FileNotFoundError):
                            found.append(plain_files.lstat(entry.path).st_ctime)
            self._posted = deque(sorted(found))
        # A clock that was put back has posts in the future: they do not count.
        self._posted = deque(each for each in self._posted if now - _HOUR < each <= now)
        return self._posted
