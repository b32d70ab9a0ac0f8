"""What the kernel refuses of one unit alone: it waits by itself, and nobody takes it for trouble of the disk."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.spool.layout import Entry

NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_FULL = {*NO_SPACE, errno.EROFS}


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


def is_below(name: str | bytes | int, path: Path) -> bool:
    """Whether the file that an error names lies there, or is that."""
    return not isinstance(name, int) and Path(os.fsdecode(name)).is_relative_to(path)
