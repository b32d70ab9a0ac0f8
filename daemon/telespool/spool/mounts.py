"""Whether the whole spool lies under one mount, so that rename(2) works between all of its folders.

st_dev does not tell: two bind mounts of one file system refuse a rename all the same. So an empty file is renamed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from telespool.spool.layout import FOLDERS

if TYPE_CHECKING:
    from pathlib import Path


class Apart(NamedTuple):
    """A folder into which nothing can be renamed from tmp/, and what the kernel says of it."""

    folder: Path
    error: OSError


def first_apart(root: Path) -> Apart | None:
    """Try each folder that is there; None where all is one. OSError where nothing can be written to tmp/. Blocks."""
    probe = root / "tmp" / f".probe-{os.getpid()}"
    for name in FOLDERS:
        target = root / name / probe.name
        if not target.parent.exists():
            continue
        for leftover in (probe, target):
            leftover.unlink(missing_ok=True)
        probe.touch()
        try:
            probe.rename(target)
        except OSError as error:
            return Apart(target.parent, error)
        finally:
            for leftover in (probe, target):
                leftover.unlink(missing_ok=True)
    return None
