"""How far a command has got, in a line of a terminal that is gone at its end. Elsewhere nothing is written."""

from __future__ import annotations

import sys
import time

from telespool.observe.terminal import raw

_QUIET = 1.0  # seconds after which there is something to say, and between two lines


class Count:
    """Files that were looked at, on standard error."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._next = time.monotonic() + _QUIET
        self._shown = False

    def show(self, done: int, of: int) -> None:
        """Say how many of the files are done, not more often than once a second."""
        if self._on_terminal and time.monotonic() >= self._next:
            line = f"\r  {done} of {of} files looked at\x1b[K"
            print(line, end="", file=raw(sys.stderr), flush=True)
            self._next, self._shown = time.monotonic() + _QUIET, True

    def end(self) -> None:
        """Remove the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=raw(sys.stderr), flush=True)
