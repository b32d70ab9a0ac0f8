"""Volumes under the names by which 7-Zip looks for them, in a folder of links that goes when it is let go of.

The files themselves may be called otherwise: those of a set that lay inside an archive have their numbers in front,
and on file systems that tell cases apart 7-Zip does not find `HOLIDAY.R00` beside `HOLIDAY.RAR`. Permanent leaves it
where no links can be made. Blocks.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.archives.volumes import group
from daemon.errors import Permanent
from daemon.names import clean

if TYPE_CHECKING:
    from collections.abc import Sequence


class Lined:
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
    """Volumes of one archive inside another: their places among the members that came out, the first one's first."""

    places: tuple[int, ...]
    names: tuple[str, ...]


def sets_inside(names: Sequence[str]) -> list[Inside]:
    """The sets among these members, by their paths; a set lies in one folder."""
    folders: dict[str, dict[str, int]] = {}
    for place, name in enumerate(names):
        folder, _, base = name.rpartition("/")
        folders.setdefault(folder, {}).setdefault(clean(base), place)
    return [
        Inside(tuple(places[name] for name in found.names), found.names)
        for places in folders.values()
        for found in group(places)
    ]
