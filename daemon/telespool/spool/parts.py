"""deferred → deferred: the parts of one file take its place in a story.

    deferred/JOB/0001-0005=0001_open/            an album of five, which lacks number 4
    deferred/JOB/4000001-4000003=0004_parts/     the pages of number 4

The parts come by one rename. Then, a rename for each, they move into the album around them where that has room, or
else what stands behind them moves into an album of its own; where none is around them they are one that others may
join. At any moment each file stands somewhere, and the rest is done at the next look.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.spool.gathering import Gathering, members_units, share_caption
from telespool.spool.names import OPEN_LABEL, PARTS_LABEL, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.layout import Entry
    from telespool.spool.transition import SpoolWriter


def arrange(spool: SpoolWriter, job: str, size: int) -> None:
    """Give the parts that lie in deferred/ their place; an album holds `size` items."""
    found = Gathering.of(spool, job)
    for album in found.story:
        if album.unit.label == PARTS_LABEL:
            _arrange(spool, album, size)


def _arrange(spool: SpoolWriter, album: Entry, size: int) -> None:
    found, place = Gathering.of(spool, album.job), album.unit.order
    others = replace(found, story=tuple(each for each in found.story if each != album))
    around = others.around(place)
    inside = spool.members(around) if around is not None else []
    mine = spool.members(album)
    behind = [member for member in inside if member.unit.order > place]
    if around is None or around.unit.label == PARTS_LABEL or not (behind or around.unit.is_open):
        _open(spool, album)
        return
    fits = sum(not each.unit.still for each in (*inside, *mine)) <= size
    if fits and share_caption(spool, album.job, members_units([*inside, *mine])):
        _move(spool, mine, around.path)
        spool.disk.rmdir(album.path)
        spool.disk.fsync(album.path.parent)
    elif behind:
        label = OPEN_LABEL if around.unit.is_open else around.unit.label
        unit = replace(Unit.album([each.unit for each in behind]), place=place + 1, kind="")
        _move(spool, behind, around.path.with_name(str(replace(unit, label=label))))
        if len(behind) == len(inside):
            spool.disk.rmdir(around.path)
            spool.disk.fsync(around.path.parent)
    else:
        _open(spool, album)


def _open(spool: SpoolWriter, album: Entry) -> None:
    """No album is around these parts: they are one, which what comes behind them may join."""
    spool.put(album, "deferred", album.unit.opened())


def _move(spool: SpoolWriter, members: Sequence[Entry], target: Path) -> None:
    for member in members:
        spool.move(member.path, target / member.path.name, "deferred", member.job, member.unit)
