"""Archives in several volumes: which files belong together, which one is opened, which are missing.

Known by their names, as the programs that made them give them:

    holiday.part1.rar  holiday.part2.rar …      opened by the first
    holiday.rar  holiday.r00  holiday.r01 …     opened by holiday.rar
    holiday.z01  holiday.z02 …  holiday.zip     opened by holiday.zip, which is the last
    holiday.7z.001  holiday.7z.002 …            opened by the first; so is everything that was merely cut:
    film.mp4.001 …  film.mp4.00 …  film.mp4.aa …

Names only look like it now and then (`photos.zip.365`, `game.z64`): where a set lacks volumes, those that are whole
files by their first bytes are none of it (`where` tells where to look). Volumes in several folders, or with the
` (1)` that browsers put into the name of a second download, fill the gaps of the set they are called like.

Names tell gaps and a missing first volume. That the last one has not come yet is known only when the archive
is opened (`Engine.open` raises VolumeMissing with its name), except for .z01 sets, whose last one is the .zip.
Nothing leaves this module but `look`'s OSError.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.archives.volume_heads import ends_well, is_whole, needs_others
from telespool.file_endings import ARCHIVE_ENDINGS, media_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_MOST = 9_999  # a number above it is a date or a counter
_UNPADDED = 999  # up to here three digits are the rule; behind it comes 1000
_SHORT = 2  # two digits or letters at the end are a volume's only beside the first one
_COPY = r"(?P<copy> ?\(\d{1,3}\))?"
_PART = re.compile(
    rf"(?P<stem>.+\.part)(?P<digits>\d{{1,5}}){_COPY}(?P<end>\.(?:rar|exe))",
    re.IGNORECASE | re.DOTALL,
)
_OLD_RAR = re.compile(
    rf"(?P<stem>.+?){_COPY}\.(?P<letter>[r-z])(?P<digits>\d\d)", re.IGNORECASE | re.DOTALL
)
_OLD_ZIP = re.compile(rf"(?P<stem>.+?){_COPY}\.z(?P<digits>\d{{2,4}})", re.IGNORECASE | re.DOTALL)
_CUT = re.compile(
    rf"(?P<stem>.+?\.[a-z0-9]{{1,5}}){_COPY}\.(?P<digits>\d{{2,5}}|[a-z]{{2}})",
    re.IGNORECASE | re.DOTALL,
)
_WHOLE = re.compile(rf"(?P<stem>.+?){_COPY}\.(?P<kind>rar|zip)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Volume:
    """One file of a set. `key` is the same for all of them; `place` counts from 1, or from 0 where the set does.

    `folder` and `copy` are what may differ in the names of one set; `digits` is the number as it is written.
    """

    key: tuple[str, str]
    place: int
    name: str
    folder: str = ""
    copy: str = ""
    digits: str = ""

    def at(self, place: int) -> str:
        """What the volume at another place is called."""
        style = self.key[0]
        if style == "part":
            stem, _, end = self.name.rpartition(f"{self.digits}{self.copy}.")
            if (
                place != 1 and end.lower() == "exe"
            ):  # behind a first one that is a program come archives
                end = "rar"
            return f"{stem}{place:0{len(self.digits)}d}{self.copy}.{end}"
        if style == "split":
            return f"{self.name.removesuffix(self.digits)}{_count(place, self.digits)}"
        stem, dot, ending = self.name.rpartition(".")
        upper = ending.isupper()
        if style == "rar":
            number = place - 2
            ending = "rar" if place == 1 else f"{chr(ord('r') + number // 100)}{number % 100:02d}"
        else:
            ending = "zip" if place == 0 else f"z{place:02d}"
        return stem + dot + (ending.upper() if upper else ending)


@dataclass(frozen=True, slots=True)
class VolumeSet:
    """Files that are one archive. `first` is the one to open; `missing` are names, in order.

    `sought` is under which name 7-Zip will look for each of `names`; `awaited` is what comes next if these are not
    all, None where they are; `cut`: one file that was cut, which need not be an archive.
    """

    first: str
    names: tuple[str, ...]
    missing: tuple[str, ...]
    sought: tuple[str, ...]
    awaited: str | None
    cut: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """A set as it lies on the disk: what to open, its files, its bytes, and what is `missing` by name.

    `awaited` is what comes next if the archive turns out not to be complete, None where that cannot be;
    `sought` are the names under which 7-Zip will look for the files; `cut`: one file in pieces.
    """

    first: Path
    volumes: tuple[Path, ...]
    size: int
    missing: tuple[str, ...]
    awaited: str | None
    sought: tuple[str, ...]
    cut: bool = False


def volume(path: str) -> Volume | None:
    """What the name says of itself; None where it is no volume.

    A plain `.rar` or `.zip` says nothing: it is a volume only beside others (see `group`).
    """
    folder, _, name = path.rpartition("/")
    style, place = "", 0
    if match := _PART.fullmatch(name):
        style, place = "part", int(match["digits"])
    elif (match := _CUT.fullmatch(name)) and _may_be_cut(match["stem"]):
        style, place = "split", _place(match["digits"])
    elif (match := _OLD_ZIP.fullmatch(name)) and int(match["digits"]):
        style, place = "zip", int(match["digits"])
    elif match := _OLD_RAR.fullmatch(name):
        style = "rar"
        place = (ord(match["letter"].lower()) - ord("r")) * 100 + int(match["digits"]) + 2
    if match is None or not style or place > _MOST or (style == "part" and not place):
        return None
    key = (style, match["stem"].casefold())
    return Volume(key, place, path, folder, match["copy"] or "", match["digits"])


def may_be(name: str) -> bool:
    """Whether a file of this name can belong to a set at all; most names cannot."""
    if media_name(name):
        return False
    return volume(name) is not None or _WHOLE.fullmatch(name) is not None


def group(names: Iterable[str], where: Mapping[str, Path] | None = None) -> list[VolumeSet]:
    """The sets among these names, each with what it lacks; names that belong to none are left out.

    Names may have folders in front. With `where` they lie, the files of sets with gaps are looked at.
    """
    found: dict[tuple[str, str], dict[tuple[str, str], dict[int, Volume]]] = {}
    plain: list[str] = []
    for name in sorted(names):
        each = volume(name)
        if each is None:
            plain.append(name)
        else:
            variants = found.setdefault(each.key, {})
            variants.setdefault((each.folder, each.copy), {}).setdefault(each.place, each)
    for name in plain:
        folder, _, base = name.rpartition("/")
        match = _WHOLE.fullmatch(base)
        key = (match["kind"].casefold(), match["stem"].casefold()) if match else ("", "")
        if match and key in found:
            copy = match["copy"] or ""
            place = 1 if key[0] == "rar" else 0
            volumes = found[key].setdefault((folder, copy), {})
            volumes.setdefault(place, Volume(key, place, name, folder, copy))
    sets = []
    for key, variants in sorted(found.items()):
        for volumes in _united(list(variants.values())):
            kept = _real(key[0], volumes, where)
            if kept:
                sets.append(_set(key[0], kept))
    return sets


def set_of(
    name: str, names: Iterable[str], where: Mapping[str, Path] | None = None
) -> VolumeSet | None:
    """The set this name belongs to among these names, None where it stands alone."""
    return next((found for found in group({name, *names}, where) if name in found.names), None)


def look(path: Path) -> Beside:
    """What lies beside this file and belongs to it. Blocks; OSError."""
    found = None
    if may_be(path.name):
        beside = {other.name: other for other in path.parent.iterdir()}
        found = set_of(path.name, beside.keys(), beside)
    if found is None:
        return Beside(path, (path,), path.stat().st_size, (), None, (path.name,))
    paths = tuple(path.with_name(name) for name in found.names)
    sizes = [each.stat().st_size for each in paths]
    awaited = found.awaited
    # All volumes but the last are of one size: a smaller last one is no less than the last. A file that was cut into
    # so many pieces has what was over in the last one.
    several = len(sizes) > 1
    if several and (sizes[-1] < sizes[0] or (found.cut and sizes[-1] > sizes[0])):
        awaited = None
    if several and found.cut and awaited is not None and ends_well(paths):
        awaited = None
    return Beside(
        path.with_name(found.first),
        paths,
        sum(sizes),
        found.missing,
        awaited,
        found.sought,
        found.cut,
    )


def may_lack(path: Path) -> bool:
    """Whether only opening it can tell that the last of its volumes is there. Blocks; OSError."""
    beside = look(path)
    if beside.missing:
        return True
    if len(beside.volumes) == 1 and not beside.cut:
        return beside.awaited is not None or needs_others(path)
    return beside.awaited is not None


def some(names: Iterable[str]) -> str:
    """Names in a sentence: the first few, and how many more."""
    listed = list(names)
    more = len(listed) - 3
    return ", ".join(listed) if more < 2 else f"{', '.join(listed[:3])} and {more:,} more"


def _may_be_cut(stem: str) -> bool:
    return stem.rpartition(".")[2].lower() in ARCHIVE_ENDINGS or media_name(stem)


def _place(digits: str) -> int:
    if digits.isdecimal():
        return int(digits)
    low = digits.lower()
    return (ord(low[0]) - ord("a")) * 26 + ord(low[1]) - ord("a") + 1


def _count(place: int, like: str) -> str:
    if like.isdecimal():
        return f"{place:0{len(like)}d}"
    first, second = divmod(place - 1, 26)
    letters = f"{chr(ord('a') + first)}{chr(ord('a') + second)}"
    return letters.upper() if like.isupper() else letters


def _united(variants: list[dict[int, Volume]]) -> list[dict[int, Volume]]:
    """The sets among those of one name: what lies elsewhere, or has ` (1)` in its name, fills gaps."""
    variants.sort(key=lambda volumes: (-len(volumes), min(volumes)))
    united: list[dict[int, Volume]] = []
    for volumes in variants:
        fits = (other for other in united if other.keys().isdisjoint(volumes))
        into = next(fits, None)
        if into is None:
            united.append(dict(volumes))
        else:
            into.update(volumes)
    return united


def _real(
    style: str, volumes: dict[int, Volume], where: Mapping[str, Path] | None
) -> dict[int, Volume]:
    """Of what is called like the volumes of a set, those that are."""
    kept = volumes
    if style == "split":
        kept = _counted(volumes)
    head = _head(style, kept)
    short = style == "split" and any(len(each.digits) <= _SHORT for each in kept.values())
    alone = style == "split" and len(kept) == 1
    if where is not None and kept and (short or alone or len(kept) < max(kept) - head + 1):
        kept = {
            place: each
            for place, each in kept.items()
            if each.name not in where
            or not _is_whole(style, where[each.name], place == head, alone)
        }
    if short and (len(kept) < 2 or {head, head + 1} - kept.keys()):
        return {}
    return kept if any(each.digits for each in kept.values()) else {}  # not a plain .rar or .zip


def _counted(volumes: dict[int, Volume]) -> dict[int, Volume]:
    """Without the years and counters: four digits and more come behind 999, or are padded."""
    return {
        place: each
        for place, each in volumes.items()
        if place <= _UNPADDED or each.digits.startswith("0") or _UNPADDED in volumes
    }


def _is_whole(style: str, path: Path, first: bool, alone: bool) -> bool:
    with contextlib.suppress(OSError):
        return is_whole(style, path, first=first, alone=alone)
    return False


def _head(style: str, volumes: dict[int, Volume]) -> int:
    """The place at which a set begins."""
    return 0 if style == "zip" or (style == "split" and 0 in volumes) else 1


def _set(style: str, volumes: dict[int, Volume]) -> VolumeSet:
    pattern = min(volumes.values(), key=lambda each: len(each.name))  # part1 before part10
    head = _head(style, volumes)
    places = range(head or (style == "zip"), max(volumes) + 1)
    order = [*places, 0] if style == "zip" else [*places]
    missing = tuple(pattern.at(place) for place in order if place not in volumes)
    first = volumes.get(head) or replace(pattern, name=pattern.at(head), place=head)
    here = tuple(place for place in order if place in volumes)
    sought = tuple(_sought(style, first, head, place) for place in here)
    awaited = None if style == "zip" else pattern.at(max(volumes) + 1)
    return VolumeSet(
        first.name,
        tuple(volumes[place].name for place in here),
        missing,
        sought,
        awaited,
        style == "split",
    )


def _sought(style: str, first: Volume, head: int, place: int) -> str:
    before, _, after = first.name.rpartition("/")[2].rpartition(f"{first.copy}.")
    name = f"{before}.{after}"
    if style == "split":
        return f"{before}.{place - head + 1:03d}"
    if place == head:
        return name
    stem, _, ending = name.rpartition(".")
    if style == "rar":
        return f"{stem}.{chr(ord('r') + (place - 2) // 100)}{(place - 2) % 100:02d}"
    if style == "zip":
        return f"{stem}.{ending[:1]}{place:02d}"
    return replace(first, name=name, copy="").at(place)
