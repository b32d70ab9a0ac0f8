"""Tar archives, plain or compressed, read as a stream by the standard library.

A compressed one is read twice: once for its names, so that every member has its number before the first one
is written, and once for the members. Nothing is held in memory but the names.
"""

from __future__ import annotations

import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from telespool.archives import name_encoding
from telespool.archives.blocking import steps, whole
from telespool.archives.byte_window import ByteWindow
from telespool.archives.child_stream import CHUNK
from telespool.archives.members import Archive, ExtractedPiece, Member
from telespool.archives.tar_input import TarFileInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator, Sequence
    from typing import Any, Self

    from telespool.archives.member_writer import Writer
    from telespool.archives.opening import Opening
    from telespool.archives.tar_input import TarInput

    Start = Callable[[], Awaitable[TarInput]]


@dataclass(slots=True)
class TarEntry:
    """One header of a tar. `index` counts them from 0; `regular`: a file, no link, device or directory.

    `name` is as the tar has it. `info` is of a header that is not the plain one.
    """

    index: int
    name: bytes
    size: int
    regular: bool
    directory: bool = False
    info: tarfile.TarInfo | None = None


# A header may promise a terabyte that is not there, and the library would ask for it block by block.
_PATIENCE = 16
_LONGEST = (
    1 << 20
)  # bytes of headers to one member: a long name, what pax adds, the map of a sparse file
_BUFFER = 1 << 18


class _Stream(ByteWindow):
    """The bytes of a tar in their order; the face `tarfile` wants: read, tell, and seek forward."""

    def __init__(self, tap: TarInput) -> None:
        super().__init__(_BUFFER)
        self._tap = tap
        self._at = 0
        self._empty = 0

    def _fill(self) -> int:
        got = self._tap.read_into(self._view[self._end :])
        self._end += got
        return got

    def take(self, limit: int) -> memoryview:
        data = super().take(limit)
        self._at += len(data)
        return data

    def skip(self, size: int) -> int:
        """Pass over so many bytes; how many there were."""
        done = min(size, self._end - self._start)
        self._start += done
        if done < size and isinstance(self._tap, TarFileInput):
            done += self._tap.skip(size - done)
        self._at += done
        while done < size and (data := self.take(size - done)):
            done += len(data)
        return done

    def read(self, size: int) -> bytes:
        """The next `size` bytes."""
        found = bytearray()
        while len(found) < size and (data := self.take(size - len(found))):
            found += data
        self._empty = 0 if found else self._empty + 1
        if self._empty > _PATIENCE:
            raise tarfile.ReadError("unexpected end of data")
        return bytes(found)

    def tell(self) -> int:
        """How many bytes came so far."""
        return self._at

    def seek(self, place: int) -> int:
        """Go on from there, which is not behind us."""
        if place < self._at:
            raise tarfile.StreamError("seeking backwards is not allowed")
        self.skip(place - self._at)
        return self._at


class _HeaderLimit:
    """A stream while headers are read from it: the library keeps all of a header, however long it says it is."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._left = _LONGEST

    def read(self, size: int) -> bytes:
        """The next bytes of headers."""
        self._left -= size
        if self._left < 0:
            raise tarfile.ReadError(size)
        return bytes(self._source.read(size))

    def tell(self) -> int:
        """Where the stream is."""
        return int(self._source.tell())


class _Info(tarfile.TarInfo):
    """A header that tells its archive how the headers came to an end; the library keeps it to itself."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        stream: Any = tarfile.fileobj
        try:
            if not isinstance(
                stream, _HeaderLimit
            ):  # it calls itself for each header of one member
                tarfile.fileobj = cast("Any", _HeaderLimit(stream))
            return super().fromtarfile(tarfile)
        except _HeaderError as error:
            tarfile.__dict__["ended"] = type(error).__name__
            raise
        finally:
            tarfile.fileobj = stream


_HeaderError: type[Exception] = tarfile.HeaderError
_GOOD_ENDS = {"EOFHeaderError", "EmptyHeaderError"}


