"""Write sizes, times and durations for people."""

from __future__ import annotations

import time

from telespool.config.units import human_count as count
from telespool.config.units import human_size as size
from telespool.config.units import human_span as span
from telespool.spool.names import Job

__all__ = ["count", "job", "moment", "size", "span"]

_DAY = 86400


def moment(when: float, now: float | None = None) -> str:
    """Write a time: 12:03:22 if it is within half a day, else with its date."""
    now = time.time() if now is None else now
    near = abs(when - now) < _DAY / 2
    return time.strftime("%H:%M:%S" if near else "%Y-%m-%d %H:%M", time.localtime(when))


def job(name: str) -> str:
    """Return what people call a job: the name of the drop."""
    parsed = Job.parse(name)
    return parsed.slug if parsed else name
