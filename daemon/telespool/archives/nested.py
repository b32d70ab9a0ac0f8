"""Archives inside an archive or a dropped folder: which of the files that came out they are, and which belong together.

Volumes have come out under other names than their own, and on file systems that tell cases apart 7-Zip does not find
`HOLIDAY.R00` beside `HOLIDAY.RAR`: they are opened under links that have the right names, in a folder that goes with
the object. Permanent leaves it where no links can be made. Blocks.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.archives.signatures import recognise
from telespool.archives.volumes import group
from telespool.errors import Permanent
from telespool.spool.names import clean

if TYPE_CHECKING:
    from collections.abc import Sequence


class VolumeLinks:
    """Files under other names, as long as this object lives; `first` is the one to open."""

    def __init__(self, files: Sequence[tuple[str, Path]]) -> None:
        first = files[0][0]
        try:
            folder = Path(tempfile.mkdtemp(prefix="telespool-volumes-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            for name, path in files:
                (folder / name).symlink_to(path.absolute())
        except OSError as error:
            raise Permanent(f"{first} cannot be unpacked here: {error.strerror}.") from error
        self.first = folder / first


@dataclass(frozen=True, slots=True)
class Inside:
    """An archive inside, or what only might have been one (`is_archive`).

    `places` are those of its own files among all that were given (more than one are volumes); the first one gives it
    its name and its number. `path` is what is opened, for as long as this lives.
    """

    places: tuple[int, ...]
    path: Path
    is_archive: bool
    lined: VolumeLinks | None = None


def together(found: Sequence[tuple[str, Path]]) -> list[Inside]:
    """Of files that may be archives, by their own paths, each that is one, and volumes as the one archive they are."""
    archives = {place for place, (_, path) in enumerate(found) if recognise(path) is not None}
    inside: list[Inside] = []
    taken: set[int] = set()
    for places, names, cut in _sets(found):
        if archives.intersection(places) or (cut and len(places) > 1):
            lined = VolumeLinks(
                [(name, found[place][1]) for name, place in zip(names, places, strict=True)]
            )
            inside.append(Inside(places, lined.first, is_archive=True, lined=lined))
            taken.update(places)
    inside += [
        Inside((place,), path, is_archive=place in archives)
        for place, (_, path) in enumerate(found)
        if place not in taken
    ]
    return sorted(inside, key=lambda each: min(each.places))


def _sets(
    found: Sequence[tuple[str, Path]],
) -> list[tuple[tuple[int, ...], tuple[str, ...], bool]]:
    """The sets of volumes among these: places, names under which 7-Zip looks for them, and whether they were cut."""
    places: dict[str, int] = {}
    for place, (name, _) in enumerate(found):
        folder, slash, base = name.rpartition("/")
        places.setdefault(f"{folder}{slash}{clean(base)}", place)
    where = {name: found[place][1] for name, place in places.items()}
    return [
        (tuple(places[name] for name in each.names), each.sought, each.cut)
        for each in group(places, where)
    ]
