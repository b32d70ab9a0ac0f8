"""A disk for tests that look at what stands after a death of the process, not of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Careless(FileOps):
    """Does what the real one does, and leaves it to the kernel when it reaches the disk: many times faster."""

    def fsync(self, *paths: Path) -> None:
        """Trust the kernel."""

    def write(self, path: Path, data: bytes) -> None:
        """Create a file that was not there."""
        with path.open("xb") as file:
            file.write(data)

    def copy(
        self,
        source: Path,
        target: Path,
        progress: Callable[[int], None] | None = None,
        *,
        private: bool = False,
    ) -> None:
        """Copy into a file that was not there."""
        data = source.read_bytes()
        self.write(target, data)
        if progress is not None:
            progress(len(data))
