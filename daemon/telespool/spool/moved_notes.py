"""Notes that a person moved out of quarantine/: into the inbox, with their files or without, or to where units lie.

A note that is signed by the program (`note_text`) is removed. In the inbox the file beside it gets back the name that
people know, where that is free: it has the number of its job in front, and only the note proves that. A folder of
ours is called as what was dropped, or emptied where a folder of that name is a chat or a topic. Notes of older versions
have no signature; among the units of a job the names around them prove what they are. What is not proven to be ours is
left.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool import note_text
from telespool.spool.account import Account
from telespool.spool.layout import FOLDERS, NOTE
from telespool.spool.names import Job, Unit, clean
from telespool.spool.transition import free_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from telespool.spool.fs_ops import FileOps
    from telespool.spool.layout import Entry
    from telespool.spool.transition import SpoolWriter

_MOST = 1 << 20  # bytes of a note


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the inbox.

    `may_be_called` says whether a folder of this name would be a drop there: not a chat, nor a topic.
    """

    folder: Path
    may_be_called: Callable[[str], bool] = lambda _: True


def sort_out(disk: FileOps, places: Iterable[Place]) -> None:
    """Remove the notes in these folders of the inbox and in folders of jobs there. Each step may be repeated."""
    for place in places:
        names = _names(place.folder)
        for name in names:
            job = Job.parse(name)
            inside = replace(place, folder=place.folder / name)
            if job is not None and _sort_out(disk, inside, _names(inside.folder)):
                _call_folder(disk, place, name, job)
        _sort_out(disk, place, names)


def _names(folder: Path) -> list[str]:
    """What lies in a folder; nothing where it may not be read, which the look for drops tells."""
    try:
        return plain_files.names(folder)
    except PermissionError:
        return []


def _sort_out(disk: FileOps, place: Place, names: Iterable[str]) -> bool:
    """Remove the notes among these names of a folder; whether there was one."""
    some = False
    for name in names:
        unit = Unit.parse(name.removesuffix(NOTE)) if name.endswith(NOTE) else None
        if unit is None:
            continue
        with contextlib.suppress(OSError):  # of what we may not change the look at it tells
            job = _job_of(place.folder / name)
            if job is None:
                continue
            some = True
            path = place.folder / name.removesuffix(NOTE)
            if unit.is_album:
                for member in plain_files.names(path):
                    if (inner := Unit.parse(member)) is not None:
                        _name_back(disk, path / member, inner)
                _call_folder(disk, place, path.name, job)
            else:
                _name_back(disk, path, unit)
            disk.unlink(place.folder / name)
            disk.fsync(place.folder)
    return some


def _call_folder(disk: FileOps, place: Place, name: str, job: Job) -> None:
    """Call a folder with a name of ours as what was dropped; where it must not be called so, empty it there."""
    path = place.folder / name
    with contextlib.suppress(OSError):
        if place.may_be_called(job.slug):
            disk.rename(path, free_name(place.folder / job.slug))
            return
        for member in plain_files.names(path):
            with contextlib.suppress(FileExistsError):
                disk.rename(path / member, place.folder / member)
        disk.fsync(place.folder)
        disk.rmdir(path)


def _job_of(path: Path) -> Job | None:
    """The job for which the program wrote this note; None where it did not."""
    if plain_files.lstat(path).st_size > _MOST:
        return None
    return note_text.job_in(plain_files.read_text(path))


def _name_back(disk: FileOps, path: Path, unit: Unit) -> None:
    """Give a file its own name."""
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
        if _job_of(entry.path) is not None:
            return True
    if member is not None:
        return False
    units = (each for folder in FOLDERS for each in spool.units(folder, entry.job))
    members = (each for unit in units for each in spool.members(unit))
    return any(each.unit.first == number and each.unit.label == about for each in members)
