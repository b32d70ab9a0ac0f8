"""The order in which people expect names: IMG_2 before IMG_10."""

from __future__ import annotations

import re
import unicodedata

_DIGITS = re.compile(r"(\d+)")
_CHAPTER = re.compile(r"(?<![^/])(g[hxsl])(\d\d)(\d{4})(?=\.[^/]*\Z)")
_OLD_CHAPTER = re.compile(r"(?<![^/])gp(\d\d)(\d{4})(?=\.[^/]*\Z)")
_EDITED = re.compile(r"(?<![^/])(img_)e(\d+)(?=[^/]*\Z)")


def natural(name: str) -> str:
    """A sort key in which IMG_2 comes before IMG_10, in whatever case, folders as one.

    The chapters of a GoPro's recording follow each other (GX010001, GX020001, GX010002), and what a phone has edited
    follows its original (IMG_1, IMG_E1, IMG_2). It is a text: there may be very many names, and very long numbers,
    which int() would refuse.
    """
    folded = unicodedata.normalize("NFC", name).casefold()
    if folded.rpartition("/")[2].startswith(("g", "img_e")):  # most names are none of these
        folded = _OLD_CHAPTER.sub(r"gopr\2~\1", _CHAPTER.sub(r"\1\3~\2", folded))
        folded = _EDITED.sub(r"\1\2~e", folded)
    parts = _DIGITS.split(folded)
    return "".join(_sorted_part(part) for part in parts if part)


def _sorted_part(part: str) -> str:
    """A number's place: how many digits it has, then these; words come behind numbers."""
    if not part.isdecimal():
        return f"\2{part}\0"
    digits = part
    if not part.isascii():
        digits = "".join(str(unicodedata.decimal(digit)) for digit in part)
    digits = digits.lstrip("0")
    return f"\1{chr(min(len(digits), 0xD000) + 1)}{digits}{part}\0"
