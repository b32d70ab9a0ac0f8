"""Whose password or caption it is, in the inbox.

NAME.password goes to the archive NAME, never to a photo of that name; NAME.caption.txt goes with whatever is called so.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telespool.archives.signatures import recognise
from telespool.pipeline.captions.called import called, folded
from telespool.spool.companions import caption_for, password_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def owners(
    companions: Sequence[str], drops: Mapping[str, Sequence[str]], where: Mapping[str, Path]
) -> dict[str, str]:
    """For each of these files the drop that it opens, or stands with; those without one are left out.

    `drops` are the files of each drop in the same folder, by the name of its first. Blocks.
    """
    found = {}
    for companion in companions:
        caption = caption_for(companion)
        wanted = folded(caption or password_for(companion) or "")
        fitting = [
            (min(places), first)
            for first, names in drops.items()
            if (
                places := [
                    each.index(wanted) for each in map(called, (first, *names)) if wanted in each
                ]
            )
        ]
        owner = next(
            (first for _, first in sorted(fitting) if caption or _opens(drops[first], where)), None
        )
        if owner is not None:
            found[companion] = owner
    return found


def _opens(names: Sequence[str], where: Mapping[str, Path]) -> bool:
    """Whether a password is of use here: an archive, or a folder in which some may lie."""
    if len(names) > 1:
        return True
    path = where.get(names[0])
    with contextlib.suppress(OSError):
        return path is not None and (path.is_dir() or recognise(path) is not None)
    return False
