"""A folder that was dropped whole: its files come out in natural order, as second names, so that nothing is copied."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from telespool.archives.limits import Budget
from telespool.archives.members import Member
from telespool.clutter import (
    LINK,
    THUMBNAIL,
    UNFINISHED,
    clutter,
    ignored,
    thumbnail,
    unfinished,
)
from telespool.file_types import HEAD
from telespool.pipeline.captions.text import read_caption
from telespool.pipeline.unpack.sources.archive import UnpackingSource, may_be_archive
from telespool.pipeline.unpack.sources.base import (
    PASSWORD,
    ExtractedMember,
    is_caption,
)
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.trees import files_below
from telespool.spool.account import LeftOut
from telespool.spool.companions import password_for
from telespool.spool.names import clean
from telespool.spool.natural_order import natural

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Container, Iterable, Iterator, Sequence
    from pathlib import Path

    from telespool.pipeline.unpack.sources.base import Rules


class FolderSource(UnpackingSource):
    """A folder that was dropped whole. It stays as it was; its files get second names."""

    kind = "folder"

    def __init__(self, path: Path, rules: Rules, only: Container[str] | None = None) -> None:
        """Scan the folder, or of its files `only` these. Blocks."""
        super().__init__(rules)
        self.path = path
        self.members: Sequence[Member]
        self.members, left_out = walk(path, only)
        self.left_out += [LeftOut(name, why) for name, why in left_out]

    async def pieces(self, *, skip: Container[int]) -> AsyncGenerator[ExtractedMember]:
        """Its files in natural name order, then what is in the archives among them."""
        directory = self.rules.tmp / "0"
        await in_thread(directory.mkdir, parents=True, exist_ok=True)
        inside: list[tuple[Member, Path]] = []
        for member in self.members:
            if member.number in skip:
                continue
            piece, archive = await in_thread(self._come_out, member, directory)
            if archive is not None:
                inside.append((member, archive))
            else:
                yield piece
        async for piece in self.unpack_inner(inside, self.rules.depth, skip):
            yield piece

    def budget_of(self, depth: int, files: Iterable[Path]) -> Budget | None:
        """An archive right in the folder may bring what it may if it is dropped by itself. Blocks."""
        engine, whole = self.rules.engine, self.rules.budget
        if depth < self.rules.depth or engine is None or whole is None:
            return None
        packed = sum(plain_files.lstat(path).st_size for path in files)
        return Budget(engine.settings, packed, self.rules.room)

    def _come_out(self, member: Member, directory: Path) -> tuple[ExtractedMember, Path | None]:
        """One of its files; where it is an archive, its second name as well. Blocks."""
        rules, depth, path = self.rules, self.rules.depth + 1, self.path / member.name
        if password_for(member.name) is not None:
            rules.learn(member.name, path)
            return ExtractedMember(member, left_out=PASSWORD), None
        if is_caption(member.name) and not ignored(member.name, rules.ignore):
            caption = read_caption(path)
            said = caption.said
            return ExtractedMember(member, left_out=said, caption=caption), None
        head = _head(path)
        if not head:
            return ExtractedMember(member, left_out="empty"), None
        if not rules.wanted(member.name, head, depth):
            return ExtractedMember(member, left_out=rules.reason(member.name, depth, head)), None
        staged = directory / f"{member.number:04d}_{clean(path.name)}"
        staged = rules.lend(path, staged, member.name)
        if may_be_archive(staged):
            return ExtractedMember(member, staged), staged
        return ExtractedMember(member, staged, glance=rules.glance(member, staged)), None


def walk(
    path: Path, only: Container[str] | None = None
) -> tuple[list[Member], list[tuple[str, str]]]:
    """The files below a folder that may be sent, in natural order; and what is left out, with the reason. Blocks.

    `only`: these names directly in the folder, and nothing else of it.
    """
    found: list[tuple[str, int]] = []
    left_out: list[tuple[str, str]] = []
    for name, state in files_below(path) if only is None else _of_these(path, only):
        reason = clutter(name)
        if not stat.S_ISREG(state.st_mode):
            reason = LINK
        if not reason and unfinished(name.rpartition("/")[2]):
            reason = UNFINISHED
        if reason:
            left_out.append((name, reason))
        else:
            found.append((name, state.st_size))
    names = {name for name, _ in found}
    small = {name for name in names if thumbnail(name, names)}
    left_out += [(name, THUMBNAIL) for name in small]
    found = [each for each in found if each[0] not in small]
    found.sort(key=lambda each: (natural(each[0]), each[0]))
    members = [Member(number, name, size) for number, (name, size) in enumerate(found, 1)]
    return members, sorted(left_out)


def _of_these(path: Path, only: Container[str]) -> Iterator[tuple[str, os.stat_result]]:
    for name in filter(only.__contains__, sorted(plain_files.names(path))):
        if plain_files.is_directory(path / name):
            yield from ((f"{name}/{inner}", state) for inner, state in files_below(path / name))
        else:
            yield name, plain_files.lstat(path / name)


def _head(path: Path) -> bytes:
    with plain_files.opened(path) as file:
        return file.read(HEAD)
