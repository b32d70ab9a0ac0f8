"""The order in which people expect names: IMG_2 before IMG_10, a before a(1), what is edited behind its original."""

from __future__ import annotations

import re
import unicodedata

from telespool.belonging.versions import version_of

_DIGITS = re.compile(r"(\d+)")
_CHAPTER = re.compile(r"(g[hxsl])(\d\d)(\d{4})")
_OLD_CHAPTER = re.compile(r"gp(\d\d)(\d{4})")
# Behind a name that has come to its end; a name that goes on stands behind all of them.
_ENDING, _FOLDER = "\0\1", "\0\2"
_ORIGINAL, _PLAIN, _EDITED = "\1", "\2", "\3"


def natural(name: str) -> str:
    """A sort key in which IMG_2 comes before IMG_10, in whatever case, and each folder is one.

    The chapters of a GoPro's recording follow each other (GX010001, GX020001, GX010002), and what was edited follows
    its original (IMG_1, IMG_E1, IMG_2; a, a-edited, a(1)). It is a text: there may be very many names, and very long
    numbers, which int() would refuse.
    """
    folders, _, last = unicodedata.normalize("NFC", name).casefold().rpartition("/")
    stem, dot, ending = last.rpartition(".")
    if not dot or not stem:
        stem, ending = last, ""
    if stem.startswith("g") and (match := _CHAPTER.fullmatch(stem)):
        stem = f"{match[1]}{match[3]}~{match[2]}"
    elif stem.startswith("gp") and (match := _OLD_CHAPTER.fullmatch(stem)):
        stem = f"gopr{match[2]}~{match[1]}"
    else:
        version = version_of(stem)
        if version.stem != stem:
            mark = _ORIGINAL if version.is_original else _EDITED
            stem, ending = version.stem, f"{mark}{_sorted(stem)}{_sorted(ending)}"
            return f"{_in(folders)}{_sorted(stem)}{_ENDING}{ending}"
    return f"{_in(folders)}{_sorted(stem)}{_ENDING}{_PLAIN}{_sorted(ending)}"


def _in(folders: str) -> str:
    return (
        "".join(f"{_sorted(folder)}{_FOLDER}" for folder in folders.split("/")) if folders else ""
    )


def _sorted(text: str) -> str:
    return "".join(_sorted_part(part) for part in _DIGITS.split(text) if part)


def _sorted_part(part: str) -> str:
    """A number's place: how many digits it has, then these; words come behind numbers."""
    if not part.isdecimal():
        return f"\2{part}\0"
    digits = part
    if not part.isascii():
        digits = "".join(str(unicodedata.decimal(digit)) for digit in part)
    digits = digits.lstrip("0")
    return f"\1{chr(min(len(digits), 0xD000) + 1)}{digits}{part}\0"
