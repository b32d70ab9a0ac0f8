"""From a video that does not play everywhere to one that does.

`convert` climbs a ladder: copy both streams into a new container; copy the video and encode the sound; encode
both. It begins with the rung the verdict names and goes on to the next where a result does not verify. The result
appears under its name complete, verified and on the disk, or not at all; the source is only read.

While the gate is closed ffmpeg stands still, and so does the clock of `timeout`. Cancelled, it ends ffmpeg at
once; what was finished lies in `state` and is used by the next call.

Errors: `Permanent` (a sentence, with ffmpeg's last words), `Temporary` (the disk is full), `ConfigError` (no
ffmpeg).
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from daemon.disk import Disk
from daemon.errors import Permanent
from daemon.media import plan as plans
from daemon.media import tools
from daemon.media.probe import probe
from daemon.media.running import Clock, Progress, Runner
from daemon.media.scan import scan
from daemon.media.verdict import judge
from daemon.media.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.config import ConvertSettings
    from daemon.gate import Gate
    from daemon.media.probe import Probe, Stream

__all__ = ["Outcome", "Progress", "convert"]

Rung = Literal["send", "remux", "audio", "encode"]
_LADDER: tuple[Rung, ...] = ("send", "remux", "audio", "encode")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it was done, and what the source itself lacks."""

    rung: Rung
    notes: tuple[str, ...] = ()


async def convert(
    source: Path,
    result: Path,
    *,
    settings: ConvertSettings,
    state: Path,
    gate: Gate,
    progress: Callable[[Progress], None] | None = None,
    disk: Disk | None = None,
    at_least: Rung = "send",
) -> Outcome:
    """Convert a video by the cheapest way that gives a file which plays everywhere.

    `state` keeps finished segments; it is made where it is missing. `at_least` names the lowest rung that will
    do: "encode" for a file that Telegram refused although its verdict was "send". Where `result` stands already
    nothing is done.
    """
    disk = disk or Disk()
    if await asyncio.to_thread(result.exists):
        return Outcome(at_least)
    verdict = await judge(source, settings)
    if verdict.kind not in {"video", "gif"}:
        raise Permanent("; ".join(verdict.reasons) or f"{source.name} is no video")
    found = verdict.probe or await probe(source, settings)
    if found.video is None:
        raise Permanent(f"{source.name} holds no video")
    lowest: Rung = "encode" if verdict.kind == "gif" else _rung(verdict.action)
    part = result.with_name(f"{result.name}.part")
    await asyncio.to_thread(state.mkdir, parents=True, exist_ok=True)
    work = _Work(
        source=source,
        part=part,
        found=found,
        video=found.video,
        settings=settings,
        state=state,
        runner=Runner(gate, Clock(settings.timeout), tools.limits(settings)),
        progress=progress,
        disk=disk,
    )
    try:
        outcome = await work.climb(max(lowest, at_least, key=_LADDER.index))
        await asyncio.to_thread(disk.publish, part, result)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)
    return outcome


def _rung(action: str) -> Rung:
    return next((rung for rung in _LADDER if rung == action), "send")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One attempt at one video."""

    source: Path
    part: Path
    found: Probe
    video: Stream
    settings: ConvertSettings
    state: Path
    runner: Runner
    progress: Callable[[Progress], None] | None
    disk: Disk

    async def climb(self, lowest: Rung) -> Outcome:
        """Try the rungs from the lowest upwards until a result verifies."""
        if lowest == "send":
            await asyncio.to_thread(shutil.copyfile, self.source, self.part)
            return Outcome("send")
        expected = await scan(self.source, self.video, self.settings, self.runner)
        notes: tuple[str, ...] = ()
        for rung in _LADDER[_LADDER.index(lowest) :]:
            await asyncio.to_thread(self.part.unlink, missing_ok=True)
            try:
                if rung == "encode":
                    await self._encode()
                else:
                    await self._copy(sound_too=rung == "remux")
                notes += await verify(
                    self.part,
                    self.found,
                    expected,
                    self.settings,
                    self.runner,
                    copied=rung != "encode",
                    thinned=rung == "encode" and plans.plan(self.video, self.settings).thinned,
                )
            except Permanent as error:
                if rung == "encode":
                    raise Permanent(f"{self.source.name}: {error.reason}") from error
                notes += (f"{rung} did not do: {error.reason}",)
            else:
                return Outcome(rung, notes)
        raise AssertionError("the ladder ends with a rung that returns or raises")

    async def _copy(self, *, sound_too: bool) -> None:
        """Copy the video into a new container, and the sound with it or encoded anew."""
        audio = self.found.audio
        maps = ["-map", f"0:{self.video.index}"]
        if audio is None:
            maps.append("-an")
        else:
            maps += ["-map", f"0:{audio.index}"]
            maps += ["-c:a", "copy"] if sound_too else plans.sound(audio, self.settings)
        await self._ffmpeg(
            [*maps, *plans.BARE, "-c:v", "copy", "-tag:v", "avc1"], "copying into a new container"
        )

    async def _encode(self) -> None:
        audio = self.found.audio
        plan = plans.plan(self.video, self.settings)
        maps = ["-map", f"0:{self.video.index}"]
        if audio is None:
            maps.append("-an")
        else:
            maps += ["-map", f"0:{audio.index}", *plans.sound(audio, self.settings)]
        await self._ffmpeg(
            [
                *maps,
                *plans.BARE,
                *("-vf", plan.filters + plans.to_device(self.settings)),
                *("-fps_mode", "vfr", "-enc_time_base", f"1:{plan.ticks}"),
                *plans.picture(self.settings),
                *("-video_track_timescale", str(plan.ticks)),
            ],
            "the conversion",
        )

    async def _ffmpeg(self, options: list[str], what: str) -> None:
        await self.runner.succeed(
            [
                tools.program(self.settings.ffmpeg),
                *("-v", "warning", "-nostdin", "-y", "-progress", "pipe:1"),
                *("-max_pixels", str(self.settings.max_pixels)),
                *plans.device(self.settings),
                *tools.reading(self.source),
                *options,
                *("-max_muxing_queue_size", "4096", "-movflags", "+faststart", "-f", "mp4"),
                f"file:{self.part.absolute()}",
            ],
            what,
            on_line=self._hear,
        )

    def _hear(self, line: str) -> None:
        """Turn a line of ffmpeg's `-progress` into ours."""
        key, _, value = line.partition("=")
        if self.progress is None or key != "out_time_us" or not value.lstrip("-").isdigit():
            return
        done, whole = int(value) / 1e6, self.video.duration or self.found.duration
        elapsed = self.runner.clock.elapsed
        speed = done / elapsed if elapsed > 0 else 0.0
        left = (whole - done) / speed if speed > 0 and whole > 0 else None
        fraction = min(1.0, max(0.0, done / whole)) if whole > 0 else 0.0
        self.progress(Progress(fraction, speed, left))
