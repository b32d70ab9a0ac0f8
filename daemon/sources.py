"""What a drop is made of: an archive, a folder, or a single file, and how its members come out.

Every source numbers its members by natural name order, the same after a restart. Archives inside are opened down to
the configured depth; the members of the archive that is number 7 are 7000001, 7000002, …: behind all members beside
it, and known without opening anything else.

Members come out as files in a directory of tmp/ (of a folder: as second names of the dropped files, so that nothing is
copied). A single file is its own member and stays where it is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Container, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

from daemon.archives.inside import together
from daemon.archives.limits import Budget
from daemon.archives.signatures import begins_like_one, recognise
from daemon.archives.volumes import may_be
from daemon.drops import BESIDE
from daemon.errors import Permanent, TelespoolError
from daemon.media.sniff import HEAD, media_name, sniff
from daemon.names import NESTED, clean, natural

if TYPE_CHECKING:
    from daemon.archives.engine import Engine
    from daemon.archives.inside import Inside
    from daemon.archives.members import Archive
    from daemon.archives.members import Member as Listed
    from daemon.archives.members import Piece as Unpacked
    from daemon.disk import Disk
    from daemon.folders import Entry


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a drop: its place, its name as the drop has it, its size where that is known."""

    number: int
    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A member that has come out. Without a path it was left out: `left_out` says why, or it is damaged.

    `refused` is the sentence with which an archive inside goes to quarantine. `expect` are the members that an
    archive inside adds.
    """

    member: Member
    path: Path | None = None
    left_out: str = ""
    refused: str = ""
    expect: tuple[Member, ...] = ()


class Source(Protocol):
    """A drop, opened."""

    kind: str
    members: Sequence[Member]
    damage: list[str]
    kept_apart: bool
    """Whether the drop is something other than its members, and is kept in done/ after them."""

    def pieces(self, *, skip: Container[int]) -> AsyncGenerator[Piece]:
        """The members one by one; the source stands still while nobody asks for the next."""

    def next_size(self) -> int:
        """The bytes that asking for the next piece may take, 0 where nobody knows."""

    async def close(self) -> None:
        """Let go of everything but what was taken."""


@dataclass(slots=True)
class Rules:
    """What the sources of one drop share."""

    tmp: Path
    engine: Engine | None
    passwords: tuple[str, ...]
    others: Literal["skip", "document"]
    depth: int
    disk: Disk
    budget: Budget | None = None
    """What the archives of this drop may bring, all of them together."""

    def wanted(self, name: str, head: bytes, depth: int) -> bool:
        """Whether a member of this name that begins like this is worth a closer look, this deep.

        What is called a photo or a video is looked at even so: it is broken, and that must be said.
        """
        if self.others == "document" or media_name(name):
            return True
        if depth > 1 and (begins_like_one(head) or may_be(name)):
            return True
        return sniff(head).kind not in {"other", "playlist"}


async def open_source(
    drop: Entry,
    file: Path | None,
    tmp: Path,
    *,
    engine: Engine | None,
    passwords: tuple[str, ...],
    others: Literal["skip", "document"],
    depth: int,
    disk: Disk,
) -> Source:
    """Open a drop; Permanent where it cannot be read, Temporary where a volume is missing still.

    `file` is its one file or its (first) archive, None for a folder.
    """
    rules = Rules(tmp / f"{drop.job}.unpack", engine, passwords, others, depth, disk)
    if engine is not None:
        packed = await asyncio.to_thread(_size, drop.path)
        rules.budget = Budget(engine.settings, packed)
    if file is None:
        members = await asyncio.to_thread(_walk, drop.path)
        return FolderSource(drop.path, members, rules)
    if file != drop.path:
        rules.passwords = (*await asyncio.to_thread(_passwords, drop.path), *passwords)
    if file != drop.path or await asyncio.to_thread(recognise, file) is not None:
        return ArchiveSource(await _open(file, rules), rules)
    return FileSource(file, drop.unit.label)


async def _open(path: Path, rules: Rules) -> Archive:
    if rules.engine is None:
        raise Permanent(
            f"{path.name} is an archive, but there is no 7-Zip on this machine."
            " Install it (Debian: apt install 7zip) and drop the archive again."
        )
    return await rules.engine.open(path, rules.passwords, budget=rules.budget)


class FileSource:
    """One file that is its own member."""

    kind = "file"
    kept_apart = False

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.members: Sequence[Member] = [Member(1, name, None)]
        self.damage: list[str] = []

    async def pieces(self, *, skip: Container[int]) -> AsyncGenerator[Piece]:
        """The file itself, where it lies."""
        if 1 not in skip:
            yield Piece(self.members[0], self.path)

    def next_size(self) -> int:
        """It takes no room: it is there already."""
        return 0

    async def close(self) -> None:
        """There is nothing to let go of."""


class _Unpacking:
    """What archives and folders share: the directory in tmp/ and the archives inside."""

    kept_apart = True

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.damage: list[str] = []
        self._next_size = 0

    def next_size(self) -> int:
        """The size of the member that comes next."""
        return self._next_size

    async def close(self) -> None:
        """Remove what nobody took."""
        if await asyncio.to_thread(self.rules.tmp.exists):
            await asyncio.to_thread(self.rules.disk.rmtree, self.rules.tmp)

    async def _unpack(
        self, archive: Archive, base: int, depth: int, skip: Container[int]
    ) -> AsyncGenerator[Piece]:
        """The members of one archive, then those of the archives inside it."""
        directory = self.rules.tmp / str(base)
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        sizes = [member.size or 0 for member in archive.members if base + member.number not in skip]
        inside: list[tuple[Member, Path]] = []
        done = 0
        self._next_size = sizes[0] if sizes else 0

        def keep(listed: Listed, head: bytes) -> bool:
            return self.rules.wanted(listed.name, head, depth)

        unpacking = archive.extract(directory, skip=_Shifted(skip, base), keep=keep)
        async with aclosing(cast("AsyncGenerator[Unpacked]", unpacking)) as pieces:
            async for out in pieces:
                done += 1
                self._next_size = sizes[done] if done < len(sizes) else 0
                member = _numbered(out.member, base)
                if out.damage:
                    self.damage.append(f"{member.name}: {out.damage}")
                    yield Piece(member, left_out=out.damage)
                elif out.path is None:
                    yield Piece(member, left_out="neither a photo nor a video")
                elif depth > 1 and await asyncio.to_thread(_may_be_archive, out.path):
                    inside.append((member, out.path))
                else:
                    yield Piece(member, out.path)
        self._next_size = 0
        if archive.damage:
            self.damage.append(archive.damage)
        async for piece in self._unpack_inner(inside, depth - 1, skip):
            yield piece

    async def _unpack_inner(
        self, found: Sequence[tuple[Member, Path]], depth: int, skip: Container[int]
    ) -> AsyncGenerator[Piece]:
        """The members of the archives among these files; those that are none come as they are."""
        named = [(member.name, path) for member, path in found]
        for inside in await asyncio.to_thread(together, named):
            files = [found[place] for place in inside.places]
            if not inside.is_archive:
                yield Piece(*files[0])
                continue
            async for piece in self._unpack_inside(inside, files, depth, skip):
                yield piece

    async def _unpack_inside(
        self,
        inside: Inside,
        files: Sequence[tuple[Member, Path]],
        depth: int,
        skip: Container[int],
    ) -> AsyncGenerator[Piece]:
        own = files[0][0]
        base = own.number * NESTED
        before = len(self.damage)
        try:
            archive = await _open(inside.path, self.rules)
            if len(archive.members) >= NESTED:
                raise Permanent(f"{own.name} inside the drop has more than {NESTED - 1} members.")
        except TelespoolError as error:
            for member, path in files:
                yield Piece(member, path, refused=error.reason)
            return
        added = (_numbered(member, base) for member in archive.members)
        expect = tuple(member for member in added if member.number not in skip)
        yield Piece(own, expect=expect)
        for member, _ in files[1:]:
            yield Piece(member)
        async for piece in self._unpack(archive, base, depth, skip):
            yield piece
        if len(self.damage) > before:
            self.damage[before:] = [f"{own.name} → {line}" for line in self.damage[before:]]
        for _, path in files:
            await asyncio.to_thread(self.rules.disk.unlink, path)


class ArchiveSource(_Unpacking):
    """An archive."""

    def __init__(self, archive: Archive, rules: Rules) -> None:
        super().__init__(rules)
        self.archive = archive
        self.kind = archive.kind
        self.members: Sequence[Member] = [_numbered(member, 0) for member in archive.members]

    def pieces(self, *, skip: Container[int]) -> AsyncGenerator[Piece]:
        """One pass through the archive, in its own order."""
        return self._unpack(self.archive, 0, self.rules.depth, skip)


class FolderSource(_Unpacking):
    """A folder that was dropped whole. It stays as it was; its files get second names."""

    kind = "folder"

    def __init__(self, path: Path, members: Sequence[Member], rules: Rules) -> None:
        super().__init__(rules)
        self.path = path
        self.members = members

    async def pieces(self, *, skip: Container[int]) -> AsyncGenerator[Piece]:
        """Its files in natural name order, then what is in the archives among them."""
        directory = self.rules.tmp / "0"
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        inside: list[tuple[Member, Path]] = []
        for member in self.members:
            if member.number in skip:
                continue
            path = self.path / member.name
            head = await asyncio.to_thread(_head, path)
            if not head:
                yield Piece(member, left_out="empty")
                continue
            if not self.rules.wanted(member.name, head, self.rules.depth + 1):
                yield Piece(member, left_out="neither a photo nor a video")
                continue
            staged = directory / f"{member.number:04d}_{clean(path.name)}"
            await asyncio.to_thread(self.rules.disk.lend, path, staged)
            if await asyncio.to_thread(_may_be_archive, staged):
                inside.append((member, staged))
            else:
                yield Piece(member, staged)
        async for piece in self._unpack_inner(inside, self.rules.depth, skip):
            yield piece


class _Shifted(Container[int]):
    """The numbers of one archive among those of the drop."""

    def __init__(self, numbers: Container[int], base: int) -> None:
        self._numbers = numbers
        self._base = base

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self._base + number in self._numbers


def _numbered(member: Listed, base: int) -> Member:
    return Member(base + member.number, member.name, member.size)


def _walk(path: Path) -> list[Member]:
    """The regular files below a folder, in natural order; no links, no dotfiles."""
    found: list[tuple[str, int]] = []
    for directory, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        for name in files:
            file = Path(directory, name)
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                found.append((str(file.relative_to(path)), file.stat().st_size))
    found.sort(key=lambda each: (natural(each[0]), each[0]))
    return [Member(number, name, size) for number, (name, size) in enumerate(found, 1)]


def _passwords(folder: Path) -> tuple[str, ...]:
    """The passwords that were dropped beside an archive: the lines of its NAME.password."""
    texts = [path.read_text("utf-8", "replace") for path in sorted(folder.glob(f"*{BESIDE}"))]
    return tuple(line for text in texts for line in text.splitlines() if line)


def _size(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    if not path.is_dir():
        return path.stat().st_size
    return sum(member.size or 0 for member in _walk(path))


def _may_be_archive(path: Path) -> bool:
    """Whether it is one, or a volume of one, most of which begin anywhere."""
    return may_be(path.name) or recognise(path) is not None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
