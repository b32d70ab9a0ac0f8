"""What people call a drop."""

from __future__ import annotations

import re

_VOLUME = re.compile(
    r"(?:\.(part\d+|\d{3,})|(?:(?<=\.7z)|(?<=\.[gx]z)|(?<=\.(?:zip|rar|tar|tgz|txz|bz2|zst)))[-_. ]?(part[-_. ]?)?"
    r"(\d{1,5}|[a-z]{2,3}))$",
    re.IGNORECASE,
)
_ENDING = re.compile(r"[A-Za-z][A-Za-z0-9]{0,7}|7z")


def title(dropped: str) -> str:
    """What people call a drop: its name without the endings of archives and their volumes."""
    name = _VOLUME.sub("", dropped)
    stem, _, ending = name.rpartition(".")
    if not stem or not _ENDING.fullmatch(ending):
        return name or dropped
    return _VOLUME.sub("", stem).removesuffix(".tar") or dropped
