"""Archives in several volumes: which files belong together, which one is opened, which are missing.

Judged by names alone, as the programs that made them do it:

    holiday.part1.rar  holiday.part2.rar …      opened by the first
    holiday.rar  holiday.r00  holiday.r01 …     opened by holiday.rar
    holiday.z01  holiday.z02 …  holiday.zip     opened by holiday.zip, which is the last
    holiday.7z.001  holiday.7z.002 …            opened by the first; .zip, .rar and .tar alike

Names tell gaps and a missing first volume. That the last one has not come yet is known only when the archive
is opened (`Engine.open` raises VolumeMissing with its name), except for .z01 sets, whose last one is the .zip.
Nothing leaves this module but `look`'s OSError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PART = re.compile(
    r"(?P<stem>.+\.part)(?P<digits>\d{1,5})(?P<end>\.(?:rar|exe))", re.IGNORECASE | re.DOTALL
)
_OLD_RAR = re.compile(r"(?P<stem>.+\.)(?P<letter>[r-z])(?P<digits>\d\d)", re.IGNORECASE | re.DOTALL)
_OLD_ZIP = re.compile(r"(?P<stem>.+\.)(?P<letter>z)(?P<digits>\d\d+)", re.IGNORECASE | re.DOTALL)
_SPLIT = re.compile(
    r"(?P<stem>.+\.(?:7z|zip|rar|tar|t[gx]z|tbz2?|gz|xz|bz2|zst|iso)\.)(?P<digits>\d{3,})",
    re.IGNORECASE | re.DOTALL,
)
_WHOLE = re.compile(r"(?P<stem>.+\.)(?P<kind>rar|zip)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Volume:
    """One file of a set. `key` is the same for all of them; `place` counts from 1."""

    key: tuple[str, str]
    place: int
    name: str

    def at(self, place: int) -> str:
        """What the volume at another place is called."""
        style = self.key[0]
        if style == "part":
            match = _PART.fullmatch(self.name)
            if match:  # behind a first one that is a program come archives
                end = match["end"] if place == 1 or match["end"].lower() != ".exe" else ".rar"
                return f"{match['stem']}{place:0{len(match['digits'])}d}{end}"
        if style == "split":
            match = _SPLIT.fullmatch(self.name)
            if match:
                return f"{match['stem']}{place:0{len(match['digits'])}d}"
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

    `sought` is under which name 7-Zip will look for each of `names`.
    """

    first: str
    names: tuple[str, ...]
    missing: tuple[str, ...]
    sought: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """A set as it lies on the disk: what to open, its files, its bytes, and what is `missing` by name.

    `awaited` is what comes next if the archive turns out not to be complete, None where that cannot be;
    `sought` are the names under which 7-Zip will look for the files.
    """

    first: Path
    volumes: tuple[Path, ...]
    size: int
    missing: tuple[str, ...]
    awaited: str | None
    sought: tuple[str, ...]


def volume(name: str) -> Volume | None:
    """What the name says of itself; None where it is no volume.

    A plain `.rar` or `.zip` says nothing: it is a volume only beside others (see `group`).
    """
    if match := _PART.fullmatch(name):
        return Volume(("part", match["stem"].casefold()), int(match["digits"]), name)
    if match := _SPLIT.fullmatch(name):
        return Volume(("split", match["stem"].casefold()), int(match["digits"]), name)
    if (match := _OLD_ZIP.fullmatch(name)) and int(match["digits"]):
        return Volume(("zip", match["stem"].casefold()), int(match["digits"]), name)
    if match := _OLD_RAR.fullmatch(name):
        place = (ord(match["letter"].lower()) - ord("r")) * 100 + int(match["digits"]) + 2
        return Volume(("rar", match["stem"].casefold()), place, name)
    return None


def may_be(name: str) -> bool:
    """Whether a file of this name can belong to a set at all; most names cannot."""
    return volume(name) is not None or _WHOLE.fullmatch(name) is not None


def group(names: Iterable[str]) -> list[VolumeSet]:
    """The sets among these names, each with what it lacks; names that belong to none are left out."""
    sets: dict[tuple[str, str], dict[int, Volume]] = {}
    plain: list[str] = []
    for name in sorted(names):
        found = volume(name)
        if found is not None:
            sets.setdefault(found.key, {}).setdefault(found.place, found)
        else:
            plain.append(name)
    for name in plain:
        match = _WHOLE.fullmatch(name)
        key = (match["kind"].casefold(), match["stem"].casefold()) if match else None
        if key in sets:
            place = 1 if key[0] == "rar" else 0
            sets[key].setdefault(place, Volume(key, place, name))
    return [_set(key[0], members) for key, members in sorted(sets.items())]


def set_of(name: str, names: Iterable[str]) -> VolumeSet | None:
    """The set this name belongs to among these names, None where it stands alone."""
    return next((found for found in group({name, *names}) if name in found.names), None)


def look(path: Path) -> Beside:
    """What lies beside this file and belongs to it. Blocks; OSError."""
    found = None
    if may_be(path.name):
        found = set_of(path.name, (other.name for other in path.parent.iterdir()))
    if found is None:
        return Beside(path, (path,), path.stat().st_size, (), None, (path.name,))
    paths = tuple(path.with_name(name) for name in found.names)
    sizes = [each.stat().st_size for each in paths]
    last = volume(found.names[-1])
    awaited = None
    # All volumes but the last are of one size: a smaller last one is no less than the last.
    if last is not None and last.key[0] != "zip" and (len(sizes) == 1 or sizes[-1] >= sizes[0]):
        awaited = last.at(last.place + 1)
    first = path.with_name(found.first)
    return Beside(first, paths, sum(sizes), found.missing, awaited, found.sought)


def _set(style: str, members: dict[int, Volume]) -> VolumeSet:
    pattern = min(members.values(), key=lambda member: len(member.name))  # part1 before part10
    places = range(1, max(members) + 1)
    order = [*places, 0] if style == "zip" else [*places]
    missing = tuple(pattern.at(place) for place in order if place not in members)
    head = 0 if style == "zip" else 1
    first = members[head].name if head in members else pattern.at(head)
    names = tuple(members[place].name for place in order if place in members)
    sought = tuple(_sought(style, first, head, place) for place in order if place in members)
    return VolumeSet(first, names, missing, sought)


def _sought(style: str, first: str, head: int, place: int) -> str:
    if place == head:
        return first
    stem, _, ending = first.rpartition(".")
    if style == "rar":
        return f"{stem}.{chr(ord('r') + (place - 2) // 100)}{(place - 2) % 100:02d}"
    if style == "zip":
        return f"{stem}.{ending[:1]}{place:02d}"
    return Volume((style, ""), head, first).at(place)
