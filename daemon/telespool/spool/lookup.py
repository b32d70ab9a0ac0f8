"""What a person means: a job, a unit or a file of the spool, by a path or by a part of a name.

    find(folders, "quarantine/20261120-075145_family_holiday/0021_VID_11.mp4")    # as `ls` shows it, or absolute
    find(folders, "holiday/0021")                                                 # wherever it lies by now
    find(folders, "holiday")                                                      # the job
    find(folders, "Holiday.zip"), find(folders, "VID_11.mp4")                     # by what was dropped, or waits

It does not matter where one stands. `Permanent` leaves with a sentence where nothing, or more than one job, is meant.
Reads names only.
"""

from __future__ import annotations

import os
import shlex
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.spool.account import fates, one_line
from telespool.spool.closed import ClosedFolders
from telespool.spool.layout import FOLDERS, NOTE
from telespool.spool.names import SLUG_BYTES, Job, Unit, clean
from telespool.spool.titles import title

if TYPE_CHECKING:
    from telespool.spool.layout import Entry, SpoolLayout

_NAMED = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A job, and one of its units (or a member of an album) where that was meant; `path` lies in the inbox.

    `inner` is a file of the drop that is no unit: what it is called in the drop, or in the account of the job.
    """

    job: str = ""
    entries: tuple[Entry, ...] = ()
    path: Path | None = None
    inner: str = ""


def typed(text: str) -> str:
    """Return what a person typed or pasted as a plain path or name: without file://, quotes and the last slash."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    if text.startswith("file://"):
        text = urllib.parse.unquote(urllib.parse.urlsplit(text).path, errors="surrogateescape")
    if text == "~" or text.startswith("~/"):
        text = os.path.expanduser(text)  # noqa: PTH111 - it may be a name, which Path would change
    return text.rstrip("/") or text[:1]


def find(folders: SpoolLayout, text: str, *, inner: bool = False) -> Found:
    """Find what is meant by this; `inner`: it may be a file within a drop, or one that only the account names."""
    text = typed(text)
    if not text:
        raise Permanent("Nothing was named. Name a job, or a file inside of one.")
    if (path := _in_inbox(folders, text)) is not None:
        return Found(path=path)
    inside = _inside(folders, text)
    if inside is not None and _lies_beside_jobs(folders, inside):
        raise Permanent(
            f"{text} lies beside the jobs, where nobody takes it. Move it into the folder of its job"
            f" ({inside.parts[0]}/JOB/), or into the inbox."
        )
    if inside is not None and (inside.parts[0] not in FOLDERS or len(inside.parts) < 2):
        raise Permanent(
            f"{text} is no job and no file of one. Name a job, or a file inside of one."
        )
    if inside is not None:
        name, rest = inside.parts[1], "/".join(inside.parts[2:])
    elif os.path.isabs(text):  # noqa: PTH117 - a text, not a path yet
        raise Permanent(f"{text}: there is no such file or folder, and no job of that name.")
    else:
        name, _, rest = text.removeprefix("./").partition("/")
    job = _job(folders, name, rest)
    if isinstance(job, Found):
        return job
    if not rest:
        return Found(job)
    return _of_job(folders, job, rest, inside.parts[0] if inside is not None else None, inner=inner)


def _of_job(folders: SpoolLayout, job: str, rest: str, folder: str | None, *, inner: bool) -> Found:
    """The units of a job that are meant; with `inner`, a file that is none."""
    none = Permanent(
        f"There is no {rest} in {job}. What there is: telespool explain {shlex.quote(job)}"
    )
    if inner and (within := _within_drop(rest)):
        if _told(folders, job, within) or _stands_in(folders.drop(job), within):
            return Found(job, inner=within)
        raise none
    entries = _entries(folders, job, rest, folder)
    if not entries and inner and (named := _told(folders, job, rest)):
        return Found(job, inner=named)
    if not entries:
        raise none
    return Found(job, tuple(entries))


def _within_drop(rest: str) -> str:
    """The path within the folder that was dropped, where this is one: `0000_trip/DCIM/1.jpg`."""
    first, _, path = rest.partition("/")
    unit = Unit.parse(first)
    return path if unit is not None and unit.first == 0 else ""


def _told(folders: SpoolLayout, job: str, path: str) -> str:
    """What the account of a job calls this file; "" where it tells nothing of it."""
    wanted = one_line(path)
    names = [each.name for each in fates(folders, job)]
    return next(
        (name for name in names if name == wanted),
        next((name for name in names if name.endswith(f"/{wanted}")), ""),
    )


def _stands_in(drop: Entry | None, path: str) -> bool:
    return drop is not None and os.path.lexists(drop.path / path)


