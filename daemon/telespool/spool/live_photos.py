"""uploading → uploading, converting: still and clip of a live photo go apart, where they can't be one message.

The clips go together, as an album of their own behind the one of their stills; in a story each stands behind its
still, in the same album, where that has room for all of them. A clip that plays as it is goes there by one rename. Of
one that does not a copy was made at once: the clip goes to converting/, where originals wait for their copies, and
then the copy into the album. The still of a motion photo, whose clip was within it, gets the mark that it stands
alone at last. Should the process die in between, the rest is parted when the unit is sent again, and a copy that did
not come is made by the converter: each file stands somewhere at any time, under the number that is its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.spool.gathering import items
from telespool.spool.names import NESTED, Unit, clean, nested

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.layout import Entry
    from telespool.spool.transition import SpoolWriter


@dataclass(frozen=True, slots=True)
class LoneStill:
    """A still that goes without its clip.

    `clip` is the member of the unit that was its clip, None where that was within the still; `film` a file of tmp/
    that is sent instead of it, None where the clip is sent as it is.
    """

    still: Entry
    clip: Entry | None
    film: Path | None


def part_live_photos(
    spool: SpoolWriter, entry: Entry, apart: Sequence[LoneStill], *, size: int
) -> None:
    """Take the clips of these stills out of a unit; an album holds `size` items."""
    found = [(each, _alone(entry, each)) for each in apart]
    if len(found) == 1 and entry.unit.place is None:  # by itself it needs no place among others
        found = [(each, replace(unit, place=None)) for each, unit in found]
    units = sorted((unit for _, unit in found), key=lambda unit: (unit.order, nested(unit.first)))
    if not units:
        return
    is_story = entry.unit.place is not None
    folder = spool.job_folder("uploading", entry.job)
    if is_story and entry.unit.is_album and items(spool, entry) + len(units) <= size:
        folder = entry.path
    elif len(units) > 1:
        place = units[0].place if is_story else None
        is_copy = any(unit.kind == "c" for unit in units)
        folder /= str(replace(Unit.album(units), kind="c" if is_copy else "", place=place))
    standing = spool.standing(entry.job)
    for each, unit in found:
        if each.clip is None and unit.first in standing:
            continue  # an earlier process died before it could mark the still
        source = each.film or (each.clip.path if each.clip is not None else None)
        if source is None:
            continue
        if each.clip is not None and each.film is not None:
            original = replace(each.clip.unit.plain(), still=None, place=unit.place).attempted(1)
            spool.put(each.clip, "converting", original)
        spool.disk.fsync(source)
        spool.move(source, folder / str(unit), "uploading", entry.job, unit)  # commit
    for each, _ in found:
        if each.clip is None:
            spool.rename_in_place(each.still, replace(each.still.unit.plain(), still=0))
            spool.disk.fsync(each.still.path.parent)
    spool.changed(["uploading"])


def _alone(entry: Entry, lone: LoneStill) -> Unit:
    """The clip as a unit of its own; in a story it has the place of its still."""
    still, clip = lone.still.unit, lone.clip
    if clip is not None:
        place = still.order if entry.unit.place is not None else None
        unit = replace(clip.unit.plain(), still=None, place=place)
        return unit if lone.film is None else unit.copy(lone.film.suffix)
    # In the album of clips it stands where its still did.
    stem = still.shown.rpartition(".")[0] or still.shown
    return Unit(still.first * NESTED + 1, clean(f"{stem}.mp4"), kind="c", place=still.order)
