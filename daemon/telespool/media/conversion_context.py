"""What one attempt at one video needs to know, in one value."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.media.ffmpeg_process import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.media.ffmpeg_process import ProgressReporter, Runner
    from telespool.media.packets import PacketScan
    from telespool.media.pieces.helper import Helper
    from telespool.media.probe import Probe
    from telespool.media.streams import ProbedStream


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionContext:
    """A source, what is known of it, and what it is converted with.

    `name` is the one people know it by; `scan` holds the times of its frames (`scan.UNKNOWN` before it was read);
    `origin` stands for its bytes and the version of ffmpeg, once an encoding needed that; `helpers` are the other
    machines that may encode pieces.
    """

    name: str
    source: Path
    found: Probe
    video: ProbedStream
    scan: PacketScan
    settings: ConvertSettings
    runner: Runner
    teller: ProgressReporter
    origin: tuple[str, ...] = ()
    helpers: tuple[Helper, ...] = ()

    @property
    def length(self) -> float:
        """Seconds of film from time zero to the last frame, as far as anybody knows."""
        if self.scan.times:
            return max(self.scan.times[-1] - self.found.start + self.scan.gap, self.scan.gap)
        return self.video.duration or self.found.duration

    @property
    def shown(self) -> tuple[float, ...]:
        """When frames are shown, without those that come before the film begins, and that no player shows."""
        times = self.scan.times
        return times[bisect.bisect_left(times, self.found.start - self.scan.gap / 2) :]

    @property
    def delay(self) -> float:
        """Seconds by which a decoder gives out all frames too late, where the container tells no other time.

        AVI and its like only tell when a frame is decoded; those that wait for others are given the time of those. In
        ASF the sound begins as much later.
        """
        scan, first = self.scan, self.video.first_shown
        if self.found.format == "asf":
            return 0.0
        if first is None or not scan.times or scan.guessed * 2 < scan.count or scan.timeless:
            return 0.0
        return max(0.0, first - scan.times[0])

    def clock(self, delay: float = 0.0) -> list[str]:
        """The options by which time zero is where the source begins, for the picture as for the sound.

        With -start_at_zero ffmpeg counts from the first packet of the streams it is told to read, in containers whose
        clock may jump: sound that is late would come early. A millionth of a second beside it, it leaves the clock
        alone.
        """
        return ["-copyts", "-itsoffset", f"{0.000001 - self.found.start - delay:.6f}"]

    def tell(self, done: float, before: float = 0.0) -> None:
        """Report that film is done up to the second `done`; `before` was finished by an earlier attempt."""
        elapsed, whole = self.runner.clock.elapsed, self.length
        speed = max(0.0, done - before) / elapsed if elapsed > 0 else 0.0
        left = max(0.0, whole - done) / speed if speed > 0 and whole > 0 else None
        fraction = min(1.0, max(0.0, done / whole)) if whole > 0 else 0.0
        self.teller.tell(Progress(fraction, speed, left))
