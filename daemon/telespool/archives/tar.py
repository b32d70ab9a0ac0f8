"""Tar archives, plain or compressed, read as a stream by the standard library.

A compressed one is read twice: once for its names, so that every member has its number before the first one
is written, and once for the members. Nothing is held in memory but the names.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from telespool.archives.blocking import steps, whole
from telespool.archives.child_stream import CHUNK
from telespool.archives.members import Archive, ExtractedPiece, Member

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator, Sequence
    from pathlib import Path
    from typing import Any, Protocol, Self

    from telespool.archives.member_writer import Writer
    from telespool.archives.opening import Opening

    class TarInput(Protocol):
        """Where the bytes of a tar come from."""

        def read_into(self, view: memoryview) -> int:
            """Fill the view as far as the bytes go. Blocks."""

        async def abort(self) -> None:
            """Make a `read_into` that is under way return."""

        async def finish(self) -> tuple[int, str]:
            """How it ended, after everything was read: an exit code and what was said."""

        async def check_death(self) -> None:
            """Raise ChildDied if nothing more comes because somebody killed the child that fed it."""

        async def close(self) -> None:
            """Let go of everything."""

    Start = Callable[[], Awaitable[TarInput]]


@dataclass(frozen=True, slots=True)
class TarEntry:
    """One header of a tar. `index` counts them from 0; `regular`: a file, no link, device or directory."""

    index: int
    name: str
    size: int
    regular: bool


class TarFileInput:
    """A file as it lies on the disk, whole or cut into several."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = iter(paths)
        self._stopped = False
        self._file = next(self._paths).open("rb", buffering=0)

    def read_into(self, view: memoryview) -> int:
        """Fill the view as far as the file goes; the next time from the file behind it."""
        while not (count := 0 if self._stopped else self._file.readinto(view)):
            if self._stopped:
                return 0
            following = next(self._paths, None)
            if following is None:
                return 0
            self._file.close()
            self._file = following.open("rb", buffering=0)
        return count

    async def abort(self) -> None:
        """Give no more bytes: a film takes long to copy."""
        self._stopped = True

    async def finish(self) -> tuple[int, str]:
        """A file ends well."""
        return 0, ""

    async def check_death(self) -> None:
        """Nobody kills a file."""

    async def close(self) -> None:
        """Close the file."""
        self._file.close()


# A header may promise a terabyte that is not there, and the library would ask for it block by block.
_PATIENCE = 16
_LONGEST = (
    1 << 20
)  # bytes of headers to one member: a long name, what pax adds, the map of a sparse file


class _Reader:
    """The face `tarfile` wants: `read(n)` gives n bytes, fewer only at the end."""

    def __init__(self, read_into: Callable[[memoryview], int]) -> None:
        self._read_into = read_into
        self._empty = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes."""
        buffer = bytearray(size)
        view, got = memoryview(buffer), 0
        while got < size and (count := self._read_into(view[got:])):
            got += count
        self._empty = 0 if got else self._empty + 1
        if self._empty > _PATIENCE:
            raise tarfile.ReadError("unexpected end of data")
        return bytes(view[:got])


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
    """The headers of a tar, one after another; `damage` says after them how the tar came to its end."""

    def __init__(self, read_into: Callable[[memoryview], int]) -> None:
        self._reader = _Reader(read_into)
        self._open: Callable[[tarfile.TarInfo], Any]
        self.damage: str | None = None

    def headers(self) -> Iterator[tuple[int, tarfile.TarInfo]]:
        """Every header with its index, links and directories too."""
        index, last = 0, ""
        try:
            tar = tarfile.open(  # noqa: SIM115 - nothing to close: the tap is the caller's
                fileobj=cast("Any", self._reader),  # only its read() is ever called
                mode="r|",
                bufsize=1 << 18,
                encoding="utf-8",
                errors="surrogateescape",
                tarinfo=_Info,
            )
            self._open = tar.extractfile
            while (info := tar.next()) is not None:
                last = info.name
                yield index, info
                index += 1
                cast(
                    "Any", tar
                ).members = []  # the library keeps every header it has seen; we need none again
            if tar.__dict__.get("ended") not in _GOOD_ENDS:
                self.damage = f"it is broken off or damaged after {last}"
        except (tarfile.TarError, OverflowError, ValueError, RecursionError):
            self.damage = (
                f"it is broken off or damaged after {last}" if last else "no tar begins here"
            )

    def content(self, info: tarfile.TarInfo) -> Iterator[bytes]:
        """The content of the header at hand; of sparse files the holes too, as zeros."""
        file = self._open(info)
        try:
            while data := file.read(CHUNK):
                yield data
        except tarfile.TarError:
            pass  # the tar ends inside this member: fewer bytes than it should have say so


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
        try:
            async for piece in steps(self._read(tap, writer, skip), tap.abort, writer):
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
        walk = TarReader(tap.read_into)
        for index, info in walk.headers():
            member = wanted.pop(index, None)
            if member is not None:
                yield self._too_large(member) or _piece(writer, walk, info, member)
            if not wanted:
                return
        for member in wanted.values():
            yield ExtractedPiece(member, None, walk.damage or "the archive ends before it")


def _piece(
    writer: Writer, walk: TarReader, info: tarfile.TarInfo, member: Member
) -> ExtractedPiece:
    file = writer.begin(member)
    try:
        for data in walk.content(info):
            file.add(data)
        if file.size == info.size:
            return ExtractedPiece(member, file.close(), size=file.size)
    finally:
        file.discard()
    return ExtractedPiece(member, None, "the archive ends inside it")


async def read_names(tap: TarInput, take: Callable[[TarEntry], None]) -> str | None:
    """Walk to the end, give each but the directories to `take`; what is wrong with the tar, if anything."""

    def walk_all() -> str | None:
        walk = TarReader(tap.read_into)
        for index, info in walk.headers():
            if not info.isdir():
                take(TarEntry(index, info.name, info.size, info.isreg()))
        rest = memoryview(bytearray(CHUNK))
        while tap.read_into(rest):
            pass  # the child that feeds it must come to its end to say whether all was well
        return walk.damage

    return await whole(walk_all, tap.abort)
