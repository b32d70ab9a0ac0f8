"""What the kernel refuses of one unit alone: it waits by itself, and nobody takes it for trouble of the disk."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import LockedOut, Unreadable
from telespool.spool import rights

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from telespool.spool import Spool
    from telespool.spool.layout import Entry

NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_FULL = {*NO_SPACE, errno.EROFS}
_DISK_TROUBLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk reports an error",
}


@contextlib.contextmanager
def readable(entry: Entry, half: Entry | None = None) -> Iterator[None]:
    """Raise Unreadable where it is this unit that cannot be read: it waits by itself, and the disk is not to blame.

    `half`: the other half of a live photo, for which the same holds.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in _FULL:
            raise
        # Without a name it came out of read(2) itself.
        name = error.filename
        own = error.errno == errno.EIO if name is None else is_below(name, entry.path)
        if not own and half is not None and name is not None and is_below(name, half.path):
            entry, own = half, True
        if not own:
            raise
        raise Unreadable(
            f"{entry.unit.label} cannot be read ({error.strerror}). Make it readable (chmod u+r), or see whether"
            " its disk is sound; it is tried again now and then."
        ) from error


def refused_by_kernel(entry: Entry, error: OSError) -> Unreadable:
    """The wait of a unit that the kernel refuses on a disk that works."""
    words = error.strerror or str(error)
    return Unreadable(
        f"{entry.unit.label} cannot be read or moved ({words}), though the disk of the spool works. See whether"
        " something is mounted there, or whether its folder is read-only; it is tried again now and then."
    )


def locked_out_of_job(spool: Spool, entry: Entry, error: OSError) -> LockedOut | None:
    """The wait of a unit whose own job has a folder that may not be written; None where it is all jobs'. Blocks."""
    found = rights.refused(error, spool.root)
    if found is None:
        return None
    folder, sentence = found
    ours = folder.is_relative_to(spool.root) and entry.job in folder.relative_to(spool.root).parts
    return LockedOut(f"{sentence}; it is tried again now and then.") if ours else None


def trouble_in_words(error: OSError | sqlite3.Error | MemoryError, root: Path) -> tuple[str, str]:
    """What is wrong with the machine, and the file it was seen at ("" where the words name it). Blocks."""
    if isinstance(error, MemoryError):
        return "this machine has no memory left", ""
    words = str(error) or type(error).__name__
    if not isinstance(error, OSError):
        return f"the state directory cannot be written: {words}", ""
    if (found := rights.refused(error, root)) is not None:
        return found[1], ""
    where = str(error.filename or root)
    return _DISK_TROUBLE.get(error.errno or 0) or error.strerror or words, where


def is_below(name: str | bytes | int, path: Path) -> bool:
    """Whether the file that an error names lies there, or is that."""
    return not isinstance(name, int) and Path(os.fsdecode(name)).is_relative_to(path)
