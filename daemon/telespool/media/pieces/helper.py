"""Another machine that encodes pieces: ffmpeg over ssh, packets on its standard input, frames on its standard output.

Nothing of ours runs over there, and nothing is kept: it needs sshd and the same ffmpeg. It is asked once which one it
has, and again after each failure; one that fails is left alone for a while, twice as long each time. A helper costs
a piece at worst: whatever goes wrong over there leaves as `HelperLost`, with a sentence, and is nobody else's fault.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from typing import TYPE_CHECKING

from telespool.errors import TelespoolError
from telespool.media import encoders, ffmpeg
from telespool.media.pieces import ssh
from telespool.model import HelperState
from telespool.runtime import subprocesses
from telespool.runtime.subprocesses import ChildLimits

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 600.0  # seconds after a failure; doubled by each further one
_STALL = 60.0  # seconds in which something must move, where `convert.stall` is not less
_LOOK = 0.5  # seconds between two looks at what has moved
_ANSWER = 30.0  # seconds for its version
_LARGEST = 512 << 20  # bytes of an answer
_LINES = 40
_LIBRARY = re.compile(r"^lib(?:avcodec|avfilter|avformat|swscale)\s+[\d. ]+", re.MULTILINE)
_MOVING = ("frame=", "total_size=", "out_time_us=")


class HelperLost(Exception):
    """A helper did not do its piece; the words say why."""


class Helper:
    """One machine, as ssh knows it: user@host, ssh://user@host:port, or a name of ssh's own configuration."""

    def __init__(self, name: str) -> None:
        self.state = HelperState(name)
        self._pause_until = 0.0
        self._gap = 0.0
        self.is_known = False

    @property
    def pause(self) -> float:
        """Seconds for which it is still left alone."""
        return max(0.0, self._pause_until - time.monotonic())

    @property
    def is_available(self) -> bool:
        """Whether it can be given something to do now."""
        return self.pause <= 0

    @property
    def took(self) -> float:
        """Seconds that its last piece took; 0 before the first."""
        return self.state.seconds

    async def ask(self, settings: ConvertSettings) -> None:
        """Ask which ffmpeg it has, and compare. HelperLost where it does not answer or is another."""
        if settings.encoder != encoders.SOFTWARE:
            raise HelperLost(
                f"the encoder {settings.encoder} is this machine's own: helpers work with"
                f" {encoders.SOFTWARE} alone"
            )
        try:
            code, out, err = await subprocesses.output(
                await _command(self.state.name, ["-version"]), timeout=_ANSWER
            )
        except TimeoutError:
            raise HelperLost(f"it did not answer within {_ANSWER:.0f} seconds") from None
        except TelespoolError as error:
            raise HelperLost(error.reason) from None
        if code:
            raise HelperLost(_words(code, err.decode("utf-8", "replace")))
        here = await ffmpeg.version(settings.ffmpeg)
        there = out.decode("utf-8", "replace")
        if _libraries(here) != _libraries(there) or not _libraries(there):
            raise HelperLost(
                f"it has {_first(there)}, here is {_first(here)}, and pieces of both do not meet in one"
                " film: install the same on both"
            )
        self.state.version = _first(there)
        self.is_known = True

    async def run(self, words: list[str], packets: Path, answer: Path, stall: float) -> None:
        """Let ffmpeg over there turn packets into frames; `stall` is how long nothing may move, in seconds."""
        stall = min(stall, _STALL)
        with packets.open("rb") as given, answer.open("xb") as taken:
            process = await subprocesses.start(
                await _command(self.state.name, words),
                limits=ChildLimits(file_size=_LARGEST),
                stdin=given.fileno(),
                stdout=taken.fileno(),
            )
            lines: list[str] = []
            self.state.is_busy = True
            hearing = asyncio.create_task(_hear(process.stderr, lines))
            watching = asyncio.create_task(_watch(given.fileno(), taken.fileno(), lines, stall))
            waiting = asyncio.create_task(process.wait())
            try:
                await asyncio.wait({waiting, watching}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.state.is_busy = False
                for task in (watching, waiting):
                    task.cancel()
                await subprocesses.end(process)
                await asyncio.gather(hearing, watching, waiting, return_exceptions=True)
            stalled = not watching.cancelled() and watching.exception()
        if stalled:
            raise stalled
        if code := process.returncode:
            raise HelperLost(_words(code, "\n".join(lines)))

    def failed(self, reason: str) -> None:
        """Leave it alone for a while."""
        self._gap = min(_LONGEST_PAUSE, self._gap * 2 if self._gap else _FIRST_PAUSE)
        self._pause_until = time.monotonic() + self._gap
        self.is_known = False
        self.state.failures += 1
        self.state.last_failure = reason
        self.state.failed_at = time.time()
        self.state.again_at = time.time() + self._gap

    def succeeded(self, seconds: float, film: float) -> None:
        """Note a piece of so many seconds of film, that took so long."""
        self._gap = 0.0
        self.state.pieces += 1
        self.state.seconds = seconds
        self.state.speed = film / max(seconds, 0.001)
        self.state.again_at = None


class Helpers:
    """The helpers of a configuration; what is known of one stays as long as it is named there."""

    def __init__(self) -> None:
        self._known: dict[str, Helper] = {}

    def of(self, settings: ConvertSettings) -> tuple[Helper, ...]:
        """Those that are configured now."""
        self._known = {name: self._known.get(name) or Helper(name) for name in settings.helpers}
        return tuple(self._known.values())


async def _command(name: str, words: list[str]) -> list[str]:
    found = await asyncio.to_thread(ssh.command, name, words)
    if found is None:
        raise HelperLost("ssh is not installed here: apt install openssh-client")
    return found


def _words(code: int, said: str) -> str:
    """Why it ended."""
    words = ffmpeg.last_words("\n".join(line for line in said.splitlines() if "=" not in line[:20]))
    if code == ssh.FAILED:
        return f"it cannot be reached: {words}"
    if code == -signal.SIGXFSZ:
        return f"its answer is larger than {_LARGEST >> 20} MiB"
    return f"its ffmpeg ended with {subprocesses.how_it_ended(code)}: {words}"


def _libraries(version: str) -> tuple[str, ...]:
    return tuple("".join(found.split()) for found in _LIBRARY.findall(version))


def _first(version: str) -> str:
    first = version.partition("\n")[0].partition(" Copyright")[0].strip()
    return first.removeprefix("ffmpeg version ").join(("ffmpeg ", "")) if first else "no ffmpeg"


async def _hear(stream: asyncio.StreamReader | None, lines: list[str]) -> None:
    """Keep the last lines of what is said, and the last of each number."""
    rest = b""
    while stream is not None and (data := await stream.read(1 << 14)):
        *said, rest = (rest + data).replace(b"\r", b"\n").split(b"\n")
        rest = rest[-4096:]
        lines += [line.decode("utf-8", "replace")[:500] for line in said]
        del lines[:-_LINES]
    if rest:
        lines.append(rest.decode("utf-8", "replace")[:500])


async def _watch(given: int, taken: int, lines: list[str], stall: float) -> None:
    """Return never; HelperLost once nothing has moved for too long: no packet, no frame, no number."""
    moved, before = time.monotonic(), None
    while True:
        await asyncio.sleep(_LOOK)
        numbers = tuple(line for line in lines if line.startswith(_MOVING))
        now = (os.lseek(given, 0, os.SEEK_CUR), os.fstat(taken).st_size, numbers)
        if now != before:
            moved, before = time.monotonic(), now
        elif time.monotonic() - moved >= stall:
            raise HelperLost(f"nothing came from it for {stall:.0f} seconds")
