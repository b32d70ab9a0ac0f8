"""7-Zip's command lines, its listings, and the archives it reads.

Every call is an argument list with `--` before the file and an absolute path, within memory, processor time
and without the right to write; passwords go in by standard input. An archive's members come out in one pass
over `7zz x -so`, cut by `cutting` and checked against the listed CRC-32. Where the listing has none
(tar-like formats, AES), 7-Zip's own verdict, which comes behind each member, decides alone.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.archives import child_stream
from telespool.archives.blocking import steps, whole
from telespool.archives.child_stream import ChildStream
from telespool.archives.demux import MemberDemuxer
from telespool.archives.limits import NAMES
from telespool.archives.listing import Head, Parser
from telespool.archives.members import Archive, ExtractedPiece, Member
from telespool.archives.messages import endless_names, member_damage, stream_damage
from telespool.errors import Permanent
from telespool.runtime import subprocesses
from telespool.runtime.tool_health import HEALTH

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Container,
        Iterable,
        Iterator,
        Sequence,
    )
    from pathlib import Path

    from telespool.archives.listing import ListedEntry
    from telespool.archives.member_writer import Writer
    from telespool.archives.nested import VolumeLinks
    from telespool.archives.opening import Opening
    from telespool.archives.tar import Start
    from telespool.runtime.tool_health import Tool

_NO_ANSWER = "-p"  # an empty password: without it 7-Zip asks, and ends with "Break signaled"
_PROBES = 3  # members on which another password is tried: the first may be damaged
_LONGEST_LISTING = 1 << 30
_LIST_TIME = 600.0
_STALL = 300.0  # seconds without a byte
# Processor seconds: some to begin with, and one for so many bytes of either side. 7-Zip's slowest method is
# five times faster on slow machines; what needs longer than this is made to need long.
_CPU_BASE, _CPU_RATE = 120, 1 << 20


@dataclass(frozen=True, slots=True)
class Listing:
    """What `7zz l` said: `said` is what it complained about."""

    head: Head
    entries: list[ListedEntry]
    said: str


@dataclass(frozen=True, slots=True)
class SevenZip:
    """One archive as 7-Zip is asked about it."""

    program: Path
    path: Path
    name: str
    """What people call it."""
    memory: int
    tool: Tool
    nice: int = 10
    lined: VolumeLinks | None = None
    """What `path` is a link in, so that it stays as long as this does."""
    switches: tuple[str, ...] = ()
    """What 7-Zip must be told of the archive."""

    def command(self, verb: str, password: str | None, *words: str) -> list[str]:
        """The command line; with a password it will ask for it."""
        line = [os.fspath(self.program), verb, "-bd", "-sccUTF-8", *self.switches, *words]
        if password is None:
            line.append(_NO_ANSWER)
        return [*line, "--", os.path.abspath(self.path)]  # noqa: PTH100 - resolve() would follow links

    def limits(self, size: int) -> subprocesses.ChildLimits:
        """What it may use to go through `size` bytes."""
        return subprocesses.ChildLimits(
            memory=self.memory, file_size=0, cpu=_CPU_BASE + size // _CPU_RATE, nice=self.nice
        )

    async def list(
        self, password: str | None, most: int, *, bare: bool = False, head: Head | None = None
    ) -> Listing:
        """The listing; it is broken off after `most` entries. `bare` leaves out what it says of the whole."""
        parser = Parser(bare=bare)
        if head is not None:
            parser.head = head
        entries: list[ListedEntry] = []
        length = 0
        words = ["-slt", "-ba"] if bare else ["-slt"]
        process = await subprocesses.start(
            self.command("l", password, *words),
            limits=self.limits(0),
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        stdout, stderr = process.stdout, process.stderr
        if stdout is None or stderr is None:
            raise RuntimeError("a child was started without pipes")
        errors = asyncio.create_task(child_stream.all_of(stderr))
        try:
            async with asyncio.timeout(_LIST_TIME):
                await child_stream.answer(process, password)
                rest = b""
                while len(entries) <= most and (data := await stdout.read(1 << 18)):
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        for entry in parser.feed(line.decode("utf-8", "surrogateescape")):
                            entries.append(entry)
                            length += len(entry.shown)
                    if length + len(rest) > NAMES:
                        raise Permanent(endless_names(self.name))
                entries += parser.close()
                if len(entries) > most:
                    await subprocesses.end(process)
                else:
                    # A listing that breaks off looks like a whole one of fewer members.
                    subprocesses.check_death("7-Zip", await process.wait())
                said = (await errors).decode("utf-8", "replace")
        except TimeoutError:
            raise Permanent(f"7-Zip could not list {self.name} within 10 minutes.") from None
        finally:
            errors.cancel()
            await subprocesses.end(process)
        return Listing(parser.head, entries, said)

    def told(self, name: str) -> str:
        """What people call a volume that 7-Zip names after `path`."""
        return name.removeprefix(self.path.name.removesuffix(self.name))

    async def count(self, shown: bytes) -> int:
        """How many lines of the listing look like the one that announces this entry in a pass."""
        listing = await subprocesses.output(
            self.command("l", None, "-slt"),
            limits=self.limits(0),
            timeout=_LIST_TIME,
            most=_LONGEST_LISTING,
        )
        line = b"- " + shown.rstrip(b"/")
        return sum(found.rstrip(b"/") == line for found in listing[1].split(b"\n"))

    async def members(self, password: str | None, size: int) -> ChildStream:
        """Begin a pass over all members, with 7-Zip's messages in between."""
        words = ("-so", "-bb1", "-bso2")
        return await ChildStream.start(
            self.command("x", password, *words),
            password,
            self.limits(size),
            one_pipe=True,
            quiet=self._quiet,
        )

    async def content(self, password: str | None, size: int) -> ChildStream:
        """Begin to read the one thing a stream (gzip, xz, …) holds."""
        return await ChildStream.start(
            self.command("x", password, "-so"), password, self.limits(size), quiet=self._quiet
        )

    async def _quiet(self, seconds: float) -> None:
        """Judge a silence: ToolFault where 7-Zip hangs on a sample as well, Permanent after a few minutes."""
        await HEALTH.blame(self.tool, time.monotonic())
        if seconds > _STALL:
            raise Permanent(
                f"7-Zip made no progress on {self.path.name} for {seconds / 60:.0f} minutes, so it was ended."
            )

    async def opens(
        self, password: str, entries: Sequence[ListedEntry], places: Sequence[int], imitations: int
    ) -> bool:
        """Whether one of the entries in these places comes out whole with this password."""
        size = sum(entry.size or 0 for entry in entries[: places[-1] + 1])
        source = await self.members(password, size)

        def any_whole() -> bool:
            cutter = MemberDemuxer(source, entries, imitations)
            return any(cutter.copy(place, _nowhere) is None for place in places)

        try:
            return await whole(any_whole, source.abort)
        finally:
            await source.close()