def _lies_beside_jobs(folders: SpoolLayout, inside: Path) -> bool:
    """Whether this lies beside the jobs of a folder."""
    return (
        inside.parent.name in FOLDERS
        and Job.parse(inside.name) is None
        and os.path.lexists(folders.root / inside)
    )


def inside(folders: SpoolLayout, text: str) -> bool:
    """Whether this names something in the spool or in its inbox."""
    return _in_inbox(folders, text) is not None or _inside(folders, text) is not None


def _inside(folders: SpoolLayout, text: str) -> Path | None:
    """The path below the spool, where it is one: it exists there, or it begins with one of the folders."""
    root = Path(os.path.realpath(folders.root))
    path = Path(os.path.realpath(text))
    if path.is_relative_to(root) and path != root:
        relative = path.relative_to(root)
        if relative.parts[0] in FOLDERS or path.exists():
            return relative
    relative = Path(text)
    if not relative.is_absolute() and len(relative.parts) > 1 and relative.parts[0] in FOLDERS:
        return relative
    return None


def _in_inbox(folders: SpoolLayout, text: str) -> Path | None:
    """The path in the inbox: as it was typed, or from the inbox, as `family/a.jpg`."""
    inbox = Path(os.path.realpath(folders.inbox))
    for tried in (text, os.path.join(inbox, text), os.path.join(folders.root, text)):  # noqa: PTH118 - `text` first
        path = Path(os.path.realpath(tried))
        if path.is_relative_to(inbox) and path != inbox and os.path.lexists(path):
            return path
    return None


def _job(folders: SpoolLayout, name: str, rest: str) -> str | Found:
    """The job of this name, or the files of this name where no job has it."""
    closed = ClosedFolders(folders)
    jobs = sorted({job for folder in FOLDERS for job in closed.jobs(folder)})
    if name in jobs:
        return name
    for fits in (_is_slug, _is_dropped, _is_part):
        meant = [job for job in jobs if fits(job, name)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            listed = "\n".join(f"  {job}" for job in meant[-_NAMED:])
            raise Permanent(f"{len(meant)} jobs are called {name}. Say which:\n{listed}")
    if not rest and (found := _by_file(closed, jobs, name)) is not None:
        return found
    if not rest and (drop := _in_a_chats_inbox(folders, name)) is not None:
        return Found(path=drop)
    shown = f"{name}/{rest}" if rest else name
    raise Permanent(
        f"{shown}: there is no such file or folder here, and no job of that name in {folders.root}."
        f" What lies there: telespool status{_unseen(closed)}"
    )


def _unseen(closed: ClosedFolders) -> str:
    """Where it was not looked."""
    told = closed.told()
    more = f"\nand {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return "".join(f"\nNot looked into: {each.reason}" for each in told[:_NAMED]) + more


def _in_a_chats_inbox(folders: SpoolLayout, name: str) -> Path | None:
    """What waits under this name in the folder of a chat; None where it is in several."""
    inbox = Path(os.path.realpath(folders.inbox))
    found = [path for path in inbox.glob("*/") if os.path.lexists(path / name)]
    return found[0] / name if len(found) == 1 else None


def _by_file(closed: ClosedFolders, jobs: list[str], name: str) -> Found | None:
    """Return the files of one job that have this name, or whose names hold it.

    Permanent where several jobs have one.
    """
    wanted = clean(name).casefold()
    whole: dict[str, list[Entry]] = {}
    part: dict[str, list[Entry]] = {}
    for job in jobs:
        for where in FOLDERS:
            for entry in closed.units(where, job):
                for each in closed.members(entry):
                    names = {each.unit.shown.casefold(), each.path.name.casefold()}
                    if wanted in names:
                        whole.setdefault(job, []).append(each)
                    elif any(wanted in shown for shown in names):
                        part.setdefault(job, []).append(each)
    found = whole or part
    if len(found) > 1:
        listed = "\n".join(f"  {job}/{name}" for job in sorted(found)[-_NAMED:])
        raise Permanent(f"{len(found)} jobs have a file {name}. Say which:\n{listed}")
    return next((Found(job, tuple(entries)) for job, entries in found.items()), None)


def _is_slug(job: str, name: str) -> bool:
    parsed = Job.parse(job)
    return parsed is not None and parsed.slug == name


def _is_dropped(job: str, name: str) -> bool:
    """Whether the job was made of a drop of this name, whatever its ending and case."""
    parsed = Job.parse(job)
    return (
        parsed is not None and parsed.slug.casefold() == clean(title(name), SLUG_BYTES).casefold()
    )


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
                named = {each.path.name, each.unit.shown} & {name, name.removesuffix(NOTE)}
                if named and where == (folder or where):
                    exact.append(each)
                elif unit is not None and unit.is_album != each.unit.is_album:
                    continue
                elif each.unit.first in numbers and not (unit is None and each.unit.is_album):
                    others.append(each)
    return exact or others
