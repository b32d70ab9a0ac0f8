"""Archives that 7-Zip reads: one pass of `7zz x -so`, cut by the listed sizes, checked by the listed CRCs.

Where the listing has no checksum of a member, 7-Zip's own verdict on it is awaited (its log says when it
began the next one). After a member that is damaged the cut cannot be trusted, because 7-Zip may have
written less of it than was listed; then the rest is asked for again without what is done with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.archives.members import Archive, Member, Piece
from daemon.archives.threads import steps
from daemon.archives.writing import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator, Sequence
    from pathlib import Path

    from daemon.archives.limits import Budget
    from daemon.archives.listing import Entry
    from daemon.archives.stream import Stream


class SevenZipArchive(Archive):
    """A listed archive; `start` begins a pass over it."""

    def __init__(
        self,
        path: Path,
        kind: str,
        entries: Sequence[Entry],
        *,
        budget: Budget,
        start: Callable[[], Awaitable[Stream]],
        damage: str | None,
    ) -> None:
        super().__init__(
            path, kind, [Member(e.number, e.name, e.size) for e in entries if e.number]
        )
        self._entries = entries
        self._budget = budget
        self._start = start
        self._damage = damage

    @property
    def damage(self) -> str | None:
        """What is wrong with the archive as a whole."""
        return self._damage

    async def extract(
        self,
        directory: Path,
        *,
        skip: Container[int] = (),
        keep: Callable[[Member, bytes], bool] | None = None,
    ) -> AsyncIterator[Piece]:
        """See `Archive.extract`."""
        writer = Writer(directory, self.path.name, self._budget, keep)
        stream = await self._start()
        try:
            async for piece in steps(self._cut(stream, writer, skip), stream.abort):
                yield piece
        finally:
            writer.stopped = True
            await stream.close()

    def _cut(self, stream: Stream, writer: Writer, skip: Container[int]) -> Iterator[Piece]:
        last = max(
            (
                n
                for n, entry in enumerate(self._entries)
                if entry.number and entry.number not in skip
            ),
            default=-1,
        )
        for ordinal, entry in enumerate(self._entries[: last + 1], 1):
            if entry.silent:
                continue
            if not entry.number or entry.number in skip:
                writer.drop(entry.size or 0, stream.read_into)
                continue
            member = Member(entry.number, entry.name, entry.size)
            path, size, crc = writer.write(member, entry.size, stream.read_into)
            damage = None
            if entry.size is not None and size < entry.size:
                damage = stream.log.settled(ordinal) or "the archive ends here"
            elif entry.crc is None:
                damage = stream.log.settled(ordinal)
            elif entry.crc != crc:
                damage = stream.log.settled(ordinal) or "CRC Failed"
            if damage is not None and path is not None:
                path.unlink()
                path = None
            yield Piece(member, path, damage)
