"""Read and write durations and sizes as people do.

    10s   1.5h   2 days   1h 30min   90        seconds, where no unit is given
    512 KiB   2 GiB   10 MB   4096             bytes, where no unit is given; KiB is 1024, kB is 1000

What `write_duration` and `write_size` write, `read_duration` and `read_size` read back as the same number.
Units may be written in capitals or not, with or without a space. Both readers raise `ValueError`; its text
is of no use to a person, the caller knows the key and says what would be right.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

_SECONDS = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), Fraction(1, 1000)),
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), Fraction(1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), Fraction(60)),
    **dict.fromkeys(("h", "hr", "hour", "hours"), Fraction(3600)),
    **dict.fromkeys(("d", "day", "days"), Fraction(86400)),
    **dict.fromkeys(("w", "week", "weeks"), Fraction(604800)),
}
_BYTES = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1),
    **{f"{letter}ib": 1 << 10 * power for power, letter in enumerate("kmgtp", start=1)},
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgtp", start=1)},
}
_NUMBER = r"(\d+(?:\.\d+)?)\s*([a-z]*)"
_ONE = re.compile(_NUMBER, re.ASCII)
_SEVERAL = re.compile(rf"(?:{_NUMBER}\s*)+", re.ASCII)


def read_duration(text: str) -> float:
    """Give the seconds; several parts add up ("1h 30min"). ValueError if it is no duration."""
    text = text.strip().lower()
    if not _SEVERAL.fullmatch(text):
        raise ValueError(text)
    parts = _ONE.findall(text)
    if len(parts) > 1 and any(not unit for _, unit in parts):
        raise ValueError(text)
    try:
        return float(sum((Fraction(number) * _SECONDS[unit] for number, unit in parts), Fraction()))
    except (KeyError, OverflowError) as error:
        raise ValueError(text) from error


def write_duration(seconds: float) -> str:
    """Write seconds (finite, not negative) in the largest unit that fits without a remainder."""
    for length, one, many in ((86400, " day", " days"), (3600, "h", "h"), (60, "min", "min")):
        count, rest = divmod(Fraction(seconds), length)
        if count and not rest:
            return f"{count}{one if count == 1 else many}"
    return f"{_plain(seconds)}s"


def read_size(text: str) -> int:
    """Give the bytes, a fraction of a byte rounded. ValueError if it is no size."""
    match = _ONE.fullmatch(text.strip().lower())
    if not match or match[2] not in _BYTES:
        raise ValueError(text)
    return int(Fraction(match[1]) * _BYTES[match[2]] + Fraction(1, 2))


def write_size(size: int) -> str:
    """Write bytes (not negative) in the largest binary unit that fits without a remainder."""
    for power, letter in ((4, "T"), (3, "G"), (2, "M"), (1, "K")):
        count, rest = divmod(size, 1 << 10 * power)
        if count and not rest:
            return f"{count} {letter}iB"
    return f"{size} B"


def human_size(count: float) -> str:
    """Write bytes for people, rounded: 23.1 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def human_count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: 1 file, 2 files."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def human_span(seconds: float) -> str:
    """Write a duration (in seconds): 8 s, 3 min, 2 h 5 min, 4 days."""
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * 86400:
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{seconds / 86400:.0f} days"


def _plain(number: float) -> str:
    """Write the shortest decimals that are read back as this number, never with an exponent."""
    if not math.isfinite(number):
        raise ValueError(number)
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
