"""The shot that a name tells of, without what cameras add where they write several files of it.

    PXL_1.RAW-01.COVER.jpg  PXL_1.RAW-01.MP.COVER.jpg  PXL_1.NIGHT.jpg  PXL_1.MP.jpg  IMG_1_HDR.jpg       photos
    PXL_1.RAW-02.ORIGINAL.dng  PXL_1.dng  IMG_1.dng  IMG_1_RAW.dng                                      their raws

What is meant are stems, without folder and ending, folded (NFC, casefold).
"""

from __future__ import annotations

import re

_EFFECTS = "portrait|motion|long_exposure|action_pan"
_ADDED = re.compile(
    r"(.+?)(?:(?:\.(?:(?:raw|burst|night|" + _EFFECTS + r")-\d\d|mp|mv|night|pano|portrait|cover|original))+"
    r"|[-_](?:hdr|raw))"
)  # fmt: skip
# Google writes what was seen without an effect as the second file, and calls the first one the cover.
WITH_EFFECT = re.compile(rf"(.+?)\.(?:{_EFFECTS})-\d\d(?:\.mp)?\.cover")
WITHOUT_EFFECT = re.compile(rf"(.+?)\.(?:{_EFFECTS})-\d\d(?:\.mp)?\.original")


def shot_of(stem: str) -> str:
    """What the files of one shot have in common."""
    match = _ADDED.fullmatch(stem)
    return match[1] if match else stem
