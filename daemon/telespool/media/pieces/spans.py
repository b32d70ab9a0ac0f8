"""Ranges of time that can be encoded each by itself.

A span lies between two lines of the grid on which one continuous run would set its key frames, so pieces of both fit
together. Pure: it starts and touches nothing.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_args import EncodePlan

PREROLL = 2.0
"""Seconds decoded before the first frame that is wanted, for decoders and deinterlacers."""

WARM_UP = 1
"""Seconds encoded before them, and thrown away: x264 sets a key frame by what it saw before."""

RAW = {
    "h264",
    "hevc",
    "m4v",
    "mpegvideo",
    "h261",
    "h263",
    "obu",
    "vc1",
    "dirac",
    "cavsvideo",
    "apng",
    "gif",
}
"""Formats that have no times to seek by."""

_BEHIND = (
    1.0  # seconds of packets behind a span: the last of its frames may be decoded after later ones
)


@dataclass(frozen=True, slots=True)
class Span:
    """The frames that are shown from `begin` up to, not including, `end` (seconds from the beginning of the film).

    `frames` are their times in seconds, empty where the rate is reduced and nobody knows them. `first` and `last`
    name the packets that are needed, in seconds by the clock of the source.
    """

    number: int
    begin: int
    end: int
    frames: tuple[float, ...]
    first: float
    last: float

    @property
    def seek(self) -> float:
        """The second of the film to seek to; 0 for its beginning."""
        return max(0.0, self.first - 1.0)


def divide(work: ConversionContext, plan: EncodePlan, step: int) -> list[Span]:
    """The spans of a film, or none where it cannot be divided: its times must be known, and each span hold a frame."""
    scan, start = work.scan, work.found.start
    unsure = scan.timeless or scan.guessed or scan.jumps or scan.leading or scan.hidden
    if unsure or work.delay or work.found.format in RAW or not scan.times or not scan.keys:
        return []
    times = [at - start for at in scan.times]
    keys = [at - start for at in scan.keys]
    if times[0] < 0:
        return []
    # As in the filters: a time is rounded to a tick before it is compared with a line.
    ticks = [round(at * plan.ticks) for at in times]
    spans = []
    for number in range(math.floor(times[-1] / step + 1e-9) + 1):
        begin, end = number * step, (number + 1) * step
        since, until = (bisect.bisect_left(ticks, line * plan.ticks) for line in (begin, end))
        if since == until:
            return []
        frames = () if plan.thinned else tuple(times[since:until])
        first = _key_before(keys, begin - WARM_UP - PREROLL)
        spans.append(Span(number, begin, end, frames, first, end + _BEHIND))
    return spans


def _key_before(keys: Sequence[float], second: float) -> float:
    at = bisect.bisect_right(keys, second) - 1
    return keys[at] if at >= 0 else 0.0
