"""deferred → uploading, in albums: converted copies gather, and what is ready waits for its place in a story.

    deferred/JOB/0003-0003c_open/     an album that converted copies of the job join, one rename each
    deferred/JOB/0001-0005=0001_open/ what is ready of an album of a story; the copies that it still lacks join it
    deferred/JOB/0011-0020=0011_album/ one that lacks nothing, and waits for those before it
    deferred/JOB/4000001-4000003=0004_parts/ the pages of a picture, or the parts of a film, of a story (`spool.parts`)

An album without the mark of an attempt gathers. One rename into uploading/ closes it, under the name of what it holds
by then; so it may be broken off anywhere. Each member's time says until when it is worth waiting: copies wait until
no other has come for that long, a story until the first of its times is over. Nobody waits for what cannot come: for
originals that are in quarantine, that a person holds, or that wait for another try themselves.

Here they are read; `joining` lets files out into them, `parts` arranges a story around what became several, `closing`
sends them on their way. Whoever changes them holds `spool.gathering`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.job_captions import JobCaptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.spool.layout import Entry, SpoolLayout
    from telespool.spool.names import Unit


def gathers(entry: Entry) -> bool:
    """Whether this unit of deferred/ is an album that gathers."""
    return entry.folder == "deferred" and entry.unit.is_album and not entry.unit.attempt


@dataclass(frozen=True, slots=True)
class Gathering:
    """What gathers of a job, and what it may still get."""

    job: str
    copies: tuple[Entry, ...]
    story: tuple[Entry, ...]
    """In their order."""
    awaited: tuple[int, ...]
    """The places of the originals whose copies are still to come."""
    unpacking: bool

    @classmethod
    def of(cls, spool: SpoolLayout, job: str, *, without: int = 0) -> Gathering:
        """Look at a job; the original of the number `without` is not awaited."""
        deferred = spool.units("deferred", job)
        albums = [entry for entry in deferred if gathers(entry)]
        originals = [
            *(each for each in deferred if not each.unit.attempt),
            *(each for each in spool.units("converting", job) if not _has_copy(spool, each)),
        ]
        drop = spool.drop(job)
        return cls(
            job=job,
            copies=tuple(each for each in albums if each.unit.kind == "c"),
            story=tuple(sorted((each for each in albums if each.unit.kind != "c"), key=place_of)),
            awaited=tuple(
                each.unit.order
                for each in originals
                if _is_original(each.unit) and each.unit.first != without
            ),
            unpacking=drop is not None and drop.folder == "incoming",
        )

    @property
    def is_over(self) -> bool:
        """Whether nothing else is to come, and nothing of a story waits."""
        return not (self.awaited or self.unpacking or self.story)

    def lacks(self, album: Entry) -> bool:
        """Whether a copy may still come that belongs into this album, or before it."""
        if album.unit.kind == "c" or album.unit.place is None:
            return bool(self.awaited) or self.unpacking
        if not album.unit.is_open:  # it is whole, and waits for those before it
            return any(each < album.unit.place for each in self.awaited)
        behind = next((each for each in self.story if place_of(each) > place_of(album)), None)
        end = behind.unit.place if behind is not None else None
        # While the drop is unpacked, what an open album lacks may not lie there yet.
        return self.unpacking or any(end is None or each < end for each in self.awaited)

    def around(self, place: int) -> Entry | None:
        """The album of a story into whose range this place falls; None where the story begins behind it."""
        placed = [each for each in self.story if each.unit.place is not None]
        before = [each for each in placed if each.unit.order <= place]
        return before[-1] if before else None

    def for_copy(
        self, spool: SpoolLayout, unit: Unit, size: int, *, together: int = 1
    ) -> Entry | None:
        """The album that this copy joins, where that has room for `together`; None where none has."""
        candidates: list[Entry | None] = [*self.copies]
        if unit.place is not None:
            around = self.around(unit.place)
            candidates = [around if around is not None and around.unit.is_open else None]
        for album in candidates:
            members = spool.members(album) if album is not None else []
            has_room = members and _items(members) + together <= size
            if has_room and share_caption(spool, self.job, [*members_units(members), unit]):
                return album
        return None


def members_units(members: Sequence[Entry]) -> list[Unit]:
    """The units of these members."""
    return [member.unit for member in members]


def share_caption(spool: SpoolLayout, job: str, units: Sequence[Unit]) -> bool:
    """Whether these may share an album, which has one caption: people wrote the same for all of them, or none."""
    written = JobCaptions.read(spool, job)
    return len({written.of(unit.first)[1] for unit in units}) <= 1


def items(spool: SpoolLayout, album: Entry) -> int:
    """How many messages an album is; the clip of a live photo is none."""
    return _items(spool.members(album))


def _items(members: Sequence[Entry]) -> int:
    return sum(not member.unit.still for member in members)


def patient_until(spool: SpoolLayout, albums: Sequence[Entry]) -> float:
    """Until when these albums of one kind wait (seconds since the epoch).

    What was ready from the start sets the end of a wait; copies alone wait for the last of them.
    """
    members = [member for album in albums for member in spool.members(album)]
    times = {each: plain_files.lstat(each.path).st_mtime for each in members}
    ready = [when for each, when in times.items() if each.unit.kind != "c"]
    return min(ready) if ready else max(times.values(), default=0.0)


def _has_copy(spool: SpoolLayout, original: Entry) -> bool:
    return spool.copy_of(original.job, original.unit.first) is not None


def _is_original(unit: Unit) -> bool:
    return unit.kind == "" and unit.first > 0 and not unit.is_album and unit.message is None


def place_of(album: Entry) -> tuple[bool, int]:
    return album.unit.place is None, album.unit.order
