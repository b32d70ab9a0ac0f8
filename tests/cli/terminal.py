"""A terminal for a command: a pseudo-terminal that is read until some words appear, and typed into."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
import termios
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.harness import ROOT
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


class Terminal:
    """What a person sees and types."""

    def __init__(self, descriptor: int, process: asyncio.subprocess.Process) -> None:
        self._descriptor = descriptor
        self._news = asyncio.Event()
        self.process = process
        self.shown = ""
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # the other side is closed: the command has ended
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
        self.shown += data.decode("utf-8", "replace")
        self._news.set()

    async def sees(self, words: str, timeout: float = 30.0) -> str:
        """Wait until these words stand on the screen; all that came since the last typing."""
        try:
            async with asyncio.timeout(longest(timeout)):
                while words not in self.shown:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{words!r} never appeared, only:\n{self.shown}") from None
        return self.shown

    def types(self, text: str) -> None:
        """Type a line."""
        self.shown = ""
        os.write(self._descriptor, text.encode() + b"\n")

    @property
    def echoes(self) -> bool:
        """Whether it shows what is typed."""
        return bool(termios.tcgetattr(self._descriptor)[3] & termios.ECHO)

    async def ends(self, timeout: float = 30.0) -> int:
        """The exit code."""
        async with asyncio.timeout(longest(timeout)):
            return await self.process.wait()

    def close(self) -> None:
        """Put it away."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)


@asynccontextmanager
async def terminal(*arguments: str, environment: Mapping[str, str]) -> AsyncIterator[Terminal]:
    """`telespool ARGUMENTS` in a terminal of its own, 100 columns wide."""
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        # What is started in the background of a script ignores Ctrl-C, and so would its children.
        "env",
        "--default-signal=INT",
        sys.executable,
        "-m",
        "telespool.cli.main",
        *arguments,
        cwd=ROOT,
        env={**environment, "COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color"},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    screen = Terminal(ours, process)
    try:
        yield screen
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        screen.close()
