"""Files that say something of what lies beside them, by their names: passwords, captions, further volumes."""

from __future__ import annotations

import re

PASSWORD_SUFFIX = ".password"  # noqa: S105 - ends a file name
"""Ends the name of a file that holds the passwords of the archive beside it, one a line (see `password_for`)."""

CAPTION_SUFFIX = ".caption.txt"
"""Ends the name of a file that holds the caption of what lies beside it (see `caption_for`)."""

CAPTION_OF_ALL = "caption.txt"
"""The name of a file that holds the caption of all files beside it, and below them."""

_PASSWORD = re.compile(r"(.+)\.password(?:\.txt)?", re.IGNORECASE | re.DOTALL)
# What a volume has behind the name that all of its set share.
_OF_A_SET = re.compile(
    r"(.+?)((?: ?\(\d{1,3}\))?\.(?:part\d{1,5}|rar|exe|zip|[r-z]\d\d|z\d{2,4}|\d{2,5}|(?:zip|7z|rar|tar|gz|bz2|xz|zst)\.\d))+",
    re.IGNORECASE | re.DOTALL,
)


def password_for(name: str) -> str | None:
    """The NAME of a file NAME.password (editors make it NAME.password.txt); None where it is no such file."""
    match = _PASSWORD.fullmatch(name)
    return match[1] if match else None


def caption_for(name: str) -> str | None:
    """The NAME of a file NAME.caption.txt, "" for a caption.txt; None where the file is neither. Names, not paths."""
    folded = name.casefold()
    if folded == CAPTION_OF_ALL:
        return ""
    if folded.endswith(CAPTION_SUFFIX) and len(name) > len(CAPTION_SUFFIX):
        return name[: -len(CAPTION_SUFFIX)]
    return None


def is_companion(name: str) -> bool:
    """Whether a file says something of what lies beside it: it holds a password or a caption."""
    return password_for(name) is not None or bool(caption_for(name))


def belongs_to(name: str, first: str) -> bool:
    """Whether a file beside an archive is another volume of it, its password or its caption, by the names alone."""
    if is_companion(name):
        return True
    if first.casefold().endswith(".aa"):
        return name[:-2] == first[:-2]
    ours, theirs = _OF_A_SET.fullmatch(first), _OF_A_SET.fullmatch(name)
    return bool(ours and theirs and ours[1].casefold() == theirs[1].casefold())