class SevenZipArchive(Archive):
    """A listed archive. `places` says where among the entries each member is.

    The first of `passwords` is known to fit; the others are tried on what it does not open. `locked` says why
    encrypted members cannot be opened, where no password fits.
    """

    def __init__(
        self,
        opening: Opening,
        entries: Sequence[ListedEntry],
        places: Sequence[int],
        members: Sequence[Member],
        *,
        passwords: Sequence[str],
        locked: str,
        imitations: int,
        damage: str | None,
    ) -> None:
        super().__init__(opening, members, damage)
        self._places = places
        self._entries = entries
        self._source = opening.source
        self._passwords = passwords
        self._locked_for = locked
        self._imitations = imitations

    async def _extract(self, writer: Writer, skip: Container[int]) -> AsyncIterator[ExtractedPiece]:
        wanted: Iterable[int] = (
            n for n, member in enumerate(self.members) if member.number not in skip
        )
        first = self._passwords[0] if self._passwords else None
        others = self._passwords[1:]
        locked: dict[int, ExtractedPiece] = {}
        async with aclosing(self._pass(first, wanted, writer)) as pieces:
            async for place, piece in pieces:
                if others and piece.damage and self._locked(place, piece.damage):
                    locked[place] = piece
                else:
                    yield piece
        # Members that were packed with another password. Each other one is tried on them before it costs a pass.
        for password in others:
            some = [self._places[place] for place in itertools.islice(locked, _PROBES)]
            if some and await self._source.opens(password, self._entries, some, self._imitations):
                async with aclosing(self._pass(password, list(locked), writer)) as pieces:
                    async for place, piece in pieces:
                        if piece.damage is None:
                            del locked[place]
                            yield piece
        for piece in locked.values():
            yield piece

    def _locked(self, place: int, damage: str) -> bool:
        return "password" in damage and self._entries[self._places[place]].encrypted

    async def _pass(
        self, password: str | None, wanted: Iterable[int], writer: Writer
    ) -> AsyncGenerator[tuple[int, ExtractedPiece]]:
        """One run of 7-Zip; of the members in these places what came out."""
        size = sum(entry.size or 0 for entry in self._entries)
        source = await self._source.members(password, size)
        try:
            cutter = MemberDemuxer(source, self._entries, self._imitations)
            async for place, piece in steps(
                self._pieces(cutter, wanted, writer), source.abort, writer
            ):
                if piece.damage is not None:
                    await source.check_death()
                yield place, piece
        finally:
            await source.close()

    def _pieces(
        self, cutter: MemberDemuxer, wanted: Iterable[int], writer: Writer
    ) -> Iterator[tuple[int, ExtractedPiece]]:
        for n in wanted:
            place, member = self._places[n], self.members[n]
            entry = self._entries[place]
            piece = self._too_large(member)
            if piece is None and self._locked_for and entry.encrypted:
                piece = ExtractedPiece(member, None, self._locked_for)
            if piece is None:
                cutter.skip(place, writer.drop)
                piece = _piece(cutter, writer, place, entry, member)
            yield n, piece


