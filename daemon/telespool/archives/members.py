"""Members of an archive, and the form every archive is read in.

`Archive.members` are the regular members worth looking at, in the order in which they lie in the archive. A
member's number is its place in natural name order over the full path (IMG_2 before IMG_10, folders as one),
so it is the same each time the archive is opened. What systems leave behind (`__MACOSX`, `.DS_Store`,
`Thumbs.db`) is no member; nor are names with a leading dot, unless everything was asked for; links, devices and
directories never are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.archives.member_writer import Writer
from telespool.clutter import LINK, clutter, litter
from telespool.spool.names import clean
from telespool.spool.natural_order import natural

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Container, Iterable, Sequence
    from pathlib import Path

    from telespool.archives.member_writer import Written
    from telespool.archives.opening import Opening

ENTRIES_PER_MEMBER = 4  # folders, links and junk are listed too


@dataclass(frozen=True, slots=True)
class Member:
    """One regular file of an archive, or of any drop: its place among them, its name there, and its size.

    `size` in bytes is what the archive says, None where nobody does.
    """

    number: int
    name: str
    size: int | None

    @property
    def label(self) -> str:
        """The name it gets on disk: its number and its own name, cleaned, without the folders."""
        return f"{self.number:04d}_{clean(self.name.rstrip('/').rpartition('/')[2])}"


@dataclass(frozen=True, slots=True)
class ExtractedPiece:
    """What became of one member: a complete file at `path`, or not wanted (None), or a sentence why not.

    `size` is of the file, in bytes.
    """

    member: Member
    path: Path | None
    damage: str | None = None
    size: int = 0


class Archive(ABC):
    """An archive that was listed and is within the limits.

    `damage` says what is wrong with it as a whole ("it is broken off"), beside what is wrong with its members;
    None where nothing is.
    """

    def __init__(
        self, opening: Opening, members: Sequence[Member], damage: str | None = None
    ) -> None:
        self.path = opening.path
        self._lined = (
            opening.source.lined
        )  # the links under which volumes are read go with the last who has them
        self.name = opening.name
        self.kind = opening.kind
        self.members = tuple(members)
        self.budget = opening.budget
        self.damage = damage
        self.left_out: tuple[tuple[str, str], ...] = ()
        """What lies in it and is no member: the name and why."""

    def extract(
        self,
        directory: Path,
        *,
        skip: Container[int] = (),
        keep: Callable[[Member, bytes], bool] | None = None,
        came: Callable[[Member, Path, Written | None], None] | None = None,
    ) -> AsyncIterator[ExtractedPiece]:
        """Unpack in one pass, in the archive's order, into new files of `directory`.

        Members whose number is in `skip` are passed over without a piece. `keep` is asked with the first
        bytes of a member (4 KiB or more, or all there are) whether it is wanted. While the next piece is not
        asked for, unpacking stands still. A file stands under its name only when it is complete and its
        checksum fits; a piece with `damage` leaves none. `came` is told of each file in the thread that has
        written it, with its bytes where they are at hand; what it raises ends the pass. Closing the iterator early
        ends the child.

        Permanent where a limit is passed or nothing more can be read, Temporary where the disk is full.
        """
        return self._extract(Writer(directory, self.name, self.budget, keep, came), skip)

    def _too_large(self, member: Member) -> ExtractedPiece | None:
        """What becomes of a member that is larger than one may be; None where it is not."""
        damage = self.budget.too_large(member.size)
        return ExtractedPiece(member, None, damage) if damage else None

    @abstractmethod
    def _extract(self, writer: Writer, skip: Container[int]) -> AsyncIterator[ExtractedPiece]:
        """Make the files of the members, each with `writer.begin`."""


def is_junk(name: str, *, everything: bool) -> bool:
    """Whether a path is something nobody meant to send; where everything is asked for, what a system left behind."""
    return litter(name) if everything else bool(clutter(name))


def left_out(found: Iterable[tuple[str, bool]]) -> tuple[tuple[str, str], ...]:
    """What is no member, by name, with the reason; `found` are all but the folders, and whether they are files."""
    named = ((name, clutter(name) if regular else LINK) for name, regular in found)
    return tuple((name, reason) for name, reason in named if reason)


def numbered(names: Sequence[str], sizes: Sequence[int | None]) -> list[Member]:
    """Members of these names and sizes, each with its place in natural order, from 1.

    Equal names keep the order they came in.
    """
    order = sorted(range(len(names)), key=lambda index: natural(names[index]))
    places = array("Q", bytes(8 * len(names)))
    for place, index in enumerate(order, 1):
        places[index] = place
    return [Member(*each) for each in zip(places, names, sizes, strict=True)]
