"""One ffmpeg under way: it gives way, is timed by its own clock, and tells how far it is.

While the gate is closed the whole group of the child stands still (SIGSTOP), and the clock with it; nothing is
started while the gate is closed. A child never outlives its `run`: cancellation and errors kill its group.

Errors: `Permanent` where the running time is used up or the child fails (with its last words), `Temporary`
where the disk is full, `ChildDied` where somebody else has killed the child.
"""

from __future__ import annotations

import asyncio
import collections
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.errors import Permanent
from telespool.media import ffmpeg
from telespool.runtime import subprocesses
from telespool.runtime.cancellation import shielded_until_done

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from telespool.runtime.gate import PauseGate
    from telespool.runtime.subprocesses import ChildLimits

_AGAIN = 1.0  # seconds
_LINES = 200  # of what a child says are kept
_LOOKS = 10  # at the progress of a child, in the time in which it must make some
_MOVES = {"frame", "out_time_us", "total_size", "dup_frames", "drop_frames"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversion is.

    `fraction` goes from 0 to 1; `speed` is seconds of film a second, over the time ffmpeg ran; `seconds_left` is
    None as long as nobody can know.
    """

    fraction: float
    speed: float
    seconds_left: float | None


class ProgressReporter:
    """Passes progress on, and repeats the last of it while nothing moves: silence would look like death."""

    def __init__(self, progress: Callable[[Progress], None] | None) -> None:
        self._progress = progress
        self._last = Progress(0.0, 0.0, None)

    def tell(self, progress: Progress) -> None:
        """Pass it on."""
        self._last = progress
        if self._progress is not None:
            self._progress(progress)

    async def repeat(self) -> None:
        """Repeat the last every second, until cancelled."""
        while True:
            self.tell(self._last)
            await asyncio.sleep(_AGAIN)


class PausableClock:
    """The running time of one attempt: it stands still while the gate is closed."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._before = 0.0
        self._since: float | None = None
        self._running = 0

    @property
    def elapsed(self) -> float:
        """Seconds of running time so far."""
        now = asyncio.get_running_loop().time()
        return self._before + (now - self._since if self._since is not None else 0.0)

    def run(self) -> None:
        """Somebody runs; several at once count once."""
        if self._running == 0:
            self._since = asyncio.get_running_loop().time()
        self._running += 1

    def stand(self) -> None:
        """Somebody stands still or is done."""
        self._running -= 1
        if self._running == 0:
            self._before, self._since = self.elapsed, None


@dataclass(frozen=True, slots=True)
class ExitInfo:
    """How a child ended and the last of what it said."""

    code: int
    lines: tuple[str, ...]

    @property
    def words(self) -> str:
        """Its last words."""
        return ffmpeg.last_words("\n".join(self.lines))


@dataclass(frozen=True, slots=True)
class Runner:
    """What all children of one attempt have in common."""

    gate: PauseGate
    clock: PausableClock
    limits: ChildLimits
    stall: float = 300.0
    """Seconds of running time after which a child that gets nowhere is ended."""

    async def run(
        self,
        command: Sequence[str],
        *,
        on_line: Callable[[str], None] | None = None,
        **more: Any,
    ) -> ExitInfo:
        """Run a child to its end, whatever its exit code; `on_line` hears each line of its stdout.

        What `on_line` raises ends the child and leaves from here.
        """
        await self.gate.wait_open()
        process = await subprocesses.start(command, limits=self.limits, **more)
        last: collections.deque[str] = collections.deque(maxlen=_LINES)
        sight = _ProgressWatch(process.pid, on_line or _ignore)
        work = asyncio.create_task(_listen(process, sight.hear, last.append))
        watch = asyncio.create_task(self._give_way(process.pid, sight))
        try:
            done, _ = await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            work.cancel()
            watch.cancel()
            ending = asyncio.gather(subprocesses.end(process), work, watch, return_exceptions=True)
            await shielded_until_done(ending)
        subprocesses.check_death(command[0], process.returncode)
        said = ExitInfo(process.returncode or 0, tuple(last))
        if said.code:
            ffmpeg.check_space("\n".join(last))
        return said

    async def succeed(self, command: Sequence[str], what: str, **more: Any) -> ExitInfo:
        """Run a child that must end with 0; Permanent with `what` failed and its last words."""
        said = await self.run(command, **more)
        if said.code:
            raise Permanent(f"{what} failed: {said.words}")
        return said

    async def _give_way(self, pid: int, sight: _ProgressWatch) -> None:
        """Stop the child while the gate is closed; Permanent once it gets nowhere, or its running time is used up."""
        self.clock.run()
        moved = self.clock.elapsed
        try:
            while True:
                left = self.clock.limit - self.clock.elapsed
                try:
                    async with asyncio.timeout(min(left, self.stall / _LOOKS)):
                        await self.gate.wait_closed()
                except TimeoutError:
                    if self.clock.elapsed >= self.clock.limit:
                        raise Permanent(
                            f"the conversion took more than {self.clock.limit:.0f} seconds of running"
                            " time (convert.timeout)"
                        ) from None
                    if await asyncio.to_thread(sight.has_moved):
                        moved = self.clock.elapsed
                    elif self.clock.elapsed - moved >= self.stall:
                        raise Permanent(
                            f"ffmpeg made no progress for {self.stall:.0f} seconds of running time"
                            " (convert.stall)"
                        ) from None
                    continue
                subprocesses.stop(pid)
                self.clock.stand()
                try:
                    await self.gate.wait_open()
                finally:
                    self.clock.run()
                subprocesses.go_on(pid)
        finally:
            self.clock.stand()


class _ProgressWatch:
    """Whether a child gets further: it says something new, or reads on."""

    def __init__(self, pid: int, on_line: Callable[[str], None]) -> None:
        self._io = Path(f"/proc/{pid}/io")
        self._on_line = on_line
        self._said: dict[str, str] = {}
        self._moved = True
        self._read = -1

    def hear(self, line: str) -> None:
        """Pass a line on. ffmpeg repeats its progress also while it stands still: only another value counts."""
        key, sign, value = line.partition("=")
        if not sign:
            self._moved = True
        elif key in _MOVES and self._said.get(key) != value:
            self._said[key] = value
            self._moved = True
        self._on_line(line)

    def has_moved(self) -> bool:
        """Whether it got further since the last look; True as well where nobody can tell."""
        moved, self._moved = self._moved, False
        try:
            read = int(self._io.read_text().split()[1])
        except (OSError, ValueError, IndexError):
            # The kernel does not say what it reads: only one that has told of its progress can be seen to stand still.
            return moved or not self._said
        self._read, before = read, self._read
        return moved or read != before


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Run all of them to their end; the first error ends the others and leaves from here."""
    await finish(*(asyncio.create_task(work) for work in works))


async def finish(*tasks: asyncio.Task[Any]) -> None:
    """Wait for the end of all of them; the first error ends the others and leaves from here."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await shielded_until_done(asyncio.gather(*tasks, return_exceptions=True))


async def _listen(
    process: asyncio.subprocess.Process,
    on_out: Callable[[str], None],
    on_error: Callable[[str], None],
) -> None:
    await asyncio.gather(
        _each_line(process.stdout, on_out),
        _each_line(process.stderr, on_error, last=_LINES),
        process.wait(),
    )


async def _each_line(
    stream: asyncio.StreamReader | None, hear: Callable[[str], None], *, last: int = 0
) -> None:
    """Pass on each line; where `last` is given, only so many of what came at once: others are of no use."""
    if stream is None:
        return
    buffer = b""
    while piece := await stream.read(1 << 16):
        *lines, buffer = (buffer + piece).replace(b"\r", b"\n").split(b"\n")
        for line in lines[-last:]:
            hear(line.decode("utf-8", "replace"))
        buffer = buffer[-4096:]  # a line without an end must not fill the memory
    if buffer:
        hear(buffer.decode("utf-8", "replace"))


def _ignore(_: str) -> None:
    pass
