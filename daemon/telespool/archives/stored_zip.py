"""Zips of members that are not packed, as photos mostly come: copied straight out of the file.

7-Zip has listed such an archive like any other, and every rule holds as for any other; but there is nothing to
unpack, so the bytes need not go through it. Only used where the central directory stands in its place, agrees
with 7-Zip's listing, and has every member neither packed nor encrypted.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from telespool.archives import messages, zip_directory
from telespool.archives.blocking import steps
from telespool.archives.child_stream import CHUNK
from telespool.archives.member_writer import WHOLE
from telespool.archives.members import Archive, ExtractedPiece

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Iterator, Sequence

    from telespool.archives.member_writer import Writer
    from telespool.archives.members import Member
    from telespool.archives.opening import Opening


class StoredZip(Archive):
    """A zip in which everything lies as it is. `offsets` are of the local headers, `crcs` of the members."""

    def __init__(
        self,
        opening: Opening,
        members: Sequence[Member],
        offsets: Sequence[int],
        crcs: Sequence[int],
        *,
        damage: str | None,
    ) -> None:
        super().__init__(opening, members, damage)
        self._offsets = offsets
        self._crcs = crcs

    async def _extract(self, writer: Writer, skip: Container[int]) -> AsyncIterator[ExtractedPiece]:
        async for piece in steps(self._pieces(writer, skip), writer.stop, writer):
            yield piece

    def _pieces(self, writer: Writer, skip: Container[int]) -> Iterator[ExtractedPiece]:
        buffer = memoryview(bytearray(CHUNK))
        with self.path.open("rb", buffering=0) as source:
            for member, offset, crc in zip(self.members, self._offsets, self._crcs, strict=True):
                if member.number not in skip:
                    large = self._too_large(member)
                    yield large or _piece(source.fileno(), writer, member, offset, crc, buffer)


def _piece(
    source: int, writer: Writer, member: Member, offset: int, crc: int, buffer: memoryview
) -> ExtractedPiece:
    at = zip_directory.content_at(os.pread(source, 30, offset), offset)
    size = member.size or 0
    file = writer.begin(member)
    try:
        data = os.pread(source, size, at) if at is not None and size <= WHOLE else b""
        if data:
            file.add(data)
        while at is not None and file.size < size and not writer.stopped:
            count = os.preadv(source, [buffer[: min(CHUNK, size - file.size)]], at + file.size)
            if not count:
                break
            file.add(buffer[:count])
        if at is not None and file.size == size and file.crc == crc:
            whole = data if len(data) == size else b""
            return ExtractedPiece(member, file.close(whole), size=file.size)
    finally:
        file.discard()
    said = "CRC Failed" if file.size == size and at is not None else "Unexpected end of data"
    return ExtractedPiece(member, None, messages.member_damage(said))
