"""Archives in several volumes: which files belong together, which one is opened, which are missing.

Known by their names, as the programs that made them give them:

    holiday.part1.rar  holiday.part2.rar …      opened by the first
    holiday.rar  holiday.r00  holiday.r01 …     opened by holiday.rar
    holiday.z01  holiday.z02 …  holiday.zip     opened by holiday.zip, which is the last
    holiday.7z.001  holiday.7z.002 …            opened by the first; so is everything that was merely cut:
    x.zip.1  x.zip.2 …  x.part1.zip  x.part2.zip …
    film.mp4.001 …  film.mp4.00 …  film.mp4.aa …  x.tar.gzaa …  x.zip.part1 …
    xaa  xab …  part-00  part-01 …              the same, where nothing says what was cut: their bytes must

Names only look like it now and then (`photos.zip.365`, `game.z64`): where a set lacks volumes, those that are whole
files by their first bytes are none of it (`where` tells where to look). Volumes in several folders, or with the
` (1)` or the `.1` that browsers give a second download, fill the gaps of the set they are called like.

Names tell gaps and a missing first volume. That the last one has not come yet is known only when the archive
is opened (`Engine.open` raises VolumeMissing with its name), except for .z01 sets, whose last one is the .zip.
Nothing leaves this module but `look`'s OSError.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.archives.volume_heads import (
    begins_something,
    ends_well,
    is_piece,
    is_whole,
    needs_others,
)
from telespool.archives.volume_names import CUT, SHORT, Volume, beside_volumes, volume
from telespool.file_endings import archive_name, media_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_UNPADDED = 999  # up to here three digits are the rule; behind it comes 1000
_FIRST_LETTER = 26  # aa to az


@dataclass(frozen=True, slots=True)
class VolumeSet:
    """Files that are one archive. `first` is the one to open; `missing` are names, in order.

    `sought` is under which name 7-Zip will look for each of `names`; `awaited` is what comes next if these are not
    all, None where they are; `cut`: one file that was cut, which need not be an archive, and was called `joined`.
    """

    first: str
    names: tuple[str, ...]
    missing: tuple[str, ...]
    sought: tuple[str, ...]
    awaited: str | None
    cut: bool
    joined: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """A set as it lies on the disk: what to open, its files, its bytes, and what is `missing` by name.

    `awaited` is what comes next if the archive turns out not to be complete, None where that cannot be;
    `sought` are the names under which 7-Zip will look for the files; `cut`: one file in pieces, called `joined`.
    """

    first: Path
    volumes: tuple[Path, ...]
    size: int
    missing: tuple[str, ...]
    awaited: str | None
    sought: tuple[str, ...]
    cut: bool = False
    joined: str = ""


def may_be(name: str, *, bare: bool = True) -> bool:
    """Whether a file of this name can belong to a set at all; most names cannot.

    `bare`: names without the ending of what was cut count as well (`xaa`).
    """
    if media_name(name):
        return False
    return (
        volume(name, bare=bare) is not None or beside_volumes(name.rpartition("/")[2]) is not None
    )


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
            variants.setdefault((each.folder, each.copy + each.again), {}).setdefault(
                each.place, each
            )
    for name in plain:
        folder, _, base = name.rpartition("/")
        match beside_volumes(base):
            case (key, copy) if key in found:
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
        found.joined,
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
    if style == "bare":
        return _pieces(volumes, where or {})
    if style == "partzip":
        return _without_whole(style, volumes, where or {}) if where else {}
    kept = volumes
    if style == "split":
        kept = _counted(volumes)
    head = _head(style, kept)
    short = style == "split" and any(len(each.digits) <= SHORT for each in kept.values())
    alone = style == "split" and len(kept) == 1
    if where is not None and kept and (short or alone or len(kept) < max(kept) - head + 1):
        kept = _without_whole(style, kept, where, alone=alone)
    if short and {head, head + 1} - kept.keys() and not _are_cut(kept):
        return {}
    return kept if any(each.digits for each in kept.values()) else {}  # not a plain .rar or .zip


def _without_whole(
    style: str, volumes: dict[int, Volume], where: Mapping[str, Path], *, alone: bool = False
) -> dict[int, Volume]:
    """Those that are no whole files by their bytes."""
    head = _head(style, volumes)
    return {
        place: each
        for place, each in volumes.items()
        if each.name not in where or not _is_whole(style, where[each.name], place == head, alone)
    }


def _are_cut(volumes: dict[int, Volume]) -> bool:
    """Whether these are pieces of an archive by their names alone: the first is there, or .ab to .az, or .part2."""
    some = next(iter(volumes.values()), None)
    if some is None or not archive_name(some.stem):
        return False
    if not volumes.keys().isdisjoint({0, 1}):
        return True
    return "part" in some.key[1].rpartition(".")[2] or (
        not some.digits.isdecimal() and len(some.digits) == SHORT and max(volumes) <= _FIRST_LETTER
    )


def _pieces(volumes: dict[int, Volume], where: Mapping[str, Path]) -> dict[int, Volume]:
    """Those that are pieces of one file by their bytes and sizes: names like `xaa` say little."""
    head = 0 if 0 in volumes and volumes[0].digits.isdecimal() else 1
    first = volumes.get(head)
    if first is None or first.name not in where:
        return {}
    with contextlib.suppress(OSError):
        begins = begins_something(where[first.name])
        size = where[first.name].stat().st_size
        kept = {
            place: each
            for place, each in volumes.items()
            if place == head
            or (each.name in where and is_piece(where[each.name], size, last=place == max(volumes)))
        }
        counted = first.digits.isdecimal() and head
        if begins and (len(kept) > 1 or (begins == "archive" and not counted)):
            return kept
    return {}


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
    return 0 if style == "zip" or (style in CUT and 0 in volumes) else 1


def _set(style: str, volumes: dict[int, Volume]) -> VolumeSet:
    pattern = min(volumes.values(), key=lambda each: len(each.called))  # part1 before part10
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
        style in CUT,
        _joined(first) if style in CUT else "",
    )


def _sought(style: str, first: Volume, head: int, place: int) -> str:
    if style in CUT:
        return f"{_joined(first)}.{place - head + 1:03d}"
    before, _, after = first.called.rpartition("/")[2].rpartition(f"{first.copy}.")
    name = f"{before}.{after}"
    if place == head:
        return name
    stem, _, ending = name.rpartition(".")
    if style == "rar":
        return f"{stem}.{chr(ord('r') + (place - 2) // 100)}{(place - 2) % 100:02d}"
    if style == "zip":
        return f"{stem}.{ending[:1]}{place:02d}"
    return replace(first, name=name, copy="").at(place)


def _joined(first: Volume) -> str:
    """Return the name of what the pieces make: `x.tar.gz` of `x.tar.gzaa`, `xaa` where nothing tells."""
    return first.stem.rstrip("-_. ") or first.name.rpartition("/")[2]
