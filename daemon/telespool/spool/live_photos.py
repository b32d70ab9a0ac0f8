"""uploading → uploading: the still and the clip of a live photo go apart, because they cannot be one message.

The clips leave the unit first, together as an album of their own, one rename each; then the still of a motion photo, whose clip
was within it, gets the mark that it stands alone. Should the process die in between, the rest is parted when the unit is
sent again: each file stands somewhere at any time, under the number that is its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.spool.layout import Entry
from telespool.spool.names import NESTED, Unit, clean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.transition import SpoolWriter


def part_live_photos(
    spool: SpoolWriter, entry: Entry, apart: Sequence[tuple[Entry, Entry | Path]]
) -> None:
    """Take the clips of these stills out of a unit: a member of it each, or a file of tmp/ that was within the still."""
    found = [(still, clip, _alone(entry, still, clip)) for still, clip in apart]
    units = sorted((unit for _, _, unit in found), key=lambda unit: (unit.order, unit.first))
    if not units:
        return
    folder = spool.job_folder("uploading", entry.job)
    if len(units) > 1:
        album = Unit.album(units)
        folder /= str(album if entry.unit.place is not None else replace(album, place=None))
    standing = spool.standing(entry.job)
    for _, clip, unit in found:
        if not isinstance(clip, Entry) and unit.first in standing:
            continue  # an earlier process died before it could mark the still
        source = clip.path if isinstance(clip, Entry) else clip
        spool.disk.fsync(source)
        spool.move(source, folder / str(unit), "uploading", entry.job, unit)  # commit
    for still, clip, _ in found:
        if not isinstance(clip, Entry):
            spool.rename_in_place(still, replace(still.unit.plain(), still=0))
            spool.disk.fsync(still.path.parent)
    spool.changed(["uploading"])


def _alone(entry: Entry, still: Entry, clip: Entry | Path) -> Unit:
    """The clip as a unit of its own; in a story it follows the album of its still."""
    place = None
    if entry.unit.place is not None:
        members = still.unit.order if still.path == entry.path else None
        place = members if members is not None else still.unit.order
    if isinstance(clip, Entry):
        return replace(clip.unit.plain(), still=None, place=place)
    stem = still.unit.shown.rpartition(".")[0] or still.unit.shown
    number = still.unit.first * NESTED + 1
    return Unit(number, clean(f"{stem}.mp4"), kind="c", place=place or still.unit.order)
