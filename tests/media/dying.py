"""A conversion in a process of its own that dies in the midst, as by kill -9 or a power cut.

    python -m tests.media.dying SOURCE RESULT STATE N [PRESET [SLOTS]]

It dies just before its N-th rename; with N = 0 it does not. What it converts it cuts into the shortest pieces.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from telespool.config.schema import ConvertSettings, Seconds
from telespool.media.convert import convert
from telespool.runtime.gate import PauseGate
from telespool.spool.fs_ops import FileOps


class Dying(FileOps):
    """A disk whose process dies before the N-th rename."""

    def __init__(self, renames: int) -> None:
        self._left = renames

    def rename(self, source: Path, target: Path) -> None:
        """Rename, or die."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        super().rename(source, target)


def main(argv: list[str]) -> None:
    """Convert as the command line says."""
    source, result, state, renames, preset, slots = [*argv, *("veryfast", "1")[len(argv) - 4 :]]
    settings = ConvertSettings(preset=preset, checkpoint=Seconds(0.001), nice=0, slots=int(slots))
    outcome = asyncio.run(
        convert(
            Path(source),
            Path(result),
            settings=settings,
            state=Path(state),
            gate=PauseGate(),
            disk=Dying(int(renames)),
        )
    )
    print(outcome.rung, *outcome.notes, sep="\n")  # noqa: T201 - for who runs it


if __name__ == "__main__":
    main(sys.argv[1:])
