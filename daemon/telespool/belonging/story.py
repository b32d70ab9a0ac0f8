"""The order in which things happened: from what files and names say of when they were taken to places in a story.

    places({1: "a.jpg", 2: "b.mp4"}, {1: Taken(…, zoned=False), 2: Taken(…, zoned=True)})

Films tell the time of the world, many cameras only that of their owner's wrist. Where a time has no zone, that of the other
files of the drop is taken, else this machine's. What has no time stands behind the one before it by name.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# IMG_20240612_153000, PXL_20240612_153000123, 2024-06-12 15.30.00, Screenshot_2024-06-12-15-30-00
_MOMENT = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)[-_ .T]{0,2}(?:at )?([0-2]\d)[-_.:]?([0-5]\d)[-_.:]?([0-5]\d)"
)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Taken:
    """A moment: seconds since the epoch; without a zone, as if the wrist were in Greenwich.

    `ahead` is how many seconds the place it was taken at is ahead of UTC.
    """

    seconds: float
    zoned: bool
    ahead: float | None = None


def by_name(name: str) -> Taken | None:
    """The moment that a name tells, in the time of wherever it was taken; None where it tells none."""
    text = name.rpartition("/")[2]
    match = _MOMENT.search(text)
    parts = [int(part) for part in match.groups()] if match else []
    if not parts and (day := _DAY.search(text)):
        parts = [*(int(part) for part in day.groups()), 12, 0, 0]
    try:
        return Taken(datetime(*parts, tzinfo=UTC).timestamp(), zoned=False) if parts else None  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def places(
    names: Mapping[int, str],
    taken: Mapping[int, Taken | None],
    chapters: Mapping[int, tuple[int, ...]],
) -> dict[int, int]:
    """The place of each file in the story, by number: milliseconds since the epoch. Chapters stay at their first."""
    told = {number: taken.get(number) or by_name(name) for number, name in names.items()}
    zones = Counter(each.ahead for each in told.values() if each and each.ahead is not None)
    common = zones.most_common(1)[0][0] if zones else None
    found: dict[int, int] = {}
    last: int | None = None
    for number in sorted(names):
        moment = told[_first(number, chapters, told)]
        if moment is not None:
            last = max(0, round(_universal(moment, common) * 1000))
        if last is not None:
            found[number] = last
    first = next((found[number] for number in sorted(found)), 0)
    return {number: found.get(number, first) for number in names}


def _first(
    number: int, chapters: Mapping[int, tuple[int, ...]], told: Mapping[int, Taken | None]
) -> int:
    return next((each for each in chapters.get(number, ()) if each in told), number)


def _universal(moment: Taken, common: float | None) -> float:
    if moment.zoned:
        return moment.seconds
    if common is not None:
        return moment.seconds - common
    wrist = datetime.fromtimestamp(moment.seconds, UTC).replace(tzinfo=None)
    return wrist.astimezone().timestamp()
