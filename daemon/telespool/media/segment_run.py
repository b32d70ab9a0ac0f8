"""One run of ffmpeg that writes segments, each of which becomes a finished piece as soon as it is closed.

ffmpeg's segment muxer names on its standard output what it has closed. A file that ends before its cut may be one
that ffmpeg was told to end: it is held back until the next one, or ffmpeg's good end, shows that it was meant so.

Errors: as `ffmpeg_process`, and whatever `keep` raises; both end the run.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from telespool.media.ffmpeg_process import together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from telespool.media.ffmpeg_process import ExitInfo, Runner


class MissedError(Exception):
    """The run did not go on with the frame or the packet that was wanted."""


class Closed(NamedTuple):
    """A file that ffmpeg has closed: its name, and when it begins and ends by the clock of the run, in seconds.

    `is_last` tells that ffmpeg came to its good end with it, before the cut.
    """

    name: str
    begin: float
    end: float
    is_last: bool = False


async def run_segments(
    runner: Runner,
    command: Sequence[str],
    folder: Path,
    *,
    ends_at_cut: Callable[[Closed], bool],
    keep: Callable[[Closed], Awaitable[None]],
    hear: Callable[[str], None] | None = None,
) -> ExitInfo:
    """Run ffmpeg in `folder` and hand each closed file to `keep`, the last one only after a good end.

    `hear` gets every other line of its standard output.
    """
    closed: asyncio.Queue[Closed | None] = asyncio.Queue()
    said: list[ExitInfo] = []

    def listen(line: str) -> None:
        if line.count(",") == 2 and "=" not in line:
            name, begin, end = line.split(",")
            closed.put_nowait(Closed(name, float(begin), float(end)))
        elif hear is not None:
            hear(line)

    async def run() -> None:
        said.append(await runner.run(command, on_line=listen, cwd=folder))
        closed.put_nowait(None)

    async def take() -> None:
        held: Closed | None = None
        while (file := await closed.get()) is not None:
            if held is not None:
                await keep(held)
                held = None
            if ends_at_cut(file):
                await keep(file)
            else:
                held = file
        if held is not None and said[-1].code == 0:
            await keep(held._replace(is_last=True))

    await together(run(), take())
    return said[-1]
