"""Volumes under the names by which 7-Zip looks for them, in a folder of links that is removed when it is closed.

The files themselves may be called otherwise: those of a set that lay inside an archive have their numbers in front,
and on file systems that tell cases apart 7-Zip does not find `HOLIDAY.R00` beside `HOLIDAY.RAR`. Permanent leaves it
where no links can be made. Blocks.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Sequence


class VolumeLinks:
    """Files under other names, as long as this object lives; `first` is the one to open."""

    def __init__(self, files: Sequence[tuple[str, Path]]) -> None:
        first = files[0][0]
        try:
            folder = Path(tempfile.mkdtemp(prefix="telespool-volumes-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            for name, path in files:
                (folder / name).symlink_to(path.absolute())
        except OSError as error:
            raise Permanent(f"{first} cannot be unpacked here: {error.strerror}.") from error
        self.first = folder / first
