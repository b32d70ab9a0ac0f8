"""Full conversion, resumable: the picture in pieces, the sound beside it, put together at the end.

One ffmpeg encodes the picture in one continuous run and cuts it at key frames that stand on a fixed grid of
seconds. Each closed piece becomes a file of `segments` at once. After a crash the run begins behind the last
whole piece: ffmpeg seeks to a key frame well before it, decodes, and encodes exactly the frames that follow, on
the same grid and by the same clock, so that no frame is lost, doubled or shifted.

Whether a seek went where it should is checked with the packet times of the source; where it did not, or the
source has no times to seek by, the run decodes from the beginning and still encodes only what is missing.

With several slots, or with helpers, pieces are made each by itself instead (`pieces`), on the same grid.

Errors: as `running`; OSError from the disk.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import math
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import encoders, ffmpeg, mp4
from telespool.media import ffmpeg_args as plans
from telespool.media.audio_encode import make_sound
from telespool.media.ffmpeg_process import together
from telespool.media.film import join
from telespool.media.pieces.slots import Slots, Undivided
from telespool.media.pieces.spans import PREROLL, RAW, WARM_UP, divide
from telespool.media.segment_run import MissedError, run_segments

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_args import EncodePlan
    from telespool.media.segment_run import Closed
    from telespool.media.segments import Segment, Segments

_MANY_PIECES = 12_000  # their times must fit into one argument of a command line (128 KiB)


async def encode(
    work: ConversionContext, segments: Segments, plan: EncodePlan, step: int, target: Path
) -> None:
    """Encode picture and sound and put them together in `target`. `step` is the grid, in seconds."""
    picture = _Picture(work, segments, plan, step)
    await together(make_sound(work, segments), picture.encode())
    await join(work, segments, plan, target)


class _Picture:
    """The run, or the runs, that make the pieces."""

    def __init__(
        self, work: ConversionContext, segments: Segments, plan: EncodePlan, step: int
    ) -> None:
        self._work = work
        self._segments = segments
        self._plan = plan
        self._step = max(step, math.ceil(work.length / _MANY_PIECES))
        self._times = [at - work.found.start for at in work.scan.times]
        self._keys = [at - work.found.start for at in work.scan.keys]
        self._pieces: list[Segment] = []
        self._awaited: float | None = None
        self._warms = True
        self._seeks = work.found.format not in RAW and work.scan.timeless * 2 < work.scan.count

    async def encode(self) -> None:
        """Make the pieces that are not there yet."""
        await self._divide()
        while True:
            self._pieces = await asyncio.to_thread(self._segments.pieces)
            if await asyncio.to_thread(self._segments.is_complete, self._pieces):
                return
            try:
                if not self._nothing_left():
                    await self._run()
            except MissedError:
                # First without the warm-up, then without seeking: slower, and right in any case.
                self._warms, self._seeks = False, self._seeks and self._warms
                continue
            if not self._pieces:
                raise Permanent("not one frame of it can be decoded: it is damaged, or encrypted")
            await asyncio.to_thread(self._segments.complete, self._pieces)
            return

    async def _divide(self) -> None:
        """Make them one by one, several at once, where that was asked for; what is left is made in one run.

        So are those between which some are missing, whoever made them.
        """
        work, segments = self._work, self._segments
        there = await asyncio.to_thread(segments.scattered)
        has_holes = len(there) <= max(there, default=-1)
        if work.settings.slots == 1 and not work.helpers and not has_holes:
            return
        spans = divide(work, self._plan, self._step)
        if len(spans) < 2 or len(there) >= len(spans):
            return
        run = await asyncio.to_thread(segments.run)
        try:
            with contextlib.suppress(Undivided):
                await Slots(work, segments, self._plan, self._step, spans, run).encode()
        finally:
            await asyncio.to_thread(segments.drop, run)

    def _nothing_left(self) -> bool:
        """Whether the source certainly has no frame behind the last piece."""
        if not self._pieces or not self._times or self._work.scan.timeless:
            return False
        if self._work.scan.guessed:
            return False  # these are the times of decoding: the last frame is shown after the last of them
        return self._next_time() is None

    def _next_time(self) -> float | None:
        """When the source shows its next frame, in seconds; None where it has none or nobody knows."""
        done = self._done
        # Half a frame of a thinned rate, or the rounding of times that were printed.
        slack = 0.5 / 24 if self._plan.thinned else 0.0006
        at = bisect.bisect_right(self._times, done + slack)
        return self._times[at] if at < len(self._times) else None

    @property
    def _done(self) -> float:
        return self._pieces[-1].last / self._plan.ticks if self._pieces else -math.inf

    async def _run(self) -> None:
        run = await asyncio.to_thread(self._segments.run)
        try:
            await self._ffmpeg(run)
        finally:
            await asyncio.to_thread(self._segments.drop, run)

    async def _ffmpeg(self, run: Path) -> None:
        base, begin = self._begin()
        done_before = max(self._done, 0.0)
        since = bisect.bisect_left(self._times, (begin or 0) / self._plan.ticks)

        def hear(line: str) -> None:
            key, _, value = line.partition("=")
            if key == "frame" and value.strip().isdigit() and self._times:
                # The segment muxer of ffmpeg 5 keeps its `out_time` to itself.
                now = self._times[min(since + int(value), len(self._times) - 1)]
                self._work.tell(max(now, done_before), done_before)

        self._awaited = self._next_time() if self._pieces and self._seeks else None
        said = await run_segments(
            self._work.runner,
            self._command(base, begin),
            run,
            ends_at_cut=self._ends_at_cut,
            keep=lambda file: self._keep(file, run, base),
            hear=hear,
        )
        if said.code:
            raise Permanent(f"the conversion failed: {said.words}")

    def _begin(self) -> tuple[int, int | None]:
        """Where this run's clock begins and where its frames do, in ticks.

        The clock begins on a line of the grid. The frames begin right behind the last piece; where a line lies
        between, a little before it: that much is encoded again and thrown away, so that the key frame on the line
        comes out as in an unbroken run.
        """
        if not self._pieces:
            return 0, None
        following = self._next_time()
        # Where nobody knows, it is one frame later: a run without a warm-up begins with a poor key frame.
        first = self._done + self._work.scan.gap if following is None else following
        line = math.floor((first + 0.0001) / self._step) * self._step
        ticks = self._plan.ticks
        if self._warms and self._done < line and line >= self._step:
            warm = max(line - WARM_UP, 0)
            return (line - self._step) * ticks, warm * ticks
        return line * ticks, self._pieces[-1].last + 1

    def _command(self, base: int, begin: int | None) -> list[str]:
        work, plan, settings = self._work, self._plan, self._work.settings
        filters, seek = plan.filters, []
        if begin is not None:
            filters += f",trim=start_pts={begin},setpts=PTS-{base}"
            seek = self._seek(begin / plan.ticks)
        grid = self._grid(base)
        return [
            ffmpeg.program(settings.ffmpeg),
            *("-v", "warning", "-nostdin", "-y", "-progress", "pipe:1", "-stats_period", "0.5"),
            *("-max_pixels", str(settings.max_pixels), "-max_error_rate", "1"),
            *encoders.device(settings),
            *(*seek, *work.clock(work.delay)),
            *ffmpeg.reading(work.source, deep=work.found.deep),
            *("-map", f"0:{work.video.index}", "-an", *plans.BARE),
            *("-vf", filters + encoders.to_device(settings)),
            *("-fps_mode", "vfr", "-enc_time_base", f"1:{plan.ticks}"),
            *plans.picture(work.video, settings),
            *plans.key_frames(work.video, settings, self._step),
            *(("-force_key_frames", grid) if grid else ()),
            *("-avoid_negative_ts", "disabled", "-f", "segment"),
            *(("-segment_times", grid) if grid else ("-segment_time", "1000000")),
            *("-segment_time_delta", "0.00001", "-segment_start_number", str(len(self._pieces))),
            *("-segment_format", "mp4", "-segment_format_options"),
            f"video_track_timescale={plan.ticks}:movie_timescale={plan.ticks}:write_tmcd=0",
            *("-segment_list", "pipe:1", "-segment_list_type", "csv", "%06d.mp4"),
        ]

    def _seek(self, begin: float) -> list[str]:
        """One second before the key frame that opens the group in which the preroll begins."""
        if not self._seeks:
            return []
        at = bisect.bisect_right(self._keys, begin - PREROLL) - 1
        second = (self._keys[at] if at >= 0 else 0.0) - 1.0
        return ["-noaccurate_seek", "-ss", f"{second:.6f}"] if second > 0 else []

    def _grid(self, base: int) -> str:
        """The seconds, by the clock of this run, at which a key frame is forced and a piece ends."""
        left = self._work.length - base / self._plan.ticks
        lines = range(self._step, math.ceil(left) + self._step, self._step)
        return ",".join(str(second) for second in lines)

    def _ends_at_cut(self, file: Closed) -> bool:
        line_of_grid = (math.floor(file.begin / self._step + 1e-6) + 1) * self._step
        return file.end >= line_of_grid - 1.5 * self._work.scan.gap

    async def _keep(self, file: Closed, run: Path, base: int) -> None:
        path = run / file.name
        track = await asyncio.to_thread(mp4.track, path)
        if track is None or track.timescale != self._plan.ticks:
            if file.is_last:
                return  # the encoder was given no (more) frames, and closed a file without any
            raise Permanent("ffmpeg wrote a piece that cannot be read")
        first, last = track.first + base, track.last + base
        if self._pieces and last <= self._pieces[-1].last:
            return  # the warm-up
        if self._pieces and first <= self._pieces[-1].last:
            if self._warms:
                raise MissedError
            raise Permanent("ffmpeg wrote a piece whose times do not follow on the last")
        if self._awaited is not None and first / self._plan.ticks > self._awaited + 0.1:
            raise MissedError
        self._awaited = None
        of = math.ceil(self._work.length / self._step)
        piece = await asyncio.to_thread(
            self._segments.keep, path, len(self._pieces), of, first, last
        )
        self._pieces.append(piece)
        await asyncio.to_thread(ffmpeg.check_free, self._segments.folder)
