"""A file that stands under its name only when all of it does.

    with appearing(target) as file:
        file.write(…)              # .NAME.part beside it
    # fsync, then rename           # commit; both are removed from sight by an error

What another process left half done is written over: it is hidden, and of no use to anybody.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


@contextlib.contextmanager
def appearing(target: Path, disk: FileOps | None = None) -> Iterator[BinaryIO]:
    """Write a file that is called `target` once the block has ended; FileExistsError where that name is taken."""
    disk = disk or FileOps()
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        disk.rename(part, target)  # commit
        disk.fsync(target.parent)
    finally:
        part.unlink(missing_ok=True)
