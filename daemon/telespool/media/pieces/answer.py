"""What came back for a span: cut to the piece, and checked before it gets a name.

The answer of this machine is checked as a continuous run is: its frames lie within the span. One from elsewhere is
decoded as a whole, must hold the very frames of the source, and must have been made by the same encoder, which x264
writes into each stream, with the same parameters: pieces that differ in these do not meet in one film. `Wrong` (a
sentence) where it does not hold.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from telespool.media import ffmpeg, mp4
from telespool.media.pieces.encoding import LEAD

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_args import EncodePlan
    from telespool.media.pieces.spans import Span

_HEAD = 256 << 10  # bytes that hold the index and the beginning of the first frame
_SAID = re.compile(rb"x264 - core [^\0]{10,4000}")
_THREADS = re.compile(rb" (?:lookahead_)?threads=\d+")
_SLACK = 0.0006  # seconds: the rounding of times that were printed


class Wrong(Exception):
    """An answer that is not the piece that was asked for."""


async def take(
    answer: Path,
    folder: Path,
    span: Span,
    work: ConversionContext,
    plan: EncodePlan,
    *,
    decoded: bool,
) -> tuple[Path, int, int]:
    """Cut an answer to its piece in `folder`; the file, and when its first and last frame are shown, in ticks.

    `decoded` decodes all of it as well, and holds its frames against those of the source.
    """
    ticks = plan.ticks
    said = await work.runner.run(
        [
            ffmpeg.program(work.settings.ffmpeg),
            *("-v", "error", "-nostdin", "-y", "-protocol_whitelist", "file", "-copyts"),
            *("-max_pixels", str(work.settings.max_pixels)),
            *("-f", "mov", "-i", ffmpeg.writing(answer)),
            *("-map", "0:v:0", "-c", "copy", "-avoid_negative_ts", "disabled", "-f", "segment"),
            *("-segment_times", str(LEAD), "-segment_time_delta", "0.00001"),
            *("-segment_format", "mp4", "-segment_format_options"),
            f"video_track_timescale={ticks}:movie_timescale={ticks}:write_tmcd=0",
            f"{span.number:04d}-%06d.mp4",
            *(("-map", "0:v:0", "-f", "null", "-") if decoded else ()),
        ],
        cwd=folder,
    )
    if said.code or (decoded and said.lines):
        raise Wrong(f"its answer cannot be read: {said.words}")
    return await asyncio.to_thread(_find, folder, span, plan, exact=decoded)


def _find(folder: Path, span: Span, plan: EncodePlan, *, exact: bool) -> tuple[Path, int, int]:
    ticks, base = plan.ticks, (span.begin - LEAD) * plan.ticks
    for path in sorted(folder.glob(f"{span.number:04d}-*.mp4")):
        track = mp4.track(path)
        if track is None or track.timescale != ticks:
            raise Wrong("its answer holds something that is no piece of a film")
        times = [at + base for at in track.times]
        if times[-1] < span.begin * ticks:
            path.unlink()  # the warm-up
            continue
        if times[0] < span.begin * ticks or times[-1] >= span.end * ticks:
            raise Wrong("its answer holds frames that were not asked for")
        if exact:
            _check_frames(times, span, plan)
        return path, times[0], times[-1]
    raise Wrong("its answer holds no frame")


def _check_frames(times: list[int], span: Span, plan: EncodePlan) -> None:
    if plan.thinned:
        return
    if len(times) != len(span.frames):
        raise Wrong(f"its answer has {len(times)} frames, {len(span.frames)} were asked for")
    off = max(abs(a / plan.ticks - b) for a, b in zip(times, span.frames, strict=True))
    if off > _SLACK + 1 / plan.ticks:
        raise Wrong(f"a frame of its answer is {off:.3f} seconds away from its time")


def signature(answer: Path) -> bytes:
    """What tells encoders apart: how x264 describes itself and its settings, and the parameter sets of the stream.

    How many threads there were is left out: it depends on the machine, and pieces fit together all the same.
    """
    with answer.open("rb") as file:
        data = file.read(_HEAD)
    at = data.find(b"avcC")
    size = int.from_bytes(data[at - 4 : at], "big") if at >= 4 else 0
    said = _SAID.search(data)  # in the first frame, which is one of the warm-up
    return data[at : at - 4 + size] + (_THREADS.sub(b"", said[0]) if said else b"")
