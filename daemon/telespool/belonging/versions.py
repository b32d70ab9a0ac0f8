"""Which version of a photo or film a name tells of: the original, an edited one, or neither in particular.

    IMG_E1234.HEIC  a-edited.jpg  a-edited(1).jpg  a-bearbeitet.jpg  IMG_1-Edit-2.tif  PXL_1~2.jpg      edited
    PXL_1.PORTRAIT-01.COVER.jpg                                                                     edited
    a_original.jpg  a(original).jpg  PXL_1.PORTRAIT-02.ORIGINAL.jpg                                 the original

What is meant are stems, without folder and ending, folded (NFC, casefold).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from telespool.belonging.shots import WITH_EFFECT, WITHOUT_EFFECT

_EDITED = re.compile(r"(img_)e(\d+.*)")
# What Google's Takeout, in the languages of its users, Lightroom and photo apps call an edited version.
_LANGUAGES = """
    edited edit effects enhanced enhanced-nr bearbeitet modifié modificato editado ha-editado editat bewerkt edytowane
    redigerad redigeret redigert muokattu upraveno upravené szerkesztett düzenlendi editată изменено змінено
    編集済み 已编辑 已編輯 수정됨
"""
_WORDS = _LANGUAGES.split()
_SAID_EDITED = re.compile(
    rf"(.+?)(?:[-_ ](?:{'|'.join(word.replace('-', '[- ]') for word in _WORDS)})(?:[-_ ]?\d{{1,2}})?"
    r"| ?\(edited\))(\(\d+\))?"
)
# A long name, as Takeout cuts it: within that word.
_BEGUN = {word[:length] for word in (*_WORDS, "ha editado") for length in range(1, len(word))}
_CUT_EDITED = re.compile(
    rf"(.{{38,}}?)-(?:{'|'.join(re.escape(each) for each in sorted(_BEGUN))})(\(\d+\))?"
)
_COUNTED_EDITED = re.compile(r"(.+?)~\d{1,3}")
_SAID_ORIGINAL = re.compile(r"(.+?)(?:[-_ ]original|\(original\))(\(\d+\))?")
_LONG = 39


class Version(NamedTuple):
    """`stem` is what the other versions are called after."""

    stem: str
    is_edited: bool = False
    is_original: bool = False


def version_of(stem: str) -> Version:
    """The version that a stem tells of."""
    if _may_tell(stem):
        if match := _EDITED.fullmatch(stem):
            return Version(match[1] + match[2], is_edited=True)
        # "-ha edit" is the beginning of "-ha editado", not what was edited of "-ha".
        if match := _CUT_EDITED.fullmatch(stem) or _SAID_EDITED.fullmatch(stem):
            return Version(match[1] + (match[2] or ""), is_edited=True)
        if match := _COUNTED_EDITED.fullmatch(stem) or WITH_EFFECT.fullmatch(stem):
            return Version(match[1], is_edited=True)
        if match := WITHOUT_EFFECT.fullmatch(stem):
            return Version(match[1], is_original=True)
        if match := _SAID_ORIGINAL.fullmatch(stem):
            return Version(match[1] + (match[2] or ""), is_original=True)
    return Version(stem)


def _may_tell(stem: str) -> bool:
    """Whether it is worth a closer look: there may be very many names, and most are none of these."""
    if "~" in stem or len(stem) >= _LONG or stem.startswith("img_e"):
        return True
    start = stem.rpartition("(")[0] if stem.endswith(")") and stem[-2:-1].isdecimal() else stem
    return start.rstrip("0123456789-_ ").endswith(_TAILS)


_TAILS = (*_WORDS, "ha editado", "original", "(edited)", "(original)", ".cover")
