"""How old a job surely is, whatever the clock says.

The clock of the wall can be wrong by years: a board without a battery starts in the past, a mistyped date lies in the
future. A difference of two of its times is no age, so nothing irreversible may follow from it alone. What supports an
age:

* the present boot: the kernel counts the seconds since it started, and nobody can set that count;
* the spool's own traces: each job's name has the time of its claim. Where drops came in again and again, the time
  between them was lived through. Of a long gap without a trace at most `GAP` counts.

So one jump of the clock makes nothing older than `GAP`, and who drops now and then sees ages as they are. An age that
is not supported is too small, never too large: what is kept longer than it need be does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.spool.layout import FOLDERS
from telespool.spool.names import Job

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telespool.spool.layout import SpoolLayout

GAP = 7 * 86400.0
"""Seconds without a trace that are believed where something is to be forgotten."""

SHORT_GAP = 6 * 3600.0
"""The same where something that could not be sent is to be given up."""


class Ages:
    """The ages of jobs, in seconds, as the clock says `now` and `uptime` seconds after the kernel started."""

    def __init__(
        self, claims: Iterable[float], now: float, uptime: float, gap: float = GAP
    ) -> None:
        """Take the times of all claims, in seconds since the epoch; those that are still to come say nothing."""
        self._now = now
        self._supported: dict[float, float] = {}
        later, lived = now, 0.0
        for claim in sorted({claim for claim in claims if claim <= now}, reverse=True):
            seen = max(0.0, later - max(claim, now - uptime))  # by the present boot
            lived += seen + min(later - claim - seen, gap)
            self._supported[claim] = lived
            later = claim

    @classmethod
    def of(cls, folders: SpoolLayout, now: float, uptime: float, gap: float = GAP) -> Ages:
        """Read the names of all jobs. Blocks."""
        jobs = (Job.parse(job) for folder in FOLDERS for job in folders.jobs(folder))
        return cls((job.claimed for job in jobs if job is not None), now, uptime, gap)

    def age(self, claimed: float) -> float:
        """Return how old a job of this claim surely is; 0 where the claim is still to come."""
        return self._supported.get(claimed, 0.0)

    def doubts(self, claimed: float, limit: float) -> bool:
        """Return whether the clock alone says that a job is older than this."""
        return self._now - claimed > limit >= self.age(claimed)
