"""A copy of a source whose clock runs straight.

Recordings put together from several begin their clock anew in the midst; by such a clock nothing can be sought,
and frames would be dropped for being late. Nothing is encoded: the packets are copied into a Matroska file, with
times that only go forward. Errors: as `running`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.media import ffmpeg
from telespool.media import ffmpeg_args as plans
from telespool.media.packets import scan
from telespool.media.probe import probe

if TYPE_CHECKING:
    from telespool.media.conversion_context import ConversionContext
    from telespool.media.segments import Segments

# ffmpeg itself puts right the clocks of formats that are known to jump.
_JUMPY = {"mpegts", "mpeg"}

# For all others: a step back, or one of more than ten seconds, counts as one frame.
_STEP = (
    "if(eq(N,0),DTS,"
    "PREV_OUTDTS+if(between((DTS-PREV_INDTS)*TB,0,10),DTS-PREV_INDTS,max(PREV_INDURATION,1)))"
)


def is_crooked(work: ConversionContext) -> bool:
    """Whether the clock of this source jumps."""
    return work.scan.jumps > 0 or (work.found.format in _JUMPY and work.scan.leaps > 0)


async def straighten(work: ConversionContext, segments: Segments) -> ConversionContext:
    """The same work on a copy whose clock runs straight."""
    copy = segments.straight
    if not await asyncio.to_thread(copy.exists):
        audio = work.found.audio
        maps = ["-map", f"0:{work.video.index}"]
        if audio is not None:
            maps += [
                word for index in audio.joined or (audio.index,) for word in ("-map", f"0:{index}")
            ]
        if work.found.format not in _JUMPY:
            maps += ["-bsf", f"setts=dts='{_STEP}':pts='({_STEP})+PTS-DTS'"]
        await work.runner.succeed(
            [
                ffmpeg.program(work.settings.ffmpeg),
                *("-v", "error", "-nostdin", "-y"),
                *ffmpeg.reading(work.source, deep=work.found.deep),
                *(*maps, *plans.BARE, "-c", "copy"),
                *("-f", "matroska", ffmpeg.writing(segments.unfinished(copy))),
            ],
            "putting its clock straight",
        )
        await asyncio.to_thread(segments.publish, copy)
    found = await probe(copy, work.settings)
    video = found.video or work.video
    times = await scan(copy, video, work.settings, work.runner)
    return replace(work, source=copy, found=found, video=video, scan=times)
