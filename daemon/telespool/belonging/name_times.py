"""When a file was taken, by its name: cameras, phones, messengers and screenshots write it there.

    IMG_20240612_153000  PXL_20240612_133000123  VID-20240612-WA0001  2024-06-12 15.30.00  2024_0612_153000_0001F
    Screenshot 2024-06-12 at 3.30.00 PM  photo_1@12-06-2024_15-30-00  FB_IMG_1718199000123

It is the time of wherever the file was taken; a Pixel, and what counts milliseconds, tells that of the world.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

from telespool.belonging.moment import Taken

_DAY = r"(?<!\d)(?P<year>(?:19|20)\d\d)[-_.]?(?P<month>[01]\d)[-_.]?(?P<day>[0-3]\d)"
_BETWEEN = r"[-_.,T\s]{0,3}(?:[^\W\d_]{1,3}\.?\s)?"  # "_", "T", " at ", " um ", " à "
_HALF = r"(?:\s?(?P<half>[ap])\.?m\b)?"
_MOMENTS = (
    # 20240612_153000, 2024-06-12-15-30-00, 2024-06-12 15.30.00
    _DAY + _BETWEEN + r"(?P<hour>[0-2]\d)[-_.:h]?(?P<minute>[0-5]\d)[-_.:m]?(?P<second>[0-5]\d)" + _HALF,
    # 2024-06-12 at 3.30.00 PM, 2024-06-12 15.30
    _DAY + _BETWEEN + r"(?P<hour>[0-2]?\d)[.:h](?P<minute>[0-5]\d)(?:[.:m](?P<second>[0-5]\d))?(?!\d)" + _HALF,
    # Telegram Desktop: photo_1@12-06-2024_15-30-00
    r"(?<!\d)(?P<day>[0-3]\d)[-.](?P<month>[01]\d)[-.](?P<year>(?:19|20)\d\d)" + r"[-_. ]{1,2}(?P<hour>[0-2]\d)[-.:](?P<minute>[0-5]\d)[-.:](?P<second>[0-5]\d)",
    _DAY + r"(?!\d)",
)  # fmt: skip
_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _MOMENTS)
_SINCE_1970 = re.compile(r"(?<!\d)(1\d{9})(\d{3})(?!\d)")  # milliseconds: FB_IMG_…, mmexport…
_OF_THE_WORLD = ("pxl_",)
_NOON = 12


def by_name(name: str) -> Taken | None:
    """The moment that a name tells; of a day alone its noon; None where it tells none."""
    text = unicodedata.normalize("NFC", name.rpartition("/")[2])
    for pattern in _PATTERNS:
        match = pattern.search(text)
        moment = _moment(match.groupdict()) if match else None
        if moment is not None:
            return Taken(moment, zoned=text.casefold().startswith(_OF_THE_WORLD))
    if match := _SINCE_1970.search(text):
        return Taken(int(match[1]) + int(match[2]) / 1000, zoned=True)
    return None


def _moment(said: dict[str, str | None]) -> float | None:
    """Seconds since the epoch as if in Greenwich; None where there is no such time."""
    year, month, day = (int(said[part] or 0) for part in ("year", "month", "day"))
    hour = int(said["hour"] or 0) if "hour" in said else _NOON
    if half := said.get("half"):
        hour = hour % 12 + (12 if half.casefold() == "p" else 0)
    try:
        when = datetime(year, month, day, hour, int(said.get("minute") or 0), tzinfo=UTC)
    except ValueError:
        return None
    return when.timestamp() + int(said.get("second") or 0)
