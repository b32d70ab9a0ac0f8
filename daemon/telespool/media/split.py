"""Parts that play, of a video that is too large for one message.

It is cut at key frames, nothing is encoded: each part begins with a key frame and at time zero, has its index in
front, and is no larger than one message may be. Where to cut is worked out from the sizes and times of the packets
before anything is written. The parts appear together, by one rename of their folder.

While the gate is closed ffmpeg stands still. Errors: `Permanent` where it cannot be cut small enough, or a part
does not verify; `Temporary` where the disk is full.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import ffmpeg, mp4
from telespool.media import ffmpeg_args as plans
from telespool.media.compatibility import assess
from telespool.media.ffmpeg_process import PausableClock, Runner
from telespool.media.known_good import ffmpeg_tool, ffprobe_tool
from telespool.media.probe import probe
from telespool.runtime.tool_health import HEALTH
from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.runtime.gate import PauseGate

_A_PACKET = 24  # bytes that a packet takes in the index
_A_FILE = 64 << 10  # bytes of index and header that a file takes in any case


async def split(
    source: Path,
    folder: Path,
    *,
    max_bytes: int,
    settings: ConvertSettings,
    gate: PauseGate,
    disk: FileOps | None = None,
) -> tuple[Path, ...]:
    """Cut a video that plays as it is into parts of at most `max_bytes`, in the new folder `folder`.

    The parts are named after the source, `clip-1of3.mp4`. Where `folder` stands already, its parts are returned.
    """
    disk = disk or FileOps()
    if await asyncio.to_thread(folder.is_dir):
        return await asyncio.to_thread(_parts, folder)
    runner = Runner(gate, PausableClock(settings.timeout), ffmpeg.limits(settings), settings.stall)
    async with HEALTH.vouched(ffprobe_tool(settings), ffmpeg_tool(settings)):
        return await _split(source, folder, max_bytes, settings, runner, disk)


async def _split(
    source: Path,
    folder: Path,
    max_bytes: int,
    settings: ConvertSettings,
    runner: Runner,
    disk: FileOps,
) -> tuple[Path, ...]:
    found = await probe(source, settings)
    video, audio = found.video, found.audio
    if video is None:
        raise Permanent(f"{source.name} holds no video that could be split")
    streams = [video.index, *([audio.index] if audio else [])]
    cuts = await _cuts(source, found.start, streams, max_bytes, settings, runner)
    making = folder.with_name(f"{folder.name}.part")
    await asyncio.to_thread(disk.rmtree, making)
    await asyncio.to_thread(making.mkdir)
    try:
        await _cut(source, streams, cuts, making, settings, runner)
        await _verify(source, making, max_bytes, settings)
        await asyncio.to_thread(_publish, making, folder, disk)
    finally:
        await asyncio.to_thread(disk.rmtree, making)
    return await asyncio.to_thread(_parts, folder)


@dataclass(slots=True)
class _Planner:
    """Where to cut, worked out while the packets go by."""

    video: int
    chosen: set[int]
    room: int
    start: float
    cuts: list[float] = field(default_factory=list)
    too_large: bool = False
    _total: int = 0
    _base: int = 0
    _last_key: tuple[float, int] | None = None

    def hear(self, line: str) -> None:
        """Take in one packet: index, time, size, flags."""
        index, when, size, flags = [*line.rstrip(",").split(","), "", "", "", ""][:4]
        if not index.isdigit() or int(index) not in self.chosen:
            return
        if int(index) == self.video and flags.startswith("K") and when not in {"", "N/A"}:
            self._key(float(when) - self.start)
        self._total += int(size) + _A_PACKET

    def end(self) -> None:
        """The last part ends with the last packet."""
        self._key(None)

    def _key(self, when: float | None) -> None:
        if self._total - self._base > self.room:
            if self._last_key is None or self._last_key[1] == self._base:
                self.too_large = True
                return
            self.cuts.append(self._last_key[0])
            self._base = self._last_key[1]
            self.too_large = self.too_large or self._total - self._base > self.room
        if when is not None:
            self._last_key = (when, self._total)


async def _cuts(
    source: Path,
    start: float,
    streams: list[int],
    max_bytes: int,
    settings: ConvertSettings,
    runner: Runner,
) -> list[float]:
    # The sound that belongs to the end of a part may come behind the key frame that ends it.
    planner = _Planner(streams[0], set(streams), max_bytes - max_bytes // 50 - _A_FILE, start)
    await runner.run(
        [
            ffmpeg.program(settings.ffprobe),
            *("-v", "error", "-show_entries", "packet=stream_index,pts_time,size,flags"),
            *("-of", "csv=p=0", *ffmpeg.reading(source)),
        ],
        on_line=planner.hear,
    )
    planner.end()
    if planner.too_large:
        raise Permanent(
            f"{source.name} cannot be split into parts of {max_bytes} bytes: its key frames are too"
            " far apart; convert it instead"
        )
    return planner.cuts


async def _cut(
    source: Path,
    streams: list[int],
    cuts: list[float],
    folder: Path,
    settings: ConvertSettings,
    runner: Runner,
) -> None:
    times = ",".join(f"{cut:.6f}" for cut in cuts) or "1000000"
    stem = source.stem.replace("%", "_")
    await runner.succeed(
        [
            ffmpeg.program(settings.ffmpeg),
            *("-v", "warning", "-nostdin", "-y"),
            *ffmpeg.reading(source),
            *(word for index in streams for word in ("-map", f"0:{index}")),
            *(*plans.BARE, "-c", "copy", "-f", "segment", "-segment_times", times),
            *("-segment_time_delta", "0.001", "-reset_timestamps", "1"),
            *("-segment_start_number", "1", "-segment_format", "mp4"),
            *("-segment_format_options", "movflags=+faststart"),
            f"{stem}-%dof{len(cuts) + 1}.mp4",
        ],
        f"splitting {source.name}",
        cwd=folder,
    )


async def _verify(source: Path, folder: Path, max_bytes: int, settings: ConvertSettings) -> None:
    frames = 0
    for part in await asyncio.to_thread(_parts, folder):
        verdict = await assess(part, settings, max_bytes=max_bytes)
        if verdict.action != "send":
            reasons = "; ".join(verdict.reasons)
            raise Permanent(f"a part of {source.name} would not play: {reasons}")
        track = await asyncio.to_thread(mp4.track, part)
        frames += len(track.times) if track else 0
    whole = await asyncio.to_thread(mp4.track, source)
    if whole is None or frames != len(whole.times):
        there = len(whole.times) if whole else 0
        raise Permanent(f"the parts of {source.name} have {frames} frames, the whole has {there}")


def _parts(folder: Path) -> tuple[Path, ...]:
    def number(path: Path) -> int:
        return int(path.stem.rpartition("-")[2].partition("of")[0])

    return tuple(sorted(folder.glob("*.mp4"), key=number))


def _publish(making: Path, folder: Path, disk: FileOps) -> None:
    disk.fsync(*_parts(making), making)
    disk.rename(making, folder)  # commit
    disk.fsync(folder.parent)
