"""uploading → uploading, converting: still and clip of a live photo go apart, where they can't be one message.

The clips go together, as an album of their own behind the one of their stills; in a story each stands behind its
still, in the same album, and what no longer fits into that goes to others behind it. A clip that plays as it is goes
there by one rename. Of one that does not a copy was made at once: the clip goes to converting/, where originals wait
for their copies, and then the copy into the album. The still of a motion photo, whose clip was within it, gets the mark
that it stands alone at last. Should the process die in between, the rest is parted when the unit is sent again, and a
copy that did not come is made by the converter: each file stands somewhere at any time, under the number that is its
own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.spool.names import NESTED, Unit, clean, nested

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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
    standing = spool.standing(entry.job)
    clips = [(each, _alone(entry, each)) for each in apart if _source(each) is not None]
    # Where an earlier process died before it could mark the still of a clip, that stands already.
    clips = [(each, unit) for each, unit in clips if each.clip or unit.first not in standing]
    within = [each.still for each in apart if each.clip is None]
    if entry.unit.is_album and entry.unit.place is not None:
        _part_in_story(spool, entry, clips, within, size)
    else:
        _part_behind(spool, entry, clips, within)
    spool.changed(["uploading"])


def _part_behind(
    spool: SpoolWriter,
    entry: Entry,
    clips: Sequence[tuple[LoneStill, Unit]],
    within: Iterable[Entry],
) -> None:
    """Let the clips go behind all of the unit, as an album where they are several."""
    if len(clips) == 1 and entry.unit.place is None:  # by itself it needs no place among others
        clips = [(each, replace(unit, place=None)) for each, unit in clips]
    folder = _folder(spool, entry, [unit for _, unit in clips])
    for each, unit in clips:
        _move_clip(spool, each, unit, folder)
    for still in within:
        _mark(spool, still)


def _part_in_story(
    spool: SpoolWriter,
    entry: Entry,
    clips: Sequence[tuple[LoneStill, Unit]],
    within: Iterable[Entry],
    size: int,
) -> None:
    """Let each clip stand behind its still; what the album has no room for then goes to others behind it.

    The last go first, and a clip before its still: whenever the process dies, the order is kept.
    """
    lone = {each.still.unit.first: (each, unit) for each, unit in clips}
    marked = {still.unit.first for still in within}
    leaving = {each.clip for each, _ in clips}
    members = [member for member in spool.members(entry) if member not in leaving]
    messages = {member.unit.first: [member] for member in members if not member.unit.still}
    for member in members:
        if member.unit.still:
            messages.setdefault(member.unit.still, []).append(member)
    first, *others = _albums({number: 1 + (number in lone) for number in messages}, size)
    for numbers in reversed(others):
        units = [member.unit for number in numbers for member in messages[number]]
        units += [lone[number][1] for number in numbers if number in lone]
        folder = _folder(spool, entry, units)
        for number in reversed(numbers):
            if number in lone:
                _move_clip(spool, *lone[number], folder)
            for member in reversed(messages[number]):
                unit = replace(member.unit, still=0) if number in marked else member.unit
                spool.move(member.path, folder / str(unit), "uploading", entry.job, unit)
    for number in first:
        if number in lone:
            _move_clip(spool, *lone[number], entry.path)
        if number in marked:
            _mark(spool, messages[number][0])


def _folder(spool: SpoolWriter, entry: Entry, units: Sequence[Unit]) -> Path:
    """Where these go behind a unit: into an album of their own where they are several."""
    folder = spool.job_folder("uploading", entry.job)
    if len(units) < 2:
        return folder
    in_turn = sorted(units, key=lambda unit: (unit.order, nested(unit.first)))
    is_story = entry.unit.place is not None
    is_copy = not is_story and any(unit.kind == "c" for unit in units)
    place = in_turn[0].order if is_story else None
    return folder / str(replace(Unit.album(in_turn), kind="c" if is_copy else "", place=place))


def _albums(weights: Mapping[int, int], size: int) -> list[list[int]]:
    """These numbers in albums of at most `size` messages, of which each is as many as its weight."""
    albums: list[list[int]] = [[]]
    room = size
    for number, weight in weights.items():
        if weight > room and albums[-1]:
            albums.append([])
            room = size
        albums[-1].append(number)
        room -= weight
    return albums


def _source(lone: LoneStill) -> Path | None:
    """What is sent of the clip, None for nothing."""
    return lone.film or (lone.clip.path if lone.clip is not None else None)


def _move_clip(spool: SpoolWriter, lone: LoneStill, unit: Unit, folder: Path) -> None:
    """Let a clip stand in this folder under a name of its own."""
    source = _source(lone)
    if source is None:
        return
    if lone.clip is not None and lone.film is not None:
        original = replace(lone.clip.unit.plain(), still=None, place=unit.place).attempted(1)
        spool.put(lone.clip, "converting", original)
    spool.disk.fsync(source)
    spool.move(source, folder / str(unit), "uploading", lone.still.job, unit)  # commit


def _mark(spool: SpoolWriter, still: Entry) -> None:
    """Say in the name of a still that its clip, which was within it, went by itself."""
    spool.rename_in_place(still, replace(still.unit.plain(), still=0))
    spool.disk.fsync(still.path.parent)


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
