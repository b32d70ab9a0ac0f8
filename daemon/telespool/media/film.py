"""A film in one file: encoded in one run where it is short, or put together from finished pieces.

Errors: as `ffmpeg_process`; `Permanent` where not one frame can be decoded.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import encoders, ffmpeg, mp4
from telespool.media import ffmpeg_args as plans

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_args import EncodePlan
    from telespool.media.segments import Segments


async def encode_at_once(
    work: ConversionContext, plan: EncodePlan, step: int, target: Path
) -> None:
    """Encode picture and sound of a short film in one run; what is broken off begins anew."""
    audio, settings = work.found.audio, work.settings

    def hear(line: str) -> None:
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.isdigit():
            work.tell(int(value) / 1e6)

    for sound in plans.sounds(audio, settings) if audio is not None else [["-an"]]:
        said = await work.runner.run(
            [
                ffmpeg.program(settings.ffmpeg),
                *("-v", "warning", "-nostdin", "-y", "-progress", "pipe:1", "-stats_period", "0.5"),
                *("-max_pixels", str(settings.max_pixels), "-max_error_rate", "1"),
                *(*encoders.device(settings), *work.clock(work.delay)),
                *ffmpeg.reading(work.source, deep=work.found.deep),
                *("-map", f"0:{work.video.index}", *sound, *plans.BARE),
                *("-vf", plan.filters + encoders.to_device(settings)),
                *("-fps_mode", "vfr", "-enc_time_base:v", f"1:{plan.ticks}"),
                *plans.picture(work.video, settings),
                *plans.key_frames(work.video, settings, step),
                *("-max_muxing_queue_size", "4096", "-video_track_timescale", str(plan.ticks)),
                *_ending(work, plan),
                *("-movflags", "+faststart", "-f", "mp4", ffmpeg.writing(target)),
            ],
            on_line=hear,
        )
        if said.code == 0 and await asyncio.to_thread(mp4.track, target) is not None:
            return
    if said.code:
        raise Permanent(f"the conversion failed: {said.words}")
    raise Permanent("not one frame of it can be decoded: it is damaged, or encrypted")


def _ending(work: ConversionContext, plan: EncodePlan) -> list[str]:
    """The option that gives the last frame its length, where it is known when that is shown."""
    shown = work.shown
    if not shown or work.scan.guessed or work.scan.timeless or plan.thinned:
        return []
    last = round((shown[-1] - work.found.start) * plan.ticks)
    return ["-bsf:v", _last(work, last, plan)]


async def join(work: ConversionContext, segments: Segments, plan: EncodePlan, target: Path) -> None:
    """Put pieces and sound together, the index in front; nothing is encoded."""
    pieces = await asyncio.to_thread(segments.pieces)
    script = await asyncio.to_thread(segments.join, pieces, plan.ticks)
    heard = await asyncio.to_thread(mp4.track, segments.audio, b"soun") is not None
    try:
        await work.runner.succeed(
            [
                ffmpeg.program(work.settings.ffmpeg),
                *("-v", "warning", "-nostdin", "-y"),
                *("-itsoffset", f"{pieces[0].first / plan.ticks:.6f}"),
                *("-protocol_whitelist", "file", "-format_whitelist", "concat,mov,mp4"),
                *("-f", "concat", "-safe", "1", "-i", f"file:{os.fspath(script.absolute())}"),
                *(ffmpeg.reading(segments.audio) if heard else ()),
                *(
                    "-map",
                    "0:v",
                    *(("-map", "1:a") if heard else ()),
                    "-c",
                    "copy",
                    "-video_track_timescale",
                    str(plan.ticks),
                ),
                *("-bsf:v", _last(work, pieces[-1].last, plan)),
                *("-movflags", "+faststart", "-f", "mp4", ffmpeg.writing(target)),
            ],
            "putting the pieces together",
        )
    finally:
        await asyncio.to_thread(segments.drop, script)


def _last(work: ConversionContext, last: int, plan: EncodePlan) -> str:
    """The bitstream filter that gives the last frame its length: ffmpeg cuts it by how late the film begins.

    The frame that is shown last is not always the one that is decoded last, and the index counts by both.
    """
    rate, scan = work.video.constant_rate, work.scan
    seconds = scan.gap if plan.thinned or scan.lasting <= 0 else scan.lasting
    if rate is not None and not plan.thinned:
        seconds = float(1 / rate)
    length = round(seconds * plan.ticks)
    shown = f"if(gte(PTS,{last}-{length // 2}),{length},DURATION)"
    end = last + length
    decoded = f"min({end}-STARTPTS-DTS+STARTDTS,{end}-PTS)"
    return f"setts=pts=PTS:dts=DTS:duration='if(eq(NEXT_DTS,NOPTS),{decoded},{shown})'"
