"""Sizes, times and spans as people read them."""

from __future__ import annotations

import time

from telespool.config.units import human_size as size
from telespool.spool.names import Job

__all__ = ["count", "job", "moment", "size", "span"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def span(seconds: float) -> str:
    """A length of time: 8 s, 3 min, 2 h 5 min, 4 days."""
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 100 * _MINUTE:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        hours, minutes = divmod(round(seconds / _MINUTE), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{seconds / _DAY:.0f} days"


def moment(when: float, now: float | None = None) -> str:
    """A moment: 12:03:22 if it is near, with its date if it is not."""
    now = time.time() if now is None else now
    near = abs(when - now) < _DAY / 2
    return time.strftime("%H:%M:%S" if near else "%Y-%m-%d %H:%M", time.localtime(when))


def job(name: str) -> str:
    """What people call a job: what they dropped."""
    parsed = Job.parse(name)
    return parsed.slug if parsed else name


def count(number: int, one: str, many: str = "") -> str:
    """A number and its noun: 1 file, 2 files."""
    return f"{number} {one if number == 1 else many or one + 's'}"
