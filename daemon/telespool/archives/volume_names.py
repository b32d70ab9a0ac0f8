"""What names say of volumes: which set a file would belong to, in which place, and what its neighbours are called.

Nothing here looks at a file; `volumes` does, before it believes a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from telespool.file_endings import (
    ARCHIVE_ENDINGS,
    PHOTO_ENDINGS,
    VIDEO_ENDINGS,
    archive_name,
    by_ending,
)

CUT = frozenset(["split", "bare", "partzip"])
"""The styles of one file that was cut, which need not be an archive."""
SHORT = 2
"""So many digits or letters at the end are a volume's only beside the first one."""

_MOST = 9_999  # a number above it is a date or a counter
_COPY = r"(?P<copy> ?\(\d{1,3}\))?"
_FLAGS = re.IGNORECASE | re.DOTALL
_ENDINGS = "|".join(sorted(ARCHIVE_ENDINGS | PHOTO_ENDINGS | VIDEO_ENDINGS, key=len, reverse=True))
_PART = re.compile(rf"(?P<stem>.+\.part)(?P<digits>\d{{1,5}}){_COPY}(?P<end>\.(?:rar|exe))", _FLAGS)
# w.part01.zip, w.part02.zip: what was cut, if none of them is whole.
_PART_ZIP = re.compile(rf"(?P<stem>.+)\.part(?P<digits>\d{{1,5}}){_COPY}\.(?P<end>zip|7z)", _FLAGS)
_OLD_RAR = re.compile(rf"(?P<stem>.+?){_COPY}\.(?P<letter>[r-z])(?P<digits>\d\d)", _FLAGS)
_OLD_ZIP = re.compile(rf"(?P<stem>.+?){_COPY}\.z(?P<digits>\d{{2,4}})", _FLAGS)
# film.mp4.001, x.zip.aa, and what people write in between: x.tar.gzaa, x.zip_01, x.7z.part1
_CUT = re.compile(
    rf"(?P<stem>.+?\.(?:{_ENDINGS})){_COPY}(?P<join>[-_. ]?part[-_. ]?|[-_. ]?)"
    r"(?P<digits>\d{1,5}|[a-z]{2,3})",
    _FLAGS,
)
# xaa, part-aa, backup.00: as split(1) names its pieces. The file before it was cut had any name.
_BARE = re.compile(r"(?P<stem>.*?)(?P<digits>\d{2,4}|[a-z]{2})", _FLAGS)
# w.part01.rar.1: what a browser or wget calls it when the first download lies there.
_AGAIN = re.compile(r"(?P<name>.+\.(?:rar|exe|[r-z]\d\d|z\d{2,4}))(?P<again>\.[1-9]\d?)", _FLAGS)
_WHOLE = re.compile(rf"(?P<stem>.+?){_COPY}\.(?P<kind>rar|zip)", _FLAGS)


@dataclass(frozen=True, slots=True)
class Volume:
    """One file of a set. `key` is the same for all of them; `place` counts from 1, or from 0 where the set does.

    `folder`, `copy` and `again` are what may differ in the names of one set; `digits` is the number as it is written,
    `stem` what stands in front of it.
    """

    key: tuple[str, str]
    place: int
    name: str
    folder: str = ""
    copy: str = ""
    digits: str = ""
    stem: str = ""
    again: str = ""

    @property
    def called(self) -> str:
        """Its name, without what a second download has behind it."""
        return self.name.removesuffix(self.again)

    def at(self, place: int) -> str:
        """What the volume at another place is called."""
        style = self.key[0]
        if style == "part":
            stem, _, end = self.called.rpartition(f"{self.digits}{self.copy}.")
            if (
                place != 1 and end.lower() == "exe"
            ):  # behind a first one that is a program come archives
                end = "rar"
            return f"{stem}{place:0{len(self.digits)}d}{self.copy}.{end}"
        if style == "partzip":
            stem, _, end = self.called.rpartition(f"{self.digits}{self.copy}.")
            return f"{stem}{_count(place, self.digits)}{self.copy}.{end}"
        if style in CUT:
            return f"{self.called.removesuffix(self.digits)}{_count(place, self.digits)}"
        stem, dot, ending = self.called.rpartition(".")
        upper = ending.isupper()
        if style == "rar":
            number = place - 2
            ending = "rar" if place == 1 else f"{chr(ord('r') + number // 100)}{number % 100:02d}"
        else:
            ending = "zip" if place == 0 else f"z{place:02d}"
        return stem + dot + (ending.upper() if upper else ending)


