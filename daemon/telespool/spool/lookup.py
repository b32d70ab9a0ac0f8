"""What a person means: a job, a unit or a file of the spool, by a path or by a part of a name.

    find(folders, "quarantine/20261120-075145_family_holiday/0021_VID_11.mp4")    # as `ls` shows it, or absolute
    find(folders, "holiday/0021")                                                 # wherever it lies by now
    find(folders, "holiday")                                                      # the job

`Permanent` leaves with a sentence where nothing, or more than one job, is meant. Reads names only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.spool.layout import FOLDERS
from telespool.spool.names import Job, Unit

if TYPE_CHECKING:
    from telespool.spool.layout import Entry, SpoolLayout

_NAMED = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A job, and one of its units (or a member of an album) where that was meant; `path` lies in the inbox."""

    job: str = ""
    entries: tuple[Entry, ...] = ()
    path: Path | None = None


def find(folders: SpoolLayout, text: str) -> Found:
    """What is meant by this."""
    if (path := _in_inbox(folders, text)) is not None:
        return Found(path=path)
    inside = _inside(folders, text)
    if inside is None:
        name, _, rest = text.strip("/").partition("/")
    elif inside.parts and inside.parts[0] in FOLDERS and len(inside.parts) > 1:
        name, rest = inside.parts[1], "/".join(inside.parts[2:])
    else:
        raise Permanent(
            f"{text} is no job and no file of one. Name a job, or a file inside of one."
        )
    job = _job(folders, name)
    if not rest:
        return Found(job)
    folder = inside.parts[0] if inside is not None else None
    entries = _entries(folders, job, rest, folder)
    if not entries:
        raise Permanent(f"There is no {rest} in {job}. What there is: telespool explain {job}")
    return Found(job, tuple(entries))


def inside(folders: SpoolLayout, text: str) -> bool:
    """Whether this names something in the spool or in its inbox."""
    return _in_inbox(folders, text) is not None or _inside(folders, text) is not None


def _inside(folders: SpoolLayout, text: str) -> Path | None:
    """The path below the spool, where it is one."""
    root = Path(os.path.realpath(folders.root))
    path = Path(os.path.realpath(text))
    if path.is_relative_to(root) and path != root:
        return path.relative_to(root)
    relative = Path(text)
    if not relative.is_absolute() and relative.parts and relative.parts[0] in FOLDERS:
        return relative
    return None


def _in_inbox(folders: SpoolLayout, text: str) -> Path | None:
    inbox = Path(os.path.realpath(folders.inbox))
    path = Path(os.path.realpath(text))
    return path if path.is_relative_to(inbox) and path != inbox and path.exists() else None


def _job(folders: SpoolLayout, name: str) -> str:
    jobs = sorted({job for folder in FOLDERS for job in folders.jobs(folder)})
    if name in jobs:
        return name
    for fits in (_is_slug, _is_part):
        meant = [job for job in jobs if fits(job, name)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            listed = "\n".join(f"  {job}" for job in meant[-_NAMED:])
            raise Permanent(f"{len(meant)} jobs are called {name}. Say which:\n{listed}")
    raise Permanent(
        f"There is no file {name}, and no job of that name in {folders.root}. What lies there: telespool status"
    )


def _is_slug(job: str, name: str) -> bool:
    parsed = Job.parse(job)
    return parsed is not None and parsed.slug == name


def _is_part(job: str, name: str) -> bool:
    return bool(name) and name.casefold() in job.casefold()


def _entries(folders: SpoolLayout, job: str, rest: str, folder: str | None) -> list[Entry]:
    name = rest.rpartition("/")[2]
    unit = Unit.parse(name)
    numbers = {unit.first} if unit is not None else {int(name)} if name.isdecimal() else set()
    exact, others = [], []
    for where in FOLDERS:
        for entry in folders.units(where, job):
            members = folders.members(entry)
            for each in (entry, *(m for m in members if entry.unit.is_album)):
                if each.path.name in {name, name.removesuffix(".txt")} and where == (
                    folder or where
                ):
                    exact.append(each)
                elif unit is not None and unit.is_album != each.unit.is_album:
                    continue
                elif each.unit.first in numbers and not (unit is None and each.unit.is_album):
                    others.append(each)
    return exact or others
