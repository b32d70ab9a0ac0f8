"""How much of a drop may lie in quarantine beside the drop itself: about as much as was dropped.

What nobody can read hardly shrinks, as photos and videos do not. A small archive of large files that nobody can read
was made so, and quarantine is only emptied by a person: what exceeds the share stays in the archive, which then goes
to quarantine whole and names it. What takes no room of its own (a second name of a dropped file) counts nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.runtime.trees import files_below

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.spool import Spool

_ALWAYS = 1 << 20


class QuarantineShare:
    """The share of one job; what lies there already, from before a restart, counts."""

    def __init__(self, spool: Spool, job: str) -> None:
        self._spool = spool
        self._job = job
        self._left: int | None = None

    def take(self, path: Path) -> bool:
        """Whether this file may lie in quarantine as well; its size is taken if so. Blocks."""
        state = plain_files.lstat(path)
        if state.st_nlink > 1 or not path.is_relative_to(self._spool.tmp):
            return True
        if self._left is None:
            dropped = self._spool.drop(self._job)
            used = _size(self._spool.job_folder("quarantine", self._job))
            self._left = _ALWAYS + (_size(dropped.path) if dropped else 0) - used
        if state.st_size > self._left:
            return False
        self._left -= state.st_size
        return True


def _size(path: Path) -> int:
    """The bytes of a file, or of all files below a folder."""
    if plain_files.is_directory(path):
        return sum(state.st_size for _, state in files_below(path))
    return plain_files.lstat(path).st_size if plain_files.exists(path) else 0
