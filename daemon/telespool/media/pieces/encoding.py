"""The command line that makes a piece: packets on standard input, frames on standard output.

The words are the same here and on another machine, and name no file: what runs them needs nothing but ffmpeg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.media import encoders
from telespool.media import ffmpeg_args as plans
from telespool.media.pieces.spans import WARM_UP

if TYPE_CHECKING:
    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_args import EncodePlan
    from telespool.media.pieces.spans import Span

LEAD = 10
"""Seconds, by the clock of an answer, at which its piece begins: what stands before it is the warm-up."""

_FRAGMENT = 500_000  # microseconds of an answer that are sent together


def words(
    work: ConversionContext,
    plan: EncodePlan,
    span: Span,
    *,
    step: int,
    container: str,
    threads: int = 0,
    tells: bool = False,
) -> list[str]:
    """The options of ffmpeg, without its name; with `tells` it says on its standard error how far it is."""
    settings, ticks = work.settings, plan.ticks
    base = (span.begin - LEAD) * ticks
    begin = f"start_pts={max(span.begin - WARM_UP, 0) * ticks}:" if span.number else ""
    trim = f"trim={begin}end_pts={span.end * ticks},setpts=PTS-{base}".replace("--", "+")
    count = ["-threads", str(threads)] if threads and not settings.threads else []
    return [
        *("-v", "error", "-nostdin", "-nostats"),
        *(("-progress", "pipe:2", "-stats_period", "0.5") if tells else ()),
        *("-max_pixels", str(settings.max_pixels), "-max_error_rate", "1"),
        *(*encoders.device(settings), *work.clock()),
        *("-protocol_whitelist", "pipe", "-f", container, "-i", "pipe:0"),
        *("-map", "0:v:0", "-an", *plans.BARE),
        *("-vf", f"{plan.filters},{trim}{encoders.to_device(settings)}"),
        *("-fps_mode", "vfr", "-enc_time_base", f"1:{ticks}"),
        *(*plans.picture(work.video, settings), *count),
        *plans.key_frames(work.video, settings, step),
        *("-force_key_frames", str(LEAD), "-avoid_negative_ts", "disabled"),
        *("-video_track_timescale", str(ticks), "-frag_duration", str(_FRAGMENT)),
        *("-use_editlist", "0"),
        *("-movflags", "empty_moov+frag_discont+default_base_moof"),
        *("-f", "mp4", "pipe:1"),
    ]
