"""What a drop is made of: an archive, a folder, or a single file, and how its members come out.

Every source numbers its members by natural name order, the same after a restart. Archives inside are opened down to
the configured depth; the members of the archive that is number 7 are 7000001, 7000002, …: behind all members beside
it, and known without opening anything else.

Members come out as files in a directory of tmp/ (of a folder: as second names of the dropped files, so that nothing is
copied). A single file is its own member and stays where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from telespool.archives import volumes
from telespool.archives.limits import Budget
from telespool.archives.signatures import recognise
from telespool.pipeline.caption_text import read_caption
from telespool.pipeline.sources.archive import ArchiveSource, open_archive
from telespool.pipeline.sources.base import ExtractedMember, Rules, Source
from telespool.pipeline.sources.file import FileSource
from telespool.pipeline.sources.folder import FolderSource
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.trees import files_below
from telespool.spool.companions import caption_for, password_for

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.archives.engine import Engine
    from telespool.pipeline.caption_text import CaptionText
    from telespool.spool.fs_ops import FileOps
    from telespool.spool.layout import Entry
    from telespool.spool.room import Room

__all__ = ["ExtractedMember", "Source", "open_source"]


async def open_source(
    drop: Entry,
    file: Path | None,
    tmp: Path,
    *,
    engine: Engine | None,
    passwords: tuple[str, ...],
    others: Literal["skip", "document"],
    depth: int,
    disk: FileOps,
    ignore: tuple[str, ...] = (),
    room: Room | None = None,
    raws: bool = False,
    notes: bool = False,
) -> Source:
    """Open a drop; Permanent where it cannot be read, Temporary where a volume is missing still.

    `file` is its one file or its (first) archive, None for a folder.
    """
    rules = Rules(
        tmp / f"{drop.job}.unpack",
        engine,
        passwords,
        others,
        depth,
        disk,
        ignore=ignore,
        room=room,
        raws=raws,
        notes=notes,
    )
    if engine is not None:
        packed = await in_thread(_size, drop.path)
        rules.budget = Budget(engine.settings, packed, room)
    if file is None:
        return await in_thread(FolderSource, drop.path, rules)
    name = drop.unit.label if file == drop.path else file.name
    beside = None
    if file != drop.path:
        await in_thread(_learn, drop.path, rules)
        beside = await in_thread(_caption, drop.path)
    if await in_thread(_is_archive, file) or (file != drop.path and beside is None):
        return ArchiveSource(await open_archive(file, name, rules), rules, beside)
    if file != drop.path:  # it is only called like an archive
        return await in_thread(FolderSource, drop.path, rules)
    return FileSource(file, drop.unit.label)


def _is_archive(path: Path) -> bool:
    return (
        recognise(path) is not None or volumes.set_of(path.name, (), {path.name: path}) is not None
    )


def _learn(folder: Path, rules: Rules) -> None:
    """Read the passwords that were dropped beside an archive."""
    for path in sorted(folder.iterdir()):
        if password_for(path.name) is not None and plain_files.is_file(path):
            rules.learn(path.name, path)


def _caption(folder: Path) -> tuple[str, CaptionText] | None:
    """The caption that was dropped beside an archive."""
    for name in sorted(plain_files.names(folder)):
        if caption_for(name) and plain_files.is_file(folder / name):
            return name, read_caption(folder / name)
    return None


def _size(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    if not plain_files.is_directory(path):
        return plain_files.lstat(path).st_size
    return sum(state.st_size for _, state in files_below(path))
