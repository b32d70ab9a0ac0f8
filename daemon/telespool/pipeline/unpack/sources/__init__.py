"""What a drop is made of: an archive, a folder, or a single file, and how its members come out.

Every source numbers its members by natural name order, the same after a restart. Archives inside are opened down to
the configured depth; the members of the archive that is number 7 are 7000001, 7000002, …: behind all members beside
it, and known without opening anything else.

Members come out as files in a directory of tmp/ (of a folder: as second names of the dropped files, so that nothing is
copied). A single file is its own member and stays where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.archives import volumes
from telespool.archives.limits import Budget
from telespool.archives.signatures import recognise
from telespool.pipeline.captions.text import read_caption
from telespool.pipeline.unpack.sources.archive import ArchiveSource
from telespool.pipeline.unpack.sources.base import ExtractedMember, Listed, Rules, Source
from telespool.pipeline.unpack.sources.file import FileSource
from telespool.pipeline.unpack.sources.folder import FolderSource
from telespool.pipeline.unpack.sources.inner_archives import open_archive
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.trees import files_below
from telespool.spool.companions import caption_for, password_for

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from pathlib import Path

    from telespool.pipeline.captions.text import CaptionText
    from telespool.spool.layout import Entry
    from telespool.spool.room import Room

__all__ = ["ExtractedMember", "Listed", "Rules", "Source", "open_source", "opened", "size_of"]


async def open_source(
    drop: Entry, file: Path | None, rules: Rules, room: Room | None = None
) -> Source:
    """Open a drop; Permanent where it cannot be read, Temporary where a volume is missing still.

    `file` is its one file or its (first) archive, None for a folder.
    """
    if rules.engine is not None:
        packed = await in_thread(size_of, drop.path)
        rules.budget = Budget(rules.engine.settings, packed, room)
    alone = file is None or file == drop.path
    beside = None if alone else await in_thread(_files, drop.path)
    return await opened(drop.path, file, drop.unit.label, rules, beside)


async def opened(
    place: Path,
    file: Path | None,
    label: str,
    rules: Rules,
    beside: Sequence[Path] | None,
    *,
    only: Container[str] | None = None,
) -> Source:
    """Open what lies at `place`, people call `label`, and is opened by `file` (None: a folder).

    `beside` are all files of a drop of several, None for one; `only`: of the folder `place` these alone are of the
    drop.
    """
    if file is None:
        return await in_thread(FolderSource, place, rules, only)
    name = label if beside is None else file.name
    caption = None
    if beside is not None:
        await in_thread(_learn, beside, rules)
        caption = await in_thread(_caption, beside)
    if await in_thread(_is_archive, file) or (beside is not None and caption is None):
        return ArchiveSource(await open_archive(file, name, rules), rules, caption)
    if beside is not None:  # it is only called like an archive
        return await in_thread(FolderSource, place, rules, only)
    return FileSource(file, label)


def _is_archive(path: Path) -> bool:
    return (
        recognise(path) is not None or volumes.set_of(path.name, (), {path.name: path}) is not None
    )


def _files(folder: Path) -> list[Path]:
    return [folder / name for name in sorted(plain_files.names(folder))]


def _learn(files: Sequence[Path], rules: Rules) -> None:
    """Read the passwords that were dropped beside an archive."""
    for path in files:
        if password_for(path.name) is not None and plain_files.is_file(path):
            rules.learn(path.name, path)


def _caption(files: Sequence[Path]) -> tuple[str, CaptionText] | None:
    """The caption that was dropped beside an archive."""
    for path in files:
        if caption_for(path.name) and plain_files.is_file(path):
            return path.name, read_caption(path)
    return None


def size_of(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    if not plain_files.is_directory(path):
        return plain_files.lstat(path).st_size
    return sum(state.st_size for _, state in files_below(path))