class TarReader:
    """The headers of a tar, one after another; `damage` says after them how the tar came to its end.

    Plain headers, of which most tars consist, are read here; everything else (long names, pax, sparse files, links)
    by the standard library, which takes ten times as long for each.
    """

    def __init__(self, tap: TarInput) -> None:
        self._stream = _Stream(tap)
        self._tar: Any = None
        self.damage: str | None = None

    def headers(self) -> Iterator[TarEntry]:
        """Every header, links and directories too."""
        index, last = 0, b""
        try:
            while True:
                block = self._stream.peek(512)
                if not block or (not block[0] and not any(block)):
                    return
                entry = None if self._tar and self._tar.pax_headers else _plain(index, block)
                following = 0
                if entry is None:
                    entry = self._special(index)
                    following = self._tar.offset
                else:
                    self._stream.skip(512)
                    following = self._stream.tell()
                    if entry.regular:
                        following += -(-entry.size // 512) * 512
                last = entry.name
                index += 1
                yield entry
                left = following - self._stream.tell()
                if left > 0 and self._stream.skip(left) < left:
                    break
        except _Ended:
            pass
        except (tarfile.TarError, OverflowError, ValueError, RecursionError):
            if not last:
                self.damage = "no tar begins here"
                return
        [name] = name_encoding.decode([last])
        self.damage = f"it is broken off or damaged after {name}"

    def _special(self, index: int) -> TarEntry:
        if self._tar is None:
            self._tar = tarfile.TarFile(
                fileobj=cast("Any", self._stream),
                encoding="utf-8",
                errors="surrogateescape",
                tarinfo=_Info,
            )
        else:
            self._tar.offset = self._stream.tell()
        info = self._tar.next()
        self._tar.members = []  # the library keeps every header it has seen; we need none again
        if info is None:
            raise _Ended
        name = info.name.encode("utf-8", "surrogateescape")
        return TarEntry(index, name, info.size, info.isreg(), info.isdir(), info)

    def content(self, entry: TarEntry) -> Iterator[memoryview | bytes]:
        """The content of the header at hand; of sparse files the holes too, as zeros."""
        if entry.info is not None and entry.info.sparse is not None:
            file = self._tar.extractfile(entry.info)
            try:
                while data := file.read(CHUNK):
                    yield data
            except tarfile.TarError:
                pass  # the tar ends inside this member: fewer bytes than it should have say so
            return
        left = entry.size
        while left > 0 and (view := self._stream.take(min(left, CHUNK))):
            left -= len(view)
            yield view


class _Ended(Exception):
    """A header that is none."""


def _plain(index: int, block: bytes) -> TarEntry | None:
    """The entry of a plain header, None where the library must look at it."""
    kind = block[156:157]
    if len(block) < 512 or kind not in {b"0", b"\0", b"5"} or block[124] & 0x80:
        return None
    try:
        total = int(block[148:156].strip(b" \0"), 8)
        size = int(block[124:136].strip(b" \0") or b"0", 8)
    except ValueError:
        return None
    # The low half of Adler-32 is the sum of all bytes, much faster than sum().
    found = (zlib.adler32(block) & 0xFFFF) - 1 - sum(block[148:156]) + 256
    if (found - total) % 65521 or not 0 <= total <= 512 * 255 or size < 0:
        return None
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0]
    if prefix:
        name = prefix + b"/" + name
    directory = kind == b"5" or (kind == b"\0" and name.endswith(b"/"))
    return TarEntry(index, name, size, regular=not directory, directory=directory)


class TarArchive(Archive):
    """A tar whose names are known."""

    def __init__(
        self,
        opening: Opening,
        entries: Sequence[TarEntry],
        members: Sequence[Member],
        *,
        tap: Start,
        damage: str | None,
    ) -> None:
        super().__init__(opening, members, damage)
        self._entries = entries
        self._tap = tap

    async def _extract(self, writer: Writer, skip: Container[int]) -> AsyncIterator[ExtractedPiece]:
        tap = await self._tap()

        async def stop() -> None:
            await writer.stop()
            await tap.abort()

        try:
            async for piece in steps(self._read(tap, writer, skip), stop, writer):
                if piece.damage is not None:
                    await tap.check_death()
                yield piece
        finally:
            await tap.close()

    def _read(
        self, tap: TarInput, writer: Writer, skip: Container[int]
    ) -> Iterator[ExtractedPiece]:
        wanted = {
            entry.index: member
            for entry, member in zip(self._entries, self.members, strict=True)
            if member.number not in skip
        }
        walk = TarReader(tap)
        for entry in walk.headers():
            member = wanted.pop(entry.index, None)
            if member is not None:
                yield self._too_large(member) or _piece(writer, walk, entry, member)
            if not wanted:
                return
        for member in wanted.values():
            yield ExtractedPiece(member, None, walk.damage or "the archive ends before it")


def _piece(writer: Writer, walk: TarReader, entry: TarEntry, member: Member) -> ExtractedPiece:
    file = writer.begin(member)
    try:
        for data in walk.content(entry):
            if writer.stopped:  # the holes of a sparse file come from nowhere
                break
            file.add(data)
        if file.size == entry.size:
            return ExtractedPiece(member, file.close(), size=file.size)
    finally:
        file.discard()
    return ExtractedPiece(member, None, "the archive ends inside it")


async def read_names(tap: TarInput, take: Callable[[TarEntry], None]) -> str | None:
    """Walk to the end, give each but the directories to `take`; what is wrong with the tar, if anything."""

    def walk_all() -> str | None:
        walk = TarReader(tap)
        for entry in walk.headers():
            if not entry.directory:
                entry.info = None
                take(entry)
        rest = memoryview(bytearray(CHUNK))
        while tap.read_into(rest):
            pass  # the child that feeds it must come to its end to say whether all was well
        return walk.damage

    return await whole(walk_all, tap.abort)
