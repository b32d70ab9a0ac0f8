"""The caption of a topic's folder: `Hikes.caption.txt` beside the folder `Hikes`, where that stands for a topic.

It goes as a `caption.txt` in that folder would, with the loose photos and videos there; without any, with the first
drop.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.pipeline.captions.called import folded
from telespool.pipeline.claim.drop import joined
from telespool.spool.companions import caption_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from telespool.pipeline.claim.drop import Drop

_WAITS = "{name} holds a caption for what is dropped into {topic}, and nothing is there yet. It is left in the inbox until there is."


def among(paths: Iterable[Path], topic: str) -> list[Path]:
    """Return those of these files that are the caption of a topic's folder.

    One that a broken claim was made with lies in that folder.
    """
    return [path for path in paths if folded(caption_for(path.name) or "") == folded(topic)]


def given(drops: Iterable[Drop], captions: Sequence[Drop], topic: str) -> Iterator[Drop]:
    """The drops of a topic with its caption where it goes; by itself, with what it waits for, where there are none."""
    found = list(drops)
    free = [drop for drop in found if not drop.obstacle and not drop.caption]
    if not captions or not free:
        yield from found
        for each in captions:
            why = _WAITS.format(name=each.path.name, topic=topic)
            yield replace(each, obstacle=each.obstacle or why)
        return
    if any(drop.loose for drop in free):
        yield from found
        yield from (replace(each, caption=True, loose=True) for each in captions)
        return
    for drop in found:
        yield joined(drop, [*_beside(drop), *captions]) if drop is free[0] else drop


def _beside(drop: Drop) -> Iterable[Drop]:
    return [replace(drop, path=path, beside=(), signature=()) for path in drop.beside]
