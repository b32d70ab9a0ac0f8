"""What people call a file, as its password and its caption name it; alike in inbox, folders and archives."""

from __future__ import annotations

import re
import unicodedata

from telespool.archives.volume_names import volume
from telespool.spool.titles import title

_PART = re.compile(r"\.part\d{1,5}(?: ?\(\d{1,3}\))?(?=\.)", re.IGNORECASE)


def called(name: str) -> list[str]:
    """The names that may stand for this one, folded, the closest first.

    By itself; without what a volume has behind the name of its set (`b.7z`, `film.mp4`, `trip.rar`); without each of
    its endings (`trip.tar`), down to its title (`trip`).
    """
    found = {folded(name): None, folded(_PART.sub("", name)): None}
    each = volume(name, bare=False)
    if each is not None and each.key[0] == "split":
        name = each.stem.rstrip("-_. ")
        found[folded(name)] = None
    last = title(name)
    stem = name
    while stem.rpartition(".")[0].startswith(last) and stem != last:
        stem = stem.rpartition(".")[0]
        found[folded(stem)] = None
    found[folded(last)] = None
    return list(found)


def folded(name: str) -> str:
    """A name as it is compared: composed, in whatever case."""
    return unicodedata.normalize("NFC", name).casefold()
