"""When the frames of a video are shown, from its packets alone: nothing is decoded.

One ffprobe reads the file once. What it finds is the measure of a conversion: so many frames, at these times.
Errors: as `running`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.media import ffmpeg

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.media.ffmpeg_process import Runner
    from telespool.media.streams import ProbedStream

_JUMP = 1.0  # seconds that the clock of a source may go back before it counts as a jump
_LEAP = 10.0  # seconds that it may go forward from one frame to the next


@dataclass(frozen=True, slots=True)
class PacketScan:
    """The packets of one stream.

    `times` are when frames are shown and `keys` where decoding can begin, in seconds, sorted. `timeless` packets
    carry no time; `guessed` ones only that at which they are decoded. `jumps` counts how often the clock went back,
    `leaps` how often far forward; `leading` how many come before the first that can be decoded by itself, `hidden`
    how many an edit list cuts off. `reordered` are shown at another time than they are decoded. `end` is when the
    last packet of any stream is over; `lasting` for how many seconds the last frame is shown, 0 where nobody says.
    """

    count: int
    times: tuple[float, ...]
    keys: tuple[float, ...]
    timeless: int
    guessed: int
    jumps: int
    leaps: int
    leading: int
    hidden: int
    reordered: int
    end: float
    lasting: float

    @property
    def span(self) -> float:
        """Seconds from the first frame to the last."""
        return self.times[-1] - self.times[0] if self.times else 0.0

    @property
    def gap(self) -> float:
        """Seconds from one frame to the next, on average."""
        return self.span / (len(self.times) - 1) if len(self.times) > 1 else 0.04


UNKNOWN = PacketScan(0, (), (), 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0)
"""Of a file that nobody has read yet."""


class _Reader:
    def __init__(self, index: int) -> None:
        self._index = str(index)
        self.end = self.lasting = 0.0
        self._latest = -math.inf
        self.times: list[float] = []
        self.keys: list[float] = []
        self.timeless = self.guessed = self.jumps = self.leaps = 0
        self.leading = self.hidden = self.reordered = 0
        self._last: float | None = None
        self._begun = False

    def hear(self, line: str) -> None:
        index, shown, decoded, lasts, flags = [*line.rstrip(",").split(","), *[""] * 5][:5]
        self.end = max(self.end, (_time(shown) or 0.0) + (_time(lasts) or 0.0))
        if index != self._index:
            return
        if "D" in flags:
            self.hidden += 1
            return
        if flags.startswith("K"):
            self._begun = True
        elif not self._begun:
            self.leading += 1
        when = _time(shown)
        if when is None:
            when = _time(decoded)
            self.guessed += 1
        if when is None:
            self.timeless += 1
            return
        self.reordered += shown != decoded
        clock = _time(decoded) if _time(decoded) is not None else when
        if clock is not None:
            if self._last is not None and clock < self._last - _JUMP:
                self.jumps += 1
            elif self._last is not None and clock > self._last + _LEAP:
                self.leaps += 1
            self._last = clock
        if when >= self._latest:
            self._latest, self.lasting = when, _time(lasts) or 0.0
        self.times.append(when)
        if flags.startswith("K"):
            self.keys.append(when)


async def scan(
    path: Path, stream: ProbedStream, settings: ConvertSettings, runner: Runner
) -> PacketScan:
    """Read the times of all packets of a stream."""
    reader = _Reader(stream.index)
    await runner.run(
        [
            ffmpeg.program(settings.ffprobe),
            *(
                "-v",
                "error",
                "-show_entries",
                "packet=stream_index,pts_time,dts_time,duration_time,flags",
            ),
            *("-of", "csv=p=0"),
            *ffmpeg.reading(path),
        ],
        on_line=reader.hear,
    )
    return PacketScan(
        count=len(reader.times) + reader.timeless,
        times=tuple(sorted(reader.times)),
        keys=tuple(sorted(reader.keys)),
        timeless=reader.timeless,
        guessed=reader.guessed,
        jumps=reader.jumps,
        leaps=reader.leaps,
        leading=reader.leading,
        hidden=reader.hidden,
        reordered=reader.reordered,
        end=max([reader.end, *reader.times[-1:]]),
        lasting=reader.lasting,
    )


def _time(text: str) -> float | None:
    return float(text) if text and text != "N/A" else None
