"""Whether a photo and a clip are the halves of one live photo.

Apple writes the same identifier into both; other makers and exports go by the name, where both were taken at the same
moment as far as they say. A clip beside a photo of its name that is longer than a live photo may be is a film of its
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telespool.belonging.moment import Taken

LONGEST = 10.0
"""Seconds that the clip of a live photo may last. core.telegram.org/bots/api#sendlivephoto"""
_MOMENT = 90.0  # seconds: cameras write down when a clip began, or when they had written it
_QUARTER, _FARTHEST = (
    900.0,
    14 * 3600.0,
)  # seconds: zones are whole quarters of an hour, up to UTC+14


@dataclass(frozen=True, slots=True)
class About:
    """What was read of one file.

    Apple's identifier ("" for none); how long it plays, and when it was taken (None where nobody knows).
    """

    identifier: str = ""
    seconds: float | None = None
    taken: Taken | None = None


def is_live(still: About, clip: About, *, same_name: bool) -> bool:
    """Whether these are one live photo. Where both have an identifier it decides, else their name and their times."""
    if clip.seconds is not None and clip.seconds > LONGEST:
        return False
    if still.identifier and clip.identifier:
        return still.identifier == clip.identifier
    return same_name and not _apart(still.taken, clip.taken)


def _apart(one: Taken | None, other: Taken | None) -> bool:
    """Whether these are surely two moments."""
    if one is None or other is None:
        return False
    between = abs(one.seconds - other.seconds)
    if one.ahead is not None and other.ahead is not None:
        return between > _MOMENT
    # One may tell the time of the wrist, or call that the time of the world.
    zones = _QUARTER * round(between / _QUARTER)
    return zones > _FARTHEST or abs(between - zones) > _MOMENT
