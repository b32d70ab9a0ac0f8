"""Notes that a person moved out of quarantine/: into the inbox, with their files or without, or to where units lie.

A note that is signed by the program (`note_text`) is removed. In the inbox the file beside it gets back the name that
people know, where that is free: it has the number of its job in front, and only the note proves that. Notes of older
versions have no signature; among the units of a job the names around them prove what they are. What is not proven to
be ours is left.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool import note_text
from telespool.spool.account import Account
from telespool.spool.layout import FOLDERS, NOTE
from telespool.spool.names import Job, Unit, clean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from telespool.spool.fs_ops import FileOps
    from telespool.spool.layout import Entry
    from telespool.spool.transition import SpoolWriter

_MOST = 1 << 20  # bytes of a note


def sort_out(disk: FileOps, folders: Iterable[Path]) -> None:
    """Remove the notes in these folders of the inbox and in folders of jobs there. Each step may be repeated."""
    for folder in folders:
        names = plain_files.names(folder)
        for name in names:
            if Job.parse(name) is not None:
                _sort_out(disk, folder / name, plain_files.names(folder / name))
        _sort_out(disk, folder, names)


def _sort_out(disk: FileOps, folder: Path, names: Iterable[str]) -> None:
    for name in names:
        unit = Unit.parse(name.removesuffix(NOTE)) if name.endswith(NOTE) else None
        if unit is None:
            continue
        with contextlib.suppress(OSError):  # of what we may not change the look at it tells
            if not _is_ours(folder / name):
                continue
            if unit.is_album:
                album = folder / name.removesuffix(NOTE)
                for member in plain_files.names(album):
                    if (inner := Unit.parse(member)) is not None:
                        _name_back(disk, album / member, inner)
            else:
                _name_back(disk, folder / name.removesuffix(NOTE), unit)
            disk.unlink(folder / name)
            disk.fsync(folder)


def _is_ours(path: Path) -> bool:
    state = plain_files.lstat(path)
    return state.st_size <= _MOST and note_text.is_ours(plain_files.read_text(path))


def _name_back(disk: FileOps, path: Path, unit: Unit) -> None:
    """Give a file its own name. A folder keeps the one it has: under another it might be that of a chat."""
    if plain_files.is_file(path):
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            disk.rename(path, path.with_name(unit.shown))


def drop_orphan_note(spool: SpoolWriter, entry: Entry) -> bool:
    """Remove a note that a person moved from quarantine/ to other units without its file. Return whether it was one."""
    if not entry.unit.label.endswith(NOTE) or entry.unit.is_album or not _is_note(spool, entry):
        return False
    spool.disk.unlink(entry.path)
    spool.tidy(entry.path.parent)
    spool.changed([entry.folder])
    return True


def _is_note(spool: SpoolWriter, entry: Entry) -> bool:
    number, about = entry.unit.first, entry.unit.label.removesuffix(NOTE)
    member = Account.read(spool, entry.job).members.get(number)
    if member is not None:
        name = clean(member.name.rpartition("/")[2])
        if name in {about, entry.unit.label}:
            return name == about
    with contextlib.suppress(OSError):
        if _is_ours(entry.path):
            return True
    if member is not None:
        return False
    units = (each for folder in FOLDERS for each in spool.units(folder, entry.job))
    members = (each for unit in units for each in spool.members(unit))
    return any(each.unit.first == number and each.unit.label == about for each in members)
