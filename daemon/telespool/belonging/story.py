"""The order in which things happened: from what files and names say of when they were taken to places in a story.

    places({1: "a.jpg", 2: "b.mp4"}, {1: Taken(…, zoned=False), 2: Taken(…, zoned=True)}, kin)

Films tell the time of the world, many cameras only that of their owner's wrist. Where a time has no zone, that of the
other files of the drop is taken, else this machine's. What somebody noted of a file (Google's Takeout) counts before
what it says itself, and that before its name. Chapters stay at their first, an edited version with its original; what
has no time stands behind the one before it by name.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from telespool.belonging.moment import Taken
from telespool.belonging.name_times import by_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telespool.belonging.kinship import Kinship

__all__ = ["Taken", "by_name", "places"]

_SAME = 120  # seconds by which a film's own time and that in its name may differ and be one


def places(
    names: Mapping[int, str],
    taken: Mapping[int, Taken | None],
    kin: Kinship,
    noted: Mapping[int, Taken] | None = None,
) -> dict[int, int]:
    """The place of each file in the story, by number: milliseconds since the epoch.

    `names` come in natural order; `noted` are the times that notes beside the files tell, also of files that are not
    among `names`.
    """
    told = {number: _told(number, names, taken, noted or {}) for number in {*names, *(noted or {})}}
    for number in names:
        told[number] = told.get(kin.edited.get(number, 0)) or told[number]
        still = kin.still_of(number)
        told[number] = told[number] or (told.get(still) if still is not None else None)
    zones = Counter(each.ahead for each in told.values() if each and each.ahead is not None)
    common = zones.most_common(1)[0][0] if zones else None
    found: dict[int, int] = {}
    last: int | None = None
    for number in names:
        moment = told[_first(number, kin.chapters, told)]
        if moment is not None:
            last = max(0, round(_universal(moment, common) * 1000))
        if last is not None:
            found[number] = last
    first = next(iter(found.values()), 0)
    return {number: found.get(number, first) for number in names}


def _told(
    number: int,
    names: Mapping[int, str],
    taken: Mapping[int, Taken | None],
    noted: Mapping[int, Taken],
) -> Taken | None:
    own, named = taken.get(number), by_name(names.get(number, ""))
    if number in noted:
        return noted[number]
    # A camera that does not know its zone writes the time of the wrist into both, and calls it that of the world.
    wrist = own is not None and own.zoned and own.ahead is None
    if wrist and own and named and not named.zoned and abs(own.seconds - named.seconds) < _SAME:
        return named
    return own or named


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