def _piece(
    cutter: MemberDemuxer, writer: Writer, index: int, entry: ListedEntry, member: Member
) -> ExtractedPiece:
    file = writer.begin(member)
    try:
        said = cutter.copy(index, file.add)
        # Of encrypted members some formats list another sum, and 0 stands where none was known.
        if said is None and entry.crc and entry.crc != file.crc and not entry.encrypted:
            said = "CRC Failed"
        if said is None:
            return ExtractedPiece(member, file.close(), size=file.size)
    finally:
        file.discard()
    return ExtractedPiece(member, None, member_damage(said))


class StreamArchive(Archive):
    """One thing in a compressed stream that is no tar (`photo.jpg.gz`), or in pieces (`film.mp4.001`)."""

    def __init__(
        self,
        opening: Opening,
        name: str,
        *,
        start: Start,
    ) -> None:
        super().__init__(opening, [Member(1, name, None)])
        self._start = start

    async def _extract(self, writer: Writer, skip: Container[int]) -> AsyncIterator[ExtractedPiece]:
        [member] = self.members
        if member.number in skip:
            return
        file = writer.begin(member)
        source = await self._start()

        def copy() -> None:
            buffer = memoryview(bytearray(child_stream.CHUNK))
            while count := source.read_into(buffer):
                file.add(buffer[:count])

        try:
            async with self.budget.spending(self.name):
                await whole(copy, source.abort)
            damage = stream_damage(*await source.finish())
            if damage is None:
                yield ExtractedPiece(member, await asyncio.to_thread(file.close), size=file.size)
            else:
                yield ExtractedPiece(member, None, damage)
        finally:
            file.discard()
            await source.close()


def _nowhere(_: memoryview) -> None:
    """Bytes that only had to be read."""
