"""A folder that was dropped whole: its files come out in natural order, as second names, so that nothing is copied."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.file_types import HEAD
from telespool.pipeline.sources.archive import UnpackingSource, may_be_archive
from telespool.pipeline.sources.base import DropMember, ExtractedMember
from telespool.spool.names import clean, natural

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Container, Sequence

    from telespool.pipeline.sources.base import Rules


class FolderSource(UnpackingSource):
    """A folder that was dropped whole. It stays as it was; its files get second names."""

    kind = "folder"

    def __init__(self, path: Path, members: Sequence[DropMember], rules: Rules) -> None:
        super().__init__(rules)
        self.path = path
        self.members = members

    async def pieces(self, *, skip: Container[int]) -> AsyncGenerator[ExtractedMember]:
        """Its files in natural name order, then what is in the archives among them."""
        directory = self.rules.tmp / "0"
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        inside: list[tuple[DropMember, Path]] = []
        for member in self.members:
            if member.number in skip:
                continue
            path = self.path / member.name
            head = await asyncio.to_thread(_head, path)
            if not head:
                yield ExtractedMember(member, left_out="empty")
                continue
            if not self.rules.wanted(member.name, head, self.rules.depth + 1):
                yield ExtractedMember(member, left_out="neither a photo nor a video")
                continue
            staged = directory / f"{member.number:04d}_{clean(path.name)}"
            await asyncio.to_thread(self.rules.disk.lend, path, staged)
            if await asyncio.to_thread(may_be_archive, staged):
                inside.append((member, staged))
            else:
                yield ExtractedMember(member, staged)
        async for piece in self.unpack_inner(inside, self.rules.depth, skip):
            yield piece


def walk(path: Path) -> list[DropMember]:
    """The regular files below a folder, in natural order; no links, no dotfiles."""
    found: list[tuple[str, int]] = []
    for directory, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        for name in files:
            file = Path(directory, name)
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                found.append((str(file.relative_to(path)), file.stat().st_size))
    found.sort(key=lambda each: (natural(each[0]), each[0]))
    return [DropMember(number, name, size) for number, (name, size) in enumerate(found, 1)]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
