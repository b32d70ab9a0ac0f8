"""Full conversion, resumable: the picture in pieces, the sound beside it, put together at the end.

One ffmpeg encodes the picture in one continuous run and cuts it at key frames that stand on a fixed grid of
seconds. Each closed piece becomes a file of `segments` at once. After a crash the run begins behind the last
whole piece: ffmpeg seeks to a key frame well before it, decodes, and encodes exactly the frames that follow, on
the same grid and by the same clock, so that no frame is lost, doubled or shifted.

Whether a seek went where it should is checked with the packet times of the source; where it did not, or the
source has no times to seek by, the run decodes from the beginning and still encodes only what is missing.

Errors: as `running`; OSError from the disk.
"""

from __future__ import annotations

import asyncio
import bisect
import math
import os
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import encoders, ffmpeg, mp4
from telespool.media import ffmpeg_args as plans
from telespool.media.audio_encode import make_sound
from telespool.media.ffmpeg_process import together

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_args import EncodePlan
    from telespool.media.segments import Segment, Segments

_PREROLL = (
    2.0  # seconds decoded before the first frame that is wanted, for decoders and deinterlacers
)
_WARM_UP = (
    1  # seconds encoded before them, and thrown away: x264 sets a key frame by what it saw before
)
_MANY_PIECES = 12_000  # their times must fit into one argument of a command line (128 KiB)
_RAW = {
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


class _MissedError(Exception):
    """The run did not begin with the frame that was wanted."""


async def encode(
    work: ConversionContext, segments: Segments, plan: EncodePlan, step: int, target: Path
) -> None:
    """Encode picture and sound and put them together in `target`. `step` is the grid, in seconds."""
    picture = _Picture(work, segments, plan, step)
    await together(make_sound(work, segments), picture.encode())
    await _join(work, segments, plan, target)


async def encode_at_once(
    work: ConversionContext, plan: EncodePlan, step: int, target: Path
) -> None:
    """Encode picture and sound of a short film in one run; what is broken off begins anew."""
    audio, settings = work.found.audio, work.settings
    words = ""

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
        words = said.words
        if said.code == 0 and await asyncio.to_thread(mp4.track, target) is not None:
            return
    raise Permanent(f"not one frame of it can be decoded: {words}")


def _ending(work: ConversionContext, plan: EncodePlan) -> list[str]:
    """The option that gives the last frame its length, where it is known when that is shown."""
    shown = work.shown
    if not shown or work.scan.guessed or work.scan.timeless or plan.thinned:
        return []
    last = round((shown[-1] - work.found.start) * plan.ticks)
    return ["-bsf:v", _last(work, last, plan)]


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
        self._words = ""
        self._seeks = work.found.format not in _RAW and work.scan.timeless * 2 < work.scan.count

    async def encode(self) -> None:
        """Make the pieces that are not there yet."""
        while True:
            self._pieces = await asyncio.to_thread(self._segments.pieces)
            if await asyncio.to_thread(self._segments.is_complete, self._pieces):
                return
            try:
                if not self._nothing_left():
                    await self._run()
            except _MissedError:
                # First without the warm-up, then without seeking: slower, and right in any case.
                self._warms, self._seeks = False, self._seeks and self._warms
                continue
            if not self._pieces:
                raise Permanent(f"not one frame of it can be decoded: {self._words}")
            await asyncio.to_thread(self._segments.complete, self._pieces)
            return

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
        closed: asyncio.Queue[str | None] = asyncio.Queue()
        done_before = max(self._done, 0.0)
        since = bisect.bisect_left(self._times, (begin or 0) / self._plan.ticks)

        def hear(line: str) -> None:
            key, _, value = line.partition("=")
            if key == "frame" and value.strip().isdigit() and self._times:
                # The segment muxer of ffmpeg 5 keeps its `out_time` to itself.
                now = self._times[min(since + int(value), len(self._times) - 1)]
                self._work.tell(max(now, done_before), done_before)
            elif line.count(",") == 2 and not value:
                closed.put_nowait(line)

        async def run_ffmpeg() -> None:
            said = await self._work.runner.run(self._command(base, begin), on_line=hear, cwd=run)
            if said.code:
                raise Permanent(f"the conversion failed: {said.words}")
            self._words = said.words
            closed.put_nowait(None)

        self._awaited = self._next_time() if self._pieces and self._seeks else None
        await together(run_ffmpeg(), self._take(closed, run, base))

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
            warm = max(line - _WARM_UP, 0)
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
        at = bisect.bisect_right(self._keys, begin - _PREROLL) - 1
        second = (self._keys[at] if at >= 0 else 0.0) - 1.0
        return ["-noaccurate_seek", "-ss", f"{second:.6f}"] if second > 0 else []

    def _grid(self, base: int) -> str:
        """The seconds, by the clock of this run, at which a key frame is forced and a piece ends."""
        left = self._work.length - base / self._plan.ticks
        lines = range(self._step, math.ceil(left) + self._step, self._step)
        return ",".join(str(second) for second in lines)

    async def _take(self, closed: asyncio.Queue[str | None], run: Path, base: int) -> None:
        """Make pieces of the files as ffmpeg closes them.

        A file that ends before its line of the grid may be one that ffmpeg was told to end: it is held back
        until the next one, or ffmpeg's good end, shows that it was meant so.
        """
        held: str | None = None
        while (line := await closed.get()) is not None:
            if held is not None:
                await self._keep(held, run, base)
            _, begin, end = line.split(",")
            line_of_grid = (math.floor(float(begin) / self._step + 1e-6) + 1) * self._step
            if float(end) >= line_of_grid - 1.5 * self._work.scan.gap:
                await self._keep(line, run, base)
                held = None
            else:
                held = line
        if held is not None:
            await self._keep(held, run, base, is_last=True)

    async def _keep(self, line: str, run: Path, base: int, *, is_last: bool = False) -> None:
        path = run / line.partition(",")[0]
        track = await asyncio.to_thread(mp4.track, path)
        if track is None or track.timescale != self._plan.ticks:
            if is_last:
                return  # the encoder was given no (more) frames, and closed a file without any
            raise Permanent("ffmpeg wrote a piece that cannot be read")
        first, last = track.first + base, track.last + base
        if self._pieces and last <= self._pieces[-1].last:
            return  # the warm-up
        if self._pieces and first <= self._pieces[-1].last:
            if self._warms:
                raise _MissedError
            raise Permanent("ffmpeg wrote a piece whose times do not follow on the last")
        if self._awaited is not None and first / self._plan.ticks > self._awaited + 0.1:
            raise _MissedError
        self._awaited = None
        of = math.ceil(self._work.length / self._step)
        piece = await asyncio.to_thread(
            self._segments.keep, path, len(self._pieces), of, first, last
        )
        self._pieces.append(piece)
        await asyncio.to_thread(ffmpeg.check_free, self._segments.folder)


async def _join(
    work: ConversionContext, segments: Segments, plan: EncodePlan, target: Path
) -> None:
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
