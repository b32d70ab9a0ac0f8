"""Whole archives among which one export was spread: known by their names.

    takeout-20240101T000000Z-001.zip  takeout-20240101T000000Z-002.zip      Google's Takeout
    iCloud Photos Part 1 of 3.zip     iCloud-bilder Del 2 av 3.zip          Apple
    trip part 1.zip  trip_part2.zip   Photos-001.zip

Each of them is an archive by itself, unlike a volume (`volumes`); but a photo may lie in one and what belongs to it in
another. Names that differ in any other number (`trip1.zip`, `trip2.zip`) may mean the same, or two trips: they are
`alike`, and what is in them must tell. Nothing here looks at a file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from telespool.file_endings import ARCHIVE_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Comics are numbered, and each is one; so are disks and programs.
_ENDINGS = ARCHIVE_ENDINGS - {"cbz", "cbr", "cb7", "cbt", "iso", "cab", "exe"}
_OF = "of|out of|von|de|di|du|sur|van|av|af|z|ze|od|iz|из|от|/"
_PART = "part|pt|teil|partie|parte|deel|del|часть"
_EXPORTS = (
    re.compile(
        rf"(?P<before>.*?)(?<!\d)(?P<number>\d{{1,4}})[\s_-]*(?:{_OF})[\s_-]*(?P<all>\d{{1,4}})(?P<after>\)?)"
    ),
    re.compile(r"(?P<before>.*\d{8}t\d{6}z)(?:-\d{1,3})?-(?P<number>\d{3,4})"),
    re.compile(r"(?P<before>.+-)(?P<number>0\d\d)"),
    # Not x.part01.zip: whoever calls archives like volumes means volumes, or each by itself.
    re.compile(rf"(?P<before>(?:.*[\s_-])?(?:{_PART})[\s_-]?)(?P<number>\d{{1,3}})"),
)
_NUMBER = re.compile(r"\d+")
_ANY = "/"  # no name has one


class Alike(NamedTuple):
    """Archives by their places among those that were given; `is_export`: the names say that they are one export's."""

    places: tuple[int, ...]
    is_export: bool


def export_of(name: str) -> str:
    """What the parts of an export that an archive of this name is one of have in common; "" where it is none."""
    stem, ending = _parts(name)
    for pattern in _EXPORTS if ending else ():
        match = pattern.fullmatch(stem)
        if match is None:
            continue
        said = match.groupdict()
        if "all" not in said:
            return f"{match['before']}{_ANY}{ending}"
        if 1 <= int(match["number"]) <= int(match["all"]):
            return f"{match['before']}{_ANY}{match['all']}{match['after']}{ending}"
    return ""


def alike(paths: Sequence[str]) -> list[Alike]:
    """Those of these archives of one drop whose names differ in a number alone, and that lie in one folder."""
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    exports = set()
    for place, path in enumerate(paths):
        folder, _, name = path.rpartition("/")
        export = export_of(name)
        if export:
            exports.add((folder, export))
        for key in [export] if export else _masked(name):
            found[folder, key].append(place)
    sets: list[Alike] = []
    taken: set[int] = set()
    for shared, places in sorted(found.items(), key=lambda each: (-len(each[1]), each[1])):
        free = tuple(place for place in places if place not in taken)
        if len(free) > 1:
            sets.append(Alike(free, shared in exports))
            taken.update(free)
    return sets


def _masked(name: str) -> Iterator[str]:
    """The name without one of its numbers, for each of them."""
    stem, ending = _parts(name)
    for match in _NUMBER.finditer(stem) if ending else ():
        yield f"{stem[: match.start()]}{_ANY}{stem[match.end() :]}{ending}"


def _parts(name: str) -> tuple[str, str]:
    """Stem and ending, folded; no ending where it is none of these archives."""
    stem, dot, ending = unicodedata.normalize("NFC", name).casefold().rpartition(".")
    if not dot or ending not in _ENDINGS:
        return stem, ""
    inner = stem.removesuffix(".tar")
    return inner, f"{stem[len(inner) :]}.{ending}"
