"""One run of `7zz x -so`: its bytes, its log and its end.

7-Zip writes all members one after another to its standard output and, with `-bb1 -bso2`, a line to its
standard error when it begins a member and when something is wrong with one. The child can create no file
(RLIMIT_FSIZE=0), keeps within its memory, is in a group of its own, and stands still while nobody reads.

`read` and `Log.settled` block and belong in a thread; the rest is for the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import threading
from typing import TYPE_CHECKING

from daemon import children

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

CHUNK = 1 << 20


class Log:
    """What 7-Zip said so far: which members it began, and what is wrong with which."""

    def __init__(self) -> None:
        self.begun = 0
        self.errors: dict[int, str] = {}
        self.problems: list[str] = []
        self.closed = False
        self._news = threading.Condition()
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what came out of the child; empty bytes are its end."""
        with self._news:
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(line.decode("utf-8", "surrogateescape"))
            self._rest = self._rest[-65536:]
            self.closed = self.closed or not data
            self._news.notify_all()

    def settled(self, ordinal: int) -> str | None:
        """Wait until 7-Zip is done with its `ordinal`-th entry (from 1); what is wrong with it."""
        with self._news:
            self._news.wait_for(
                lambda: self.closed or self.begun > ordinal or ordinal in self.errors
            )
            return self.errors.get(ordinal)

    def _take(self, line: str) -> None:
        if line.startswith("- "):
            self.begun += 1
        elif line.startswith("ERROR: "):
            said, _, name = line.removeprefix("ERROR: ").partition(" : ")
            if name and self.begun:
                self.errors.setdefault(self.begun, said)
            else:
                self.problems.append(line.removeprefix("ERROR: "))
        elif line and len(self.problems) < 200 and not line.startswith(("Path = ", "Comment = ")):
            self.problems.append(line)


class Stream:
    """A running 7-Zip and the reading end of its output."""

    def __init__(self, process: asyncio.subprocess.Process, pipe: int) -> None:
        self.log = Log()
        self._process = process
        self._pipe = pipe
        self._drain = asyncio.create_task(self._read_log())

    @classmethod
    async def start(
        cls,
        command: Sequence[str | os.PathLike[str]],
        password: str | None,
        limits: children.Limits,
    ) -> Self:
        """Start the child; the password goes to its standard input and nowhere else."""
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            # As much as an unprivileged process may have; a small pipe costs a third of the speed.
            with contextlib.suppress(OSError):
                fcntl.fcntl(read_end, fcntl.F_SETPIPE_SZ, CHUNK)
            process = await children.start(
                [os.fspath(word) for word in command],
                limits=limits,
                stdin=asyncio.subprocess.PIPE,
                stdout=write_end,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        stream = cls(process, read_end)
        await stream._answer(password)
        return stream

    def read_into(self, view: memoryview) -> int:
        """Fill the view as far as the stream goes; how many bytes that were. Blocks."""
        got = 0
        while got < len(view):
            count = os.readv(self._pipe, [view[got:]])
            if not count:
                break
            got += count
        return got

    async def abort(self) -> None:
        """Kill the child; whoever reads sees the end."""
        await children.end(self._process)

    async def close(self) -> int:
        """End the child and let go of everything; its exit code (negative where it was killed)."""
        try:
            await children.end(self._process)
            await self._drain
        finally:
            self._drain.cancel()
            if self._pipe >= 0:
                os.close(self._pipe)
                self._pipe = -1
        return self._process.returncode or 0

    async def wait(self) -> int:
        """The exit code of a child that ends by itself."""
        await self._drain
        return await self._process.wait()

    async def _answer(self, password: str | None) -> None:
        stdin = self._process.stdin
        if stdin is None:
            return
        with contextlib.suppress(ConnectionError):
            if password is not None:
                stdin.write(f"{password}\n".encode())
                await stdin.drain()
            stdin.close()

    async def _read_log(self) -> None:
        stderr = self._process.stderr
        try:
            while stderr is not None and (data := await stderr.read(65536)):
                self.log.feed(data)
        finally:
            self.log.feed(b"")
