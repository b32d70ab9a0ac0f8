"""Archives inside a drop: which of the files that came out they are, and which of these belong together.

Volumes inside an archive or a dropped folder lie in tmp/ under other names than their own; they are opened under
links that have these. Permanent leaves it where no links can be made. Blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.archives.lining import Lined, sets_inside
from daemon.archives.signatures import recognise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from daemon.sources import Member


@dataclass(frozen=True, slots=True)
class Inside:
    """An archive inside a drop, or what only might have been one (`is_archive`).

    `files` are its own files (more than one are volumes), the first of which gives it its name and its number;
    `path` is what is opened.
    """

    files: tuple[tuple[Member, Path], ...]
    path: Path
    is_archive: bool
    lined: Lined | None = None

    @property
    def member(self) -> Member:
        """The file that stands for all of it."""
        return self.files[0][0]


def together(found: Sequence[tuple[Member, Path]]) -> list[Inside]:
    """Of files that may be archives, each that is one, and volumes as the one archive they are."""
    archives = {place for place, (_, path) in enumerate(found) if recognise(path) is not None}
    inside: dict[int, Inside] = {}
    taken: set[int] = set()
    for volumes in sets_inside([member.name for member, _ in found]):
        if archives.intersection(volumes.places):
            files = tuple(found[place] for place in volumes.places)
            paths = [path for _, path in files]
            lined = Lined(list(zip(volumes.names, paths, strict=True)))
            inside[min(volumes.places)] = Inside(files, lined.first, is_archive=True, lined=lined)
            taken.update(volumes.places)
    for place, (member, path) in enumerate(found):
        if place not in taken:
            inside[place] = Inside(((member, path),), path, is_archive=place in archives)
    return [inside[place] for place in sorted(inside)]
