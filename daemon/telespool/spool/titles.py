"""What people call a drop, and a unit; and the command that sends it after all."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telespool.spool.layout import Entry, SpoolLayout

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


def called(folders: SpoolLayout, entry: Entry) -> str:
    """Return what people call a unit: its file, or the first of its files and how many there are beside. Blocks."""
    names = [member.unit.shown for member in folders.members(entry) if not member.unit.still]
    if not entry.unit.is_album or not names:
        return entry.unit.label
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def retry_command(job: str) -> str:
    """Return the command that lets a job go on, as it may be pasted into a shell."""
    return f"telespool retry {shlex.quote(job)}"