def volume(path: str, *, bare: bool = True) -> Volume | None:
    """What the name says of itself; None where it is no volume.

    A plain `.rar` or `.zip` says nothing: it is a volume only beside others. `bare`: names without the ending of what
    was cut count as well.
    """
    folder, _, name = path.rpartition("/")
    style, place = "", 0
    if match := _AGAIN.fullmatch(name):
        first = volume(match["name"], bare=False)
        if first is not None and first.key[0] not in CUT:
            return replace(first, name=path, folder=folder, again=match["again"])
    if match := _PART.fullmatch(name):
        style, place = "part", int(match["digits"])
    elif match := _PART_ZIP.fullmatch(name):
        stem = f"{match['stem']}.{match['end']}"
        key, place = ("partzip", stem.casefold()), int(match["digits"])
        return Volume(key, place, path, folder, match["copy"] or "", match["digits"], stem)
    elif (match := _CUT.fullmatch(name)) and _counts(match):
        style, place = "split", _place(match["digits"])
    elif (match := _OLD_ZIP.fullmatch(name)) and int(match["digits"]):
        style, place = "zip", int(match["digits"])
    elif match := _OLD_RAR.fullmatch(name):
        style = "rar"
        place = (ord(match["letter"].lower()) - ord("r")) * 100 + int(match["digits"]) + 2
    elif bare and (match := _BARE.fullmatch(name)) and _stands_alone(name, match["digits"]):
        place = _place(match["digits"])
        key = ("bare", f"{match['stem'].casefold()} {len(match['digits'])}")
        return Volume(key, place, path, folder, "", match["digits"], match["stem"])
    if match is None or not style or place > _MOST or (style == "part" and not place):
        return None
    stem = match["stem"]
    key = (style, (stem + match["join"] if style == "split" else stem).casefold())
    return Volume(key, place, path, folder, match["copy"] or "", match["digits"], stem)


def beside_volumes(name: str) -> tuple[tuple[str, str], str] | None:
    """Return the key of the set whose first or last volume this plain `.rar` or `.zip` may be.

    With it the mark of a second download, as in `x (1).zip`.
    """
    match = _WHOLE.fullmatch(name)
    if match is None:
        return None
    return (match["kind"].casefold(), match["stem"].casefold()), match["copy"] or ""


def _counts(match: re.Match[str]) -> bool:
    """Whether the end of a name counts pieces: one digit alone does behind an archive (`pic.zip.1`)."""
    if len(match["digits"]) > 1 or "part" in match["join"].lower():
        return True
    return match["join"] == "." and archive_name(match["stem"])


def _stands_alone(name: str, digits: str) -> bool:
    """Whether this is no ending that says something else."""
    ending = name.rpartition(".")[2]
    return ("." not in name or ending == digits) and by_ending(name) == "unknown"


def _place(digits: str) -> int:
    if digits.isdecimal():
        return int(digits)
    place = 0
    for letter in digits.lower():
        place = place * 26 + ord(letter) - ord("a")
    return place + 1


def _count(place: int, like: str) -> str:
    if like.isdecimal():
        return f"{place:0{len(like)}d}"
    letters, rest = "", place - 1
    for _ in like:
        rest, letter = divmod(rest, 26)
        letters = chr(ord("a") + letter) + letters
    return letters.upper() if like.isupper() else letters
