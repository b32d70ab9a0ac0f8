"""From a video that does not play everywhere to one that does.

`convert` climbs a ladder: copy both streams into a new container; copy the picture and encode the sound; encode
both. It begins with the rung the verdict names and goes on to the next where a result does not verify. The result
appears under its name complete, verified and on the disk, or not at all; the source is only read.

While the gate is closed ffmpeg stands still, and so does the clock of `timeout`. Cancelled, it ends ffmpeg at
once; what was finished lies in `state` and is used by the next call.

Errors: `Permanent` (a sentence, with ffmpeg's last words), `Temporary` (the disk is full), `ChildDied` (somebody
killed ffmpeg: call again), `ToolFault` (ffmpeg does not work, whatever the film).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import encoders, ffmpeg
from telespool.media import ffmpeg_args as plans
from telespool.media.compatibility import assess
from telespool.media.conversion_context import ConversionContext
from telespool.media.damage import missing
from telespool.media.ffmpeg_process import PausableClock, Progress, ProgressReporter, Runner, finish
from telespool.media.film import encode_at_once
from telespool.media.known_good import ffmpeg_tool, ffprobe_tool
from telespool.media.moving_pictures import unroll
from telespool.media.packets import UNKNOWN, scan
from telespool.media.playable import Rung
from telespool.media.probe import probe
from telespool.media.segments import Segments, fingerprint
from telespool.media.timestamps import is_crooked, straighten
from telespool.media.verify import verify
from telespool.media.video_encode import encode
from telespool.runtime.cancellation import in_thread
from telespool.runtime.hashing import digest
from telespool.runtime.tool_health import HEALTH
from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.media.compatibility import Assessment
    from telespool.media.pieces.helper import Helper
    from telespool.runtime.gate import PauseGate
    from telespool.runtime.tool_health import Tool

__all__ = ["Outcome", "Progress", "Rung", "convert"]

_ANEW = "begun anew: what was there was made from another file or with other settings"
_LADDER: tuple[Rung, ...] = ("send", "remux", "audio", "encode")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it was done, and what there is to know.

    `left_behind` are sentences on what the source lacks, or holds and the result does not; `notes` says what was tried
    in vain, for those who look closer.
    """

    rung: Rung
    notes: tuple[str, ...] = ()
    left_behind: tuple[str, ...] = ()


async def convert(
    source: Path,
    result: Path,
    *,
    settings: ConvertSettings,
    state: Path,
    gate: PauseGate,
    progress: Callable[[Progress], None] | None = None,
    disk: FileOps | None = None,
    at_least: Rung = "send",
    assessment: Assessment | None = None,
    name: str = "",
    helpers: tuple[Helper, ...] = (),
) -> Outcome:
    """Convert a video by the cheapest way that gives a file which plays everywhere.

    `progress` hears from it every second at least, also while it stands still. `state` keeps finished pieces; it is
    made where it is missing, and tidied up at the end. `at_least` names the lowest rung that will do: "encode" for a
    file that Telegram refused although its verdict was "send". `assessment` is what is known of the source already,
    `name` the one people know it by, `helpers` the other machines that may encode pieces of it. Where `result` stands
    already nothing is done.
    """
    disk = disk or FileOps()
    if await asyncio.to_thread(result.exists):
        return Outcome(at_least)
    teller = ProgressReporter(progress)
    repeating = asyncio.create_task(teller.repeat())
    try:
        settings = await encoders.usable(settings)
        async with _vouched(source, settings):
            known = assessment or await assess(source, settings, name=name)
            name = name or source.name
            runner = Runner(
                gate, PausableClock(settings.timeout), ffmpeg.limits(settings), settings.stall
            )
            lost: tuple[str, ...] = ()
            if known.kind not in {"video", "gif"}:
                raise Permanent("; ".join(known.reasons) or f"{name} is no video")
            if known.kind == "video" and known.probe is None:
                moving = state / "moving.apng"
                lost = await _unrolled(source, moving, runner, name, disk)
                source = moving
            found = known.probe or await probe(source, settings)
            if found.video is None:
                raise Permanent(f"{name} holds no video")
            work = ConversionContext(
                name=name,
                source=source,
                found=found,
                video=found.video,
                scan=UNKNOWN,
                settings=settings,
                runner=runner,
                teller=teller,
                helpers=helpers,
            )
            lowest: Rung = "encode" if known.kind == "gif" else _rung(known.action)
            outcome = await _make(
                work, max(lowest, at_least, key=_LADDER.index), result, state, disk
            )
            return replace(outcome, left_behind=known.left_behind + lost + outcome.left_behind)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise ffmpeg.disk_full() from error
        raise
    finally:
        repeating.cancel()


