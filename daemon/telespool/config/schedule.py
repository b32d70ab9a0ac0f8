"""Times of the day: when posts may be sent, and how fast.

hours = "08:00-22:00"                          from eight to ten in the evening, by the clock of this machine
rate = "2 MB/s, 22:00-07:00 off"               two megabytes a second, at night without a limit
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from telespool.config.units import read_size

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """A part of each day, in minutes since midnight; one that ends before it begins goes over midnight."""

    begin: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read "HH:MM-HH:MM"; ValueError where it is none, or has no length."""
        match = _SPAN.fullmatch(text.strip())
        if match is None:
            raise ValueError(text)
        hours = [int(group) for group in match.groups()]
        begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if max(hours[1], hours[3]) > 59 or max(begin, end) > _DAY or begin % _DAY == end % _DAY:
            raise ValueError(text)
        return cls(begin % _DAY, end % _DAY)

    def holds(self, minute: int) -> bool:
        """Whether this minute of the day lies in it."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end

    def __str__(self) -> str:
        return "-".join(f"{each // 60:02d}:{each % 60:02d}" for each in (self.begin, self.end))


@dataclass(frozen=True, slots=True)
class Rate:
    """Bytes a second, and what holds instead in some parts of the day; None is no limit."""

    usual: float | None
    spans: tuple[tuple[Span, float | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read "RATE" or "RATE, HH:MM-HH:MM RATE, …", where a rate is "2 MB/s" or "off"; ValueError."""
        first, *others = text.split(",")
        spans = []
        for other in others:
            span, _, rate = other.strip().partition(" ")
            spans.append((Span.parse(span), _rate(rate)))
        return cls(_rate(first), tuple(spans))

    def at(self, moment: float) -> float | None:
        """What holds at this moment (seconds since the epoch), by the clock of this machine."""
        minute = minute_of_day(moment)
        return next((rate for span, rate in self.spans if span.holds(minute)), self.usual)


def _rate(text: str) -> float | None:
    text = text.strip()
    if text == "off":
        return None
    if not text.endswith("/s"):
        raise ValueError(text)
    rate = float(read_size(text.removesuffix("/s").strip()))
    if rate < 1024:
        raise ValueError(text)
    return rate


def minute_of_day(moment: float) -> int:
    """The minute of the day of this machine's clock at a moment (seconds since the epoch)."""
    local = time.localtime(moment)
    return local.tm_hour * 60 + local.tm_min


def opens_at(hours: str, moment: float) -> float | None:
    """When what is open at these hours opens again, in seconds since the epoch; None where it is open now."""
    if not hours:
        return None
    span = Span.parse(hours)
    minute = minute_of_day(moment)
    if span.holds(minute):
        return None
    return moment - moment % 60 + ((span.begin - minute) % _DAY) * 60
