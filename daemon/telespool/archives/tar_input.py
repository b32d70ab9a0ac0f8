"""Where the bytes of a tar come from: a file, or a child that decompresses one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class TarInput(Protocol):
    """Where the bytes of a tar come from."""

    def read_into(self, view: memoryview) -> int:
        """Fill the view as far as the bytes go. Blocks."""

    async def abort(self) -> None:
        """Make a `read_into` that is under way return."""

    async def finish(self) -> tuple[int, str]:
        """How it ended, after everything was read: an exit code and what was said."""

    async def check_death(self) -> None:
        """Raise ChildDied if nothing more comes because somebody killed the child that fed it."""

    async def close(self) -> None:
        """Release everything."""


class TarFileInput:
    """A file as it lies on the disk, whole or cut into several."""

    def __init__(self, paths: Sequence[Path], start: int = 0) -> None:
        """Open them; the first is read from `start`."""
        self._files = [path.open("rb", buffering=0) for path in paths]
        self._sizes = [os.fstat(file.fileno()).st_size for file in self._files]
        self._place = 0
        self._at = start
        self._stopped = False

    def read_into(self, view: memoryview) -> int:
        """Fill the view as far as the file goes; the next time from the file behind it."""
        while not self._stopped and self._place < len(self._files):
            count = os.preadv(self._files[self._place].fileno(), [view], self._at)
            if count:
                self._at += count
                return count
            self._place, self._at = self._place + 1, 0
        return 0

    def skip(self, size: int) -> int:
        """Go on behind so many bytes without reading them; how many there were."""
        left = size
        while left and self._place < len(self._files):
            here = min(left, max(0, self._sizes[self._place] - self._at))
            self._at += here
            left -= here
            if left:
                self._place, self._at = self._place + 1, 0
        return size - left

    async def abort(self) -> None:
        """Give no more bytes: a film takes long to copy."""
        self._stopped = True

    async def finish(self) -> tuple[int, str]:
        """A file ends well."""
        return 0, ""

    async def check_death(self) -> None:
        """Nobody kills a file."""

    async def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()
