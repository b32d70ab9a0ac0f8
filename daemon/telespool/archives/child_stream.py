"""One run of 7-Zip (or of our own small decoder): its output as a buffered stream, and its end.

The child can create no file (RLIMIT_FSIZE=0), keeps within its memory and its processor time, is in a group of its
own, and stands still while nobody reads. A child that says nothing for long may hang: whoever started it is asked
what to do (`quiet`). A password goes to its standard input and nowhere else.

Reading blocks and belongs in a thread; everything else is for the event loop. Nothing but OSError leaves it, and what
`quiet` raises.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import fcntl
import os
import select
import threading
import time
from typing import TYPE_CHECKING

from telespool.archives.blocking import whole
from telespool.archives.byte_window import ByteWindow
from telespool.runtime import subprocesses

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any, Self

    Quiet = Callable[[float], Coroutine[Any, Any, None]]

CHUNK = 1 << 17
"""Bytes that are handled at a time: from reading to writing they stay in the processor's cache, which saves a tenth."""
# What a line may have, and what a pipe of any process may: a smaller pipe costs a third of the speed.
_BUFFER = 1 << 20
_QUIET, _LONGEST_QUIET = (
    10.0,
    60.0,
)  # seconds without a byte, after which the child is suspected to hang
_SAID = 1 << 16  # of what it complains about this much is kept


class ChildStream(ByteWindow):
    """A running child and the reading end of its output."""

    def __init__(
        self, process: asyncio.subprocess.Process, pipe: int, quiet: Quiet | None = None
    ) -> None:
        super().__init__(_BUFFER)
        self._process = process
        self._quiet = quiet
        self._loop = asyncio.get_running_loop()
        self._ended = threading.Event()
        self._pipe = pipe
        self._said = b""
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def start(
        cls,
        command: Sequence[str | os.PathLike[str]],
        password: str | None,
        limits: subprocesses.ChildLimits,
        *,
        one_pipe: bool = False,
        quiet: Quiet | None = None,
    ) -> Self:
        """Start the child; with `one_pipe` what it says and what it writes come in the order it does so.

        `quiet` is awaited with the seconds for which nothing has come; what it raises leaves the read.
        """
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):
                fcntl.fcntl(read_end, fcntl.F_SETPIPE_SZ, _BUFFER)
            process = await subprocesses.start(
                [os.fspath(word) for word in command],
                limits=limits,
                stdin=asyncio.subprocess.PIPE,
                stdout=write_end,
                stderr=write_end if one_pipe else asyncio.subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        stream = cls(process, read_end, quiet)
        await answer(process, password)
        return stream

    def has(self, needle: bytes, count: int, before: bytes) -> bool:
        """Whether this is in the last `count` bytes taken, or begins in `before`, which came before them."""
        begin = self._start - count
        edge = before + self._buffer[begin : min(begin + len(needle), self._start)]
        return needle in edge or self._buffer.find(needle, begin, self._start) >= 0

    def give_back(self, count: int) -> None:
        """Take back the last `count` bytes of the last `take`."""
        self._start -= count

    def read_into(self, view: memoryview) -> int:
        """Fill the view as far as the stream goes; how many bytes that were."""
        got = 0
        while got < len(view) and (data := self.take(len(view) - got)):
            view[got : got + len(data)] = data
            got += len(data)
        return got

    def line(self) -> bytes | None:
        """The next line without its newline; None at the end. What is longer than the buffer is cut."""
        looked = 0
        while True:
            at = self._buffer.find(b"\n", self._start + looked, self._end)
            if at >= 0:
                line = bytes(self._view[self._start : at])
                self._start = at + 1
                return line
            looked = self._end - self._start
            if len(self.peek(looked + 1)) == looked:
                line = bytes(self._view[self._start : self._end])
                self._start = self._end
                return line or None
            if looked + 1 >= _BUFFER:
                self._start = self._end
                return b""

    def _fill(self) -> int:
        if self._quiet is not None:
            self._wait_for_bytes(self._quiet)
        got = os.readv(self._pipe, [self._view[self._end : self._end + CHUNK]])
        self._end += got
        return got

    def _wait_for_bytes(self, quiet: Quiet) -> None:
        poll, since, wait = select.poll(), time.monotonic(), _QUIET
        poll.register(self._pipe, select.POLLIN)
        while not poll.poll(wait * 1000) and not self._ended.is_set():
            asked = asyncio.run_coroutine_threadsafe(quiet(time.monotonic() - since), self._loop)
            while not self._ended.is_set():
                with contextlib.suppress(concurrent.futures.TimeoutError):
                    asked.result(timeout=0.2)
                    break
            else:
                asked.cancel()
            wait = min(wait * 2, _LONGEST_QUIET)

    async def abort(self) -> None:
        """Kill the child; whoever reads sees the end."""
        self._ended.set()
        await subprocesses.end(self._process)

    async def finish(self) -> tuple[int, str]:
        """Wait for a child that ends by itself: its exit code and what it said; ChildDied if it was killed."""
        await self._listener
        code = await self._process.wait()
        subprocesses.check_death("7-Zip", code)
        return code, self._said.decode("utf-8", "replace")

    async def check_death(self) -> None:
        """Raise ChildDied if nothing more comes because somebody killed the child."""
        if not await whole(lambda: self.peek(1), self.abort):
            subprocesses.check_death("7-Zip", await self._process.wait())

    async def close(self) -> None:
        """End the child if it still runs and release everything. Nobody may be reading any more."""
        try:
            await subprocesses.end(self._process)
            await self._listener
        finally:
            self._listener.cancel()
            os.close(self._pipe)

    async def _listen(self) -> None:
        stderr = self._process.stderr
        if stderr is not None:
            self._said = await all_of(stderr)


async def answer(process: asyncio.subprocess.Process, password: str | None) -> None:
    """Tell a child the password it may ask for, and that there is nothing more to say."""
    stdin = process.stdin
    if stdin is None:
        return
    with contextlib.suppress(ConnectionError):
        if password is not None:
            stdin.write(f"{password}\n".encode("utf-8", "surrogateescape"))
            await stdin.drain()
        stdin.close()


async def all_of(stream: asyncio.StreamReader) -> bytes:
    """Read to the end; the first 64 KiB are kept."""
    kept = b""
    while data := await stream.read(1 << 16):
        kept += data[: max(0, _SAID - len(kept))]
    return kept
