"""The marks of attempts: @K in a unit's name while it is worked on.

A mark that is found at the start tells that the process died over this unit, for the K-th time; its time tells whether
the work had got further since the attempt before, in which case the count starts anew. Of a unit in uploading/ its
directory's time tells that: the file keeps its own, by which an upload knows that it is the same. Marks are not
fsynced: a lost one costs nothing.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.transition import claimed

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.spool.layout import Entry
    from telespool.spool.transition import SpoolWriter


def begin(spool: SpoolWriter, entry: Entry) -> Entry:
    """Mark a unit as being worked on. Not fsynced: a lost mark costs nothing.

    Its time becomes that of the job; whoever gets further with it sets it anew (`advance`).
    """
    begun = spool.rename_in_place(entry, entry.unit.attempted(deaths(spool, entry) + 1))
    _set_time(spool, begun.path, claimed(entry.job))
    return begun


def announce(spool: SpoolWriter, entry: Entry) -> None:
    """Give a unit the time that `begin` will give it: an upload that begins before its turn stays the same one."""
    _set_time(spool, entry.path, claimed(entry.job))


def begin_again(spool: SpoolWriter, entry: Entry) -> Entry:
    """Mark the next attempt after one that failed, whatever it got done."""
    return spool.rename_in_place(entry, entry.unit.attempted(entry.unit.attempt + 1))


def advance(spool: SpoolWriter, entry: Entry) -> None:
    """Note that the work on a unit got further: should the process die now, this unit is no poison."""
    with contextlib.suppress(FileNotFoundError):
        _set_time(spool, entry.path, max(spool.clock(), claimed(entry.job) + 1))


def advance_upload(spool: SpoolWriter, entry: Entry) -> None:
    """The same of an upload. Any change of a name in the directory takes it back, so say it again and again."""
    with contextlib.suppress(FileNotFoundError):
        _set_time(spool, entry.path.parent, claimed(entry.job))


def deaths(spool: SpoolWriter, entry: Entry) -> int:
    """How often the process died over a unit that is marked, since it last got further with it."""
    if entry.unit.attempt <= 1:
        return entry.unit.attempt
    further = plain_files.lstat(entry.path).st_mtime != claimed(entry.job)
    if entry.folder == "uploading":
        further = further or plain_files.lstat(entry.path.parent).st_mtime == claimed(entry.job)
    return 1 if further else entry.unit.attempt


def count_deaths(spool: SpoolWriter, entry: Entry) -> Entry:
    """Write into the mark how often the process died: what told it may be gone a moment later."""
    return spool.rename_in_place(entry, entry.unit.attempted(deaths(spool, entry)))


def pause(spool: SpoolWriter, entry: Entry) -> Entry:
    """Take the mark back: the work was broken off by us, which is not a death."""
    return spool.rename_in_place(entry, entry.unit.attempted(max(0, entry.unit.attempt - 1)))


def _set_time(spool: SpoolWriter, path: Path, when: float) -> None:
    """Set a time that tells of attempts; a folder of somebody else goes without: it tells only of deaths."""
    with contextlib.suppress(PermissionError):
        spool.disk.utime(path, when)