def _tools(settings: ConvertSettings) -> tuple[Tool, ...]:
    """What must work before a failure says anything about the film."""
    if settings.encoder != encoders.SOFTWARE:
        return ffprobe_tool(settings), encoders.encoder_tool(settings)
    return ffprobe_tool(settings), ffmpeg_tool(settings)


@contextlib.asynccontextmanager
async def _vouched(source: Path, settings: ConvertSettings) -> AsyncIterator[None]:
    """Let an error blame the film only if the tools work; a missing result is such an error."""
    async with HEALTH.vouched(*_tools(settings)):
        try:
            yield
        except FileNotFoundError as error:
            if not await asyncio.to_thread(source.exists):
                raise
            raise Permanent(f"{source.name}: ffmpeg left no result ({error.filename})") from error


async def _unrolled(
    source: Path, moving: Path, runner: Runner, name: str, disk: FileOps
) -> tuple[str, ...]:
    """Make a film of a picture that moves, unless an earlier attempt has."""
    await asyncio.to_thread(_prepare, source, moving.parent)
    if await asyncio.to_thread(moving.exists):
        return ()
    part = moving.with_name(f"{moving.name}.part")
    lost = await unroll(source, part, runner, name)
    await asyncio.to_thread(disk.publish, part, moving)
    return lost


async def _make(
    work: ConversionContext, lowest: Rung, result: Path, state: Path, disk: FileOps
) -> Outcome:
    """Make the result beside its place, then give it its name."""
    await asyncio.to_thread(_prepare, work.source, state)
    part = result.with_name(f"{result.name}.part")
    try:
        if lowest == "send":
            await in_thread(disk.copy, work.source, part)
            outcome = Outcome("send")
        else:
            outcome = await _climb(work, lowest, part, state, disk)
        await asyncio.to_thread(disk.publish, part, result)
    finally:
        await asyncio.to_thread(disk.unlink, part)
    await asyncio.to_thread(Segments(state, "", disk).clear)
    await asyncio.to_thread(disk.unlink, state / "moving.apng")
    return outcome


def _rung(action: str) -> Rung:
    return next((rung for rung in _LADDER if rung == action), "send")


def _prepare(source: Path, state: Path) -> None:
    state.mkdir(parents=True, exist_ok=True)
    # What comes out is rarely larger than the source; pieces and result stand side by side for a moment.
    ffmpeg.check_free(state, source.stat().st_size)


async def _climb(
    work: ConversionContext, lowest: Rung, part: Path, state: Path, disk: FileOps
) -> Outcome:
    """Try the rungs from the lowest upwards until a result verifies."""
    work, copied = await _read(work, lowest, part)
    lost = await asyncio.to_thread(missing, work)
    notes: tuple[str, ...] = ()
    for rung in _LADDER[_LADDER.index(lowest) :]:
        try:
            if rung == "encode":
                await asyncio.to_thread(disk.unlink, part)
                anew, more = await _encode(work, part, state, disk)
                return Outcome(rung, lost + more + notes + anew, lost + more)
            if rung != lowest:
                copied = await _copied(work, rung, part)
            if copied is not None:
                raise copied
            lost += await verify(part, work, None)
            return Outcome(rung, lost + notes, lost)
        except Permanent as error:
            if rung == "encode":
                raise Permanent(f"{work.name}: {error.reason}") from error
            notes += (f"{rung} would not do: {error.reason}",)
    raise AssertionError("the last rung returns or raises")


async def _read(
    work: ConversionContext, lowest: Rung, part: Path
) -> tuple[ConversionContext, Permanent | None]:
    """Read the times of the source; what else reads all of it does so in the meantime: the copying, or the digest."""
    reading = asyncio.create_task(scan(work.source, work.video, work.settings, work.runner))
    copying = asyncio.create_task(_copied(work, lowest, part))
    looking = asyncio.create_task(_origin(work, lowest))
    await finish(reading, copying, looking)
    return replace(work, scan=reading.result(), origin=looking.result()), copying.result()


