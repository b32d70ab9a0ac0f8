"""Recover at start from what an earlier process left, downstream first.

Downstream first, so that the proof of a later step is seen before an earlier one is done again. A unit with
@K in its name was being worked on when the process died, for the K-th time; at the limit it goes to quarantine.
Every step can be repeated: the process may die in here as well.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.claims import APART, GATHERED
from telespool.spool.job_report import close_job
from telespool.spool.layout import FOLDERS
from telespool.spool.names import Job
from telespool.spool.staging import sweep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool import Spool
    from telespool.spool.layout import Entry, Folder

_APART = 60.0
_DOWNSTREAM_FIRST: tuple[Folder, ...] = ("converting", "uploading", "incoming")
_RETURNED = "{}: its claim was broken off, it is back in the inbox"


def recover(spool: Spool, max_deaths: int) -> list[str]:
    """Put right what an earlier process left, downstream first; return a sentence for each repair.

    A job of which a folder may not be read is left as it is, and is `unrecovered` until `recover_later`.
    """
    # What an earlier process did last may not be on the disk yet, but is seen: nothing may be built on it before it is.
    spool.disk.syncfs(spool.root)
    said = [f"{path}: removed, the command that copied it has died" for path in _sweep(spool)]
    for apart in _set_apart(spool.inbox):
        with spool.locked.unrecovered_where_refused(apart.name.removeprefix(APART)):
            said += _return_set_apart(spool, apart)
    said += _part_suspects(spool, max_deaths)
    lying: dict[str, list[Folder]] = {}
    for folder in FOLDERS:
        for job in spool.jobs(folder):
            lying.setdefault(job, []).append(folder)
    for job, folders in sorted(lying.items()):
        with spool.locked.unrecovered_where_refused(job):
            said += _recover_job(spool, job, folders, max_deaths)
    spool.drop_empty_gatherings()
    return said


def recover_later(spool: Spool, max_deaths: int) -> list[str]:
    """Put right the jobs of which a folder could not be read before; return a sentence for each repair."""
    said = []
    for job in spool.locked.unrecovered:
        with contextlib.suppress(PermissionError):
            for apart in _set_apart(spool.inbox):
                if apart.name == f"{APART}{job}":
                    said += _return_set_apart(spool, apart)
            said += _recover_job(spool, job, FOLDERS, max_deaths)
            close_job(spool, job)
            spool.locked.is_recovered(job)
    return said


def _recover_job(spool: Spool, job: str, folders: Sequence[Folder], max_deaths: int) -> list[str]:
    """The same for one job; `folders`: those in which it has a folder."""
    said = []
    for folder in (each for each in _DOWNSTREAM_FIRST if each in folders):
        for entry in spool.units(folder, job):
            if entry.unit.attempt:
                said += _after_death(spool, entry, max_deaths)
    if "incoming" in folders:
        spool.finish_taking(job)
        said += _return_gathered(spool, job)
    if "uploading" in folders:
        said += _recover_uploads(spool, job)
    if "converting" in folders:
        spool.drop_orphan_segments(job)
    if "quarantine" in folders:
        spool.drop_orphan_notes(job)
    for folder in folders:
        spool.tidy(spool.job_folder(folder, job))  # died between its mkdir and the rename
    return said


def _recover_uploads(spool: Spool, job: str) -> list[str]:
    said = []
    for entry in spool.units("uploading", job):
        if entry.unit.is_album and not spool.members(entry):
            spool.disk.rmdir(entry.path)
        else:
            if entry.unit.is_album:
                spool.reunite(entry)
            said += _drop_refused(spool, entry)
    return said


def _sweep(spool: Spool) -> list[Path]:
    """Remove half copies of `telespool drop` from the inbox and the folders of chats."""
    return sweep(spool.disk, _inboxes(spool.inbox))


def _return_set_apart(spool: Spool, apart: Path) -> list[str]:
    """Finish or undo an interrupted claim by copy (of an inbox on another file system)."""
    job = apart.name.removeprefix(APART)
    has_come = any(spool.units(folder, job) for folder in FOLDERS)
    back = spool.finish_copy(apart, job) if has_come else spool.put_back(apart, apart.parent)
    return [_RETURNED.format(name) for name in back]


def _set_apart(inbox: Path) -> list[Path]:
    """What was set apart in the inbox and the folders of its chats."""
    return [
        path
        for folder in _inboxes(inbox)
        for path in _folders_in(folder)
        if path.name.startswith(APART) and Job.parse(path.name.removeprefix(APART)) is not None
    ]


def _inboxes(inbox: Path) -> list[Path]:
    """Where drops may lie: the inbox, the folders of its chats, and those of their topics."""
    chats = _folders_in(inbox)
    return [inbox, *chats, *(topic for chat in chats for topic in _folders_in(chat))]


def _folders_in(folder: Path) -> list[Path]:
    """The folders in it; none where it may not be read: it is what somebody dropped, or `check` tells of it."""
    try:
        return [folder / each.name for each in plain_files.entries(folder) if each.is_directory]
    except PermissionError:
        return []


def _return_gathered(spool: Spool, job: str) -> list[str]:
    """Return the files of an interrupted claim of several to where they were dropped."""
    gathered = spool.job_folder("incoming", job) / GATHERED
    if not plain_files.is_directory(gathered):
        return []
    return [_RETURNED.format(name) for name in spool.put_back(gathered, spool.inbox_of(job))]


def _part_suspects(spool: Spool, max_deaths: int) -> list[str]:
    """Try suspects apart: when the process died over several units, only one of them is to blame.

    What is furthest up goes first; the others wait a minute in deferred/ and begin anew.
    """
    suspects = [
        [
            entry
            for entry in spool.all_units(folder)
            if entry.unit.attempt and spool.deaths(entry) >= max_deaths - 1
        ]
        for folder in reversed(_DOWNSTREAM_FIRST)
    ]
    first, *others = [each for each in suspects if each] or [[]]
    said = []
    for entry in (entry for each in others for entry in each):
        if entry.folder == "converting" and spool.copy_of(entry.job, entry.unit.first):
            continue
        with spool.locked.unrecovered_where_refused(entry.job):
            spool.wait(entry, spool.clock() + _APART)
            said.append(
                f"{entry.job}/{entry.unit.plain()}: waits until {first[0].unit.label} was tried"
            )
    return said


def _after_death(spool: Spool, entry: Entry, max_deaths: int) -> list[str]:
    deaths = spool.deaths(entry)
    where = f"{entry.job}/{entry.unit.plain()}"
    if entry.folder == "converting" and spool.copy_of(entry.job, entry.unit.first):
        return []  # it was finished before the process died
    if deaths >= max_deaths - 1 and _is_of_several(spool, entry):
        # One member may be the killer. Each alone is tried once more, so that only that one is lost.
        spool.dissolve(entry)
        return [f"{where}: the process died {deaths} times with it; its members go one by one"]
    if deaths >= max_deaths:
        original = spool.original_of(entry) if entry.unit.kind == "c" else None
        reason = (
            f"The process died {deaths} times while working on {entry.unit.label}, so it is not"
            f" tried again. Move it back to {entry.folder if entry.unit.first == 0 else 'uploading'}/"
            " to try once more."
        )
        spool.quarantine(original or entry, reason)
        if original:
            spool.drop_copy(entry)
        return [f"{where}: quarantined, the process died {deaths} times while working on it"]
    if entry.folder == "uploading":
        spool.count_deaths(entry)
    return []


def _is_of_several(spool: Spool, entry: Entry) -> bool:
    """Whether it is an album of several messages: a live photo alone is one, of two files."""
    return sum(member.unit.still is None for member in spool.members(entry)) > 1


def _drop_refused(spool: Spool, entry: Entry) -> list[str]:
    """Remove copies, alone or in an album, whose original is in quarantine."""
    copies = [each for each in spool.members(entry) if each.unit.kind == "c"]
    refused = [each for each in copies if _refused_before(spool, each)]
    for copy in refused:
        spool.drop_copy(copy)
    if refused and entry.unit.is_album and not spool.members(entry):
        spool.drop_empty_album(entry)
    return [f"{each.job}/{each.unit}: removed, its original is in quarantine" for each in refused]


def _refused_before(spool: Spool, copy: Entry) -> bool:
    if spool.original_of(copy) is not None:
        return False
    return any(
        entry.unit.first in {copy.unit.first, copy.unit.parent} and entry.unit.kind == ""
        for entry in spool.units("quarantine", copy.job)
    )
