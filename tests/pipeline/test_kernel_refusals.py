"""Whose fault it is that a file cannot be read: its own, that of its other half, or the disk's."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from telespool.errors import Unreadable
from telespool.pipeline.kernel_refusals import readable
from tests.laying import lay

if TYPE_CHECKING:
    from telespool.spool import Spool


@pytest.mark.parametrize(
    ("number", "which", "named"),
    [
        (errno.EACCES, "still", "0001_a.jpg"),
        (errno.EACCES, "clip", "0002~0001_a.mov"),
        (errno.EACCES, "elsewhere", ""),
        (errno.EIO, "", "0001_a.jpg"),
        (errno.EMFILE, "", ""),
        (errno.ENOSPC, "still", ""),
        (errno.ENOENT, "still", ""),
    ],
)
def test_who_waits(spool: Spool, number: int, which: str, named: str) -> None:
    """A unit that cannot be read waits by itself; all else is raised as it is."""
    still, clip = lay(spool, "uploading/0001_a.jpg"), lay(spool, "uploading/0002~0001_a.mov")
    paths = {"still": still.path, "clip": clip.path, "elsewhere": spool.root / "other"}
    error = OSError(number, os.strerror(number), str(paths[which]) if which else None)
    with pytest.raises(Unreadable if named else OSError) as raised, readable(still, clip):
        raise error
    if named:
        label = (still if named == still.path.name else clip).unit.label
        assert f"{label} cannot be read" in str(raised.value)
    else:
        assert raised.value is error
