"""Write sizes, times and durations for people."""

from __future__ import annotations

import time

from telespool.config.units import human_size as size
from telespool.spool.names import Job

__all__ = ["count", "job", "moment", "size", "span"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def span(seconds: float) -> str:
    """Write a duration (in seconds): 8 s, 3 min, 2 h 5 min, 4 days."""
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 100 * _MINUTE:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        hours, minutes = divmod(round(seconds / _MINUTE), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{seconds / _DAY:.0f} days"


def moment(when: float, now: float | None = None) -> str:
    """Write a time: 12:03:22 if it is within half a day, else with its date."""
    now = time.time() if now is None else now
    near = abs(when - now) < _DAY / 2
    return time.strftime("%H:%M:%S" if near else "%Y-%m-%d %H:%M", time.localtime(when))


def job(name: str) -> str:
    """Return what people call a job: the name of the drop."""
    parsed = Job.parse(name)
    return parsed.slug if parsed else name


def count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: 1 file, 2 files."""
    return f"{number} {one if number == 1 else many or one + 's'}"