async def _origin(work: ConversionContext, rung: Rung) -> tuple[str, ...]:
    """What stands for the bytes of the source and the version of ffmpeg, where it is to be encoded."""
    if rung != "encode" or work.origin or _is_short(work):
        return work.origin
    version: list[str] = []  # others give other bits
    asked = [ffmpeg.program(work.settings.ffmpeg), "-version"]
    reading = asyncio.create_task(digest(work.source))
    asking = asyncio.create_task(work.runner.run(asked, on_line=version.append))
    await finish(reading, asking)
    return reading.result(), *version


async def _copied(work: ConversionContext, rung: Rung, part: Path) -> Permanent | None:
    """Copy as this rung says; what was wrong where that failed."""
    if rung == "encode":
        return None
    try:
        await _copy(work, part, sound_too=rung == "remux")
    except Permanent as error:
        return error
    return None


async def _copy(work: ConversionContext, part: Path, *, sound_too: bool) -> None:
    """Copy the picture into a new container, and the sound with it or encoded anew."""
    audio = work.found.audio
    ways: list[list[str]] = [["-an"]]
    if audio is not None:
        copied = [["-map", f"0:{audio.index}", "-c:a", "copy"]]
        ways = copied if sound_too else plans.sounds(audio, work.settings)

    def hear(line: str) -> None:
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.isdigit():
            work.tell(int(value) / 1e6)

    for way in ways:
        said = await work.runner.run(
            [
                ffmpeg.program(work.settings.ffmpeg),
                *("-v", "warning", "-nostdin", "-y", "-progress", "pipe:1"),
                *("-fflags", "+discardcorrupt"),
                *ffmpeg.reading(work.source, deep=work.found.deep),
                *("-map", f"0:{work.video.index}", *way, *plans.BARE),
                *("-c:v", "copy", "-tag:v", "avc1", "-max_muxing_queue_size", "4096"),
                *("-movflags", "+faststart", "-f", "mp4", ffmpeg.writing(part)),
            ],
            on_line=hear,
        )
        if said.code == 0:
            return
    raise Permanent(f"copying failed: {said.words}")


def _is_short(work: ConversionContext) -> bool:
    """Whether all of it is encoded in the time that may be lost: then no piece of it is worth to be kept."""
    return 0 < max(work.length, work.found.length) <= _step(work)


def _step(work: ConversionContext) -> int:
    return plans.step(work.video, work.settings, len(os.sched_getaffinity(0)))


def _paced(work: ConversionContext) -> ConversionContext:
    """The same work with the rate its frames really have where that is less: headers may name that of their clock."""
    scan, claimed = work.scan, work.video.average_rate
    if scan.jumps or len(scan.times) < 2 or scan.span <= 0:
        return work
    rate = Fraction(1 / scan.gap).limit_denominator(1000)
    if claimed and rate > claimed * Fraction(99, 100):
        return work
    return replace(work, video=replace(work.video, average_rate=rate))


async def _encode(
    work: ConversionContext, part: Path, state: Path, disk: FileOps
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Encode picture and sound; what there is to know of the attempt, and what the source lacks."""
    work = _paced(work)
    settings, crooked = work.settings, is_crooked(work)
    plan, step = plans.plan(work.video, settings), _step(work)
    # Where the clock of the picture is another one than that of the sound, each is read by itself.
    if _is_short(work) and not crooked and not work.delay:
        dropped = await asyncio.to_thread(Segments(state, "", disk).sweep)
        await encode_at_once(work, plan, step, part)
        return (_ANEW,) if dropped else (), await verify(part, work, plan)
    audio = work.found.audio
    about = [plan.filters, str(plan.ticks), str(step), *plans.picture(work.video, settings)]
    about += [str(plans.sounds(audio, settings) if audio else None)]
    segments = Segments(state, fingerprint([*about, *await _origin(work, "encode")]), disk)
    dropped = await asyncio.to_thread(segments.sweep)
    if crooked:
        work = _paced(await straighten(work, segments))
        plan = plans.plan(work.video, settings)
    await encode(work, segments, plan, step, part)
    return (_ANEW,) if dropped else (), await verify(part, work, plan)
