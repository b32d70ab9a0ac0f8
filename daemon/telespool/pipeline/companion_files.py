"""Whose password or caption it is, in the inbox.

NAME.password goes to the archive NAME, never to a photo of that name; NAME.caption.txt goes with whatever is called so.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from typing import TYPE_CHECKING

from telespool.archives.signatures import recognise
from telespool.spool.companions import caption_for, password_for
from telespool.spool.names import title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PART = re.compile(r"\.part\d{1,5}(?: ?\(\d{1,3}\))?(?=\.)", re.IGNORECASE)


def owners(
    companions: Sequence[str], drops: Mapping[str, Sequence[str]], where: Mapping[str, Path]
) -> dict[str, str]:
    """For each of these files the drop that it opens, or stands with; those without one are left out.

    `drops` are the files of each drop in the same folder, by the name of its first. Blocks.
    """
    found = {}
    for companion in companions:
        caption = caption_for(companion)
        wanted = _folded(caption or password_for(companion) or "")
        fitting = [
            (place, first)
            for first, names in drops.items()
            if (place := min(_fits(wanted, name) for name in (first, *names))) < _NOT
        ]
        owner = next(
            (first for _, first in sorted(fitting) if caption or _opens(drops[first], where)), None
        )
        if owner is not None:
            found[companion] = owner
    return found


_NOT = 3


def _fits(wanted: str, name: str) -> int:
    """0 for the name itself, 1 for it without the number of a volume, 2 without its endings, `_NOT` for another."""
    folded = _folded(name)
    if wanted == folded:
        return 0
    if wanted == _PART.sub("", folded) or folded.startswith(f"{wanted}."):
        return 1
    return 2 if wanted == _folded(title(name)) else _NOT


def _opens(names: Sequence[str], where: Mapping[str, Path]) -> bool:
    """Whether a password is of use here: an archive, or a folder in which some may lie."""
    if len(names) > 1:
        return True
    path = where.get(names[0])
    with contextlib.suppress(OSError):
        return path is not None and (path.is_dir() or recognise(path) is not None)
    return False


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
