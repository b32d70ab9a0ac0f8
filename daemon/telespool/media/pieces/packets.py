"""The packets of the source that one piece needs, copied into a file that is read from its beginning to its end.

The file begins with a key frame well before the piece and ends behind it; it holds one picture track and nothing
else. Which container does it depends on the source: what it says of the picture, and when its frames are shown, must
come out as they went in. That is checked, not assumed: `Unfit` where no container carries this source.
"""

from __future__ import annotations

import asyncio
import bisect
from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.media import ffmpeg
from telespool.media import ffmpeg_args as plans
from telespool.media.packets import scan
from telespool.media.pieces.spans import WARM_UP
from telespool.media.probe import probe

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.conversion_context import ConversionContext
    from telespool.media.pieces.spans import Span
    from telespool.media.streams import ProbedStream

_SLACK = 0.0006  # seconds: the rounding of times that were printed
_OPTIONS = {"mov": ("-movflags", "+faststart", "-movie_timescale", "90000")}
_SAME = (
    "codec",
    "profile",
    "width",
    "height",
    "pixel_format",
    "interlaced",
    "aspect",
    "rotation",
    "transfer",
    "matrix",
    "primaries",
    "full_range",
)


class Unfit(Exception):
    """The packets of this source cannot travel by themselves."""


class Cutter:
    """Cuts the packets of pieces out of one source, all in the container that fits the first."""

    def __init__(self, work: ConversionContext) -> None:
        self._work = work
        own = work.found.format
        first = "matroska" if "matroska" in own else "mov" if "mov" in own else "nut"
        self._containers = [first] if first == "nut" else [first, "nut"]
        self._tried = asyncio.Lock()
        self.container = ""

    async def cut(self, span: Span, path: Path) -> None:
        """Write the packets of a span; `container` names the demuxer that reads them. Unfit leaves."""
        async with self._tried:
            while not self.container:
                if not self._containers:
                    raise Unfit
                if await self._fits(span, path, self._containers[0]):
                    self.container = self._containers[0]
                    return
                self._containers.pop(0)
        await self._copy(span, path, self.container)
        if not await self._has_times(span, path):
            raise Unfit

    async def _copy(self, span: Span, path: Path, container: str) -> bool:
        work = self._work
        seek = ["-noaccurate_seek", "-ss", f"{span.seek:.6f}"] if span.seek > 0 else []
        said = await work.runner.run(
            [
                ffmpeg.program(work.settings.ffmpeg),
                *("-v", "error", "-nostdin", "-y", *seek, "-copyts"),
                *ffmpeg.reading(work.source, deep=work.found.deep),
                *("-map", f"0:{work.video.index}", "-an", *plans.BARE, "-c", "copy"),
                *("-to", f"{work.found.start + span.last:.6f}", *_OPTIONS.get(container, ())),
                *("-f", container, ffmpeg.writing(path)),
            ]
        )
        return said.code == 0

    async def _fits(self, span: Span, path: Path, container: str) -> bool:
        if not await self._copy(span, path, container):
            return False
        video = (await probe(path, self._work.settings)).video
        if video is None or not _alike(video, self._work.video):
            return False
        return await self._has_times(span, path)

    async def _has_times(self, span: Span, path: Path) -> bool:
        """Whether the file begins with a key frame, and holds what is to be decoded, at its times."""
        work = self._work
        found = await scan(path, replace(work.video, index=0), work.settings, work.runner)
        if not found.keys or found.leading or found.timeless:
            return False
        since, until = work.found.start + span.begin, work.found.start + span.end
        begin = max(found.keys[0], since - 1.5)
        wanted = _between(work.scan.times, begin, until)
        got = _between(found.times, begin, until)
        return (
            found.keys[0] <= max(since - WARM_UP, work.scan.times[0]) + _SLACK
            and len(wanted) == len(got)
            and all(abs(a - b) < _SLACK for a, b in zip(wanted, got, strict=True))
        )


def _alike(video: ProbedStream, source: ProbedStream) -> bool:
    return all(getattr(video, name) == getattr(source, name) for name in _SAME)


def _between(times: tuple[float, ...], since: float, until: float) -> tuple[float, ...]:
    first = bisect.bisect_left(times, since - _SLACK)
    return times[first : bisect.bisect_left(times, until - _SLACK)]
