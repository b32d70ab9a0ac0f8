"""Whether a result is what it should be, before anybody gets to see it.

`verify` looks at a finished file with the same eyes as at any other: its verdict is "send", it has the picture and
the sound of its source, as many frames at the same times, picture and sound begin together as they did, it is the
right side up, and it decodes. Frames that nobody can decode are the source's own damage: they are counted, and
become a note. Errors: `Permanent` with the first thing that is wrong; otherwise as `running`.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
import re
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import ffmpeg, mp4
from telespool.media.compatibility import assess
from telespool.media.ffmpeg_process import finish
from telespool.media.probe import probe_decoding

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.compatibility import Assessment
    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_args import EncodePlan
    from telespool.media.mp4 import Track
    from telespool.media.streams import ProbedStream

# What is said although nothing is wrong with the result. The null muxer dislikes the order of key frames, and frames
# closer than its ticks. The decoder misses what was left out: a key frame may be followed by frames that rest on what
# stood before it (an open group, as of broadcasts and camcorders), and dismiss what was never decoded.
_HARMLESS = re.compile(
    r"\[null|    Last message repeated"
    r"|\[h264 @ \w+\] (?:mmco: |.*\breference|co located POCs|illegal short term buffer)"
)
_REORDERED = 5.0  # frames that a decoder holds back, at most
_SHORT = 10.0  # seconds
_ORDERED = 64  # frames of a copy whose order is looked at
_PACE = 20  # packets of sound; so many smooth the rounding of times


async def verify(result: Path, work: ConversionContext, plan: EncodePlan | None) -> tuple[str, ...]:
    """Check a result; what the source itself lacks is returned as notes.

    `plan` is how the picture was encoded, None where it was copied.
    """
    kinds = (b"vide", b"soun") if plan is None else (b"vide",)
    judging = asyncio.create_task(_judged(result, work, copied=plan is None))
    reading = asyncio.create_task(asyncio.to_thread(mp4.tracks, result, *kinds))
    await finish(judging, reading)
    verdict, undecodable = judging.result()
    track, *sounds = reading.result()
    probe = verdict.probe
    if verdict.action != "send" or probe is None or probe.video is None:
        raise Permanent(f"the result would not play everywhere: {'; '.join(verdict.reasons)}")
    if track is None:
        raise Permanent("the result has no frames")
    notes = _check_sound(probe.audio, work, copied=plan is None)
    if plan is None:
        notes += _check_copy(track, probe.video, work)
        await _check_order(result, probe.video, work)
        _check_pace(*sounds)
    elif not plan.thinned:
        notes += await _check_encoded(track, work)
    if undecodable:
        raise Permanent(f"the result does not decode to its end: {undecodable}")
    return notes


async def _judged(result: Path, work: ConversionContext, *, copied: bool) -> tuple[Assessment, str]:
    """What it is to anybody who gets it, and ffmpeg's words where it does not decode; of a short film in one go."""
    if not copied and work.length <= _SHORT:
        words = _serious(await probe_decoding(result, work.settings))
        return await assess(result, work.settings), words
    judging = asyncio.create_task(assess(result, work.settings))
    decoding = asyncio.create_task(_undecodable(result, work, copied=copied))
    await finish(judging, decoding)
    return judging.result(), decoding.result()


def _serious(lines: tuple[str, ...], code: int = 0) -> str:
    """The last words of a decoder that tell of something wrong; empty where none do."""
    wrong = [line for line in lines if not _HARMLESS.match(line)]
    return ffmpeg.last_words("\n".join(wrong or lines)) if wrong or code else ""


def _check_sound(
    sound: ProbedStream | None, work: ConversionContext, *, copied: bool
) -> tuple[str, ...]:
    source = work.found.audio
    if source is None or sound is not None:
        return ()
    if copied:
        raise Permanent("the result has lost its sound")
    return ("its sound track is empty",)


def _check_copy(track: Track, video: ProbedStream, work: ConversionContext) -> tuple[str, ...]:
    scan, times = work.scan, track.shown
    missing = scan.count - len(times)
    if not times or (abs(missing) > 1 and missing != scan.leading):
        raise Permanent(f"the copy has {len(times)} frames, its source {scan.count}")
    if video.rotation != work.video.rotation:
        raise Permanent("the copy is turned")
    gaps = [after - before for before, after in itertools.pairwise(times)]
    if gaps and min(gaps) <= 0:
        raise Permanent("the copy has frames at the same time")
    off = (times[-1] - times[0]) / track.timescale - scan.span
    if missing <= 1 and abs(off) > max(1.5 * scan.gap, 0.05):
        raise Permanent(f"the copy is {off:+.3f} seconds longer than its source")
    if missing > 1:
        return (f"its first {missing} frames are left out: they need frames that are not there",)
    return ()


def _check_pace(sound: Track | None) -> None:
    """Look whether packets of copied sound last longer or shorter from somewhere on: then its sample rate changes.

    An MP4 names one rate, and a player would play the rest higher or lower. Single gaps are holes, and no change.
    """
    if sound is None:
        return
    gaps = [after - before for before, after in itertools.pairwise(sound.times)]
    if len(gaps) < 2 * _PACE:
        return
    usual = sorted(gaps)[len(gaps) // 2]
    parts = [gaps[at : at + _PACE] for at in range(0, len(gaps) - _PACE + 1, _PACE)]
    means = [sum(part) / _PACE for part in parts if 2 * max(part) < 3 * usual]
    if means and max(means) > 1.04 * min(means):
        raise Permanent("its sound changes its sample rate midway")


async def _check_order(result: Path, video: ProbedStream, work: ConversionContext) -> None:
    """Look whether decoding puts frames into another order than their times: then the times are wrong."""
    if not video.reorders or work.scan.reordered:
        return
    times: list[int] = []

    def hear(line: str) -> None:
        at = line.rstrip(",")
        if at.lstrip("-").isdigit():
            times.append(int(at))

    await work.runner.run(
        [
            ffmpeg.program(work.settings.ffprobe),
            *("-v", "quiet", "-select_streams", "v:0", "-show_entries", "frame=pts"),
            *("-read_intervals", f"%+#{_ORDERED}", "-of", "csv=p=0", *ffmpeg.reading(result)),
        ],
        on_line=hear,
    )
    if times != sorted(times):
        raise Permanent("its frames do not carry the times at which they are shown")


async def _check_encoded(track: Track, work: ConversionContext) -> tuple[str, ...]:
    """Compare the frames with those of the source that are shown: how many there are, and when."""
    made, scan = len(track.times), work.scan
    shown = work.shown
    count = len(shown) + scan.timeless
    holes = _holes(shown)
    if made > count + 1 + holes:
        raise Permanent(f"the result has {made} frames, its source {count}")
    notes: tuple[str, ...] = ()
    if made < count - 1:
        decoded = await _count(work)
        if made < decoded - 1 - holes:
            raise Permanent(f"the result has {made} frames, {decoded} can be decoded")
        notes = (f"{count - made} of its {count} frames cannot be decoded",)
    if not scan.timeless and made:
        outliers, off = _outliers(track, work, shown)
        # At both edges of a hole a decoder may give out one frame that is not there, for one that is.
        if outliers > 2 * (holes + bool(notes)) + bool(notes) * made // 20:
            raise Permanent(f"a frame of the result is {off:.3f} seconds away from its time")
    return notes


def _holes(times: tuple[float, ...]) -> int:
    """How often frames are further apart than they are on the whole."""
    if len(times) < 3:
        return 0
    gaps = sorted(after - before for before, after in itertools.pairwise(times))
    usual = max(gaps[len(gaps) // 2], 0.001)
    return sum(gap > max(4 * usual, 0.15) for gap in gaps)


def _outliers(track: Track, work: ConversionContext, shown: tuple[float, ...]) -> tuple[int, float]:
    """How many frames are not shown when a frame of the source is, and by how many seconds at most."""
    scan, zero = work.scan, -work.found.start
    if scan.guessed:
        zero = track.first / track.timescale - shown[0]
    # Where the container tells only when frames are decoded, each is shown at the time of some later one.
    slack = max((_REORDERED if scan.guessed else 1.5) * scan.gap, 0.05)
    outliers, worst = 0, 0.0
    for at in track.times:
        when = at / track.timescale - zero
        place = bisect.bisect_left(shown, when)
        off = min(abs(when - near) for near in shown[max(0, place - 1) : place + 1])
        outliers += off > slack
        worst = max(worst, off)
    return outliers, worst


async def _count(work: ConversionContext) -> int:
    """The frames of the source that can be decoded and are shown, by the clock of the encoding."""
    frames = 0

    def hear(line: str) -> None:
        nonlocal frames
        key, _, value = line.partition("=")
        if key == "frame" and value.strip().isdigit():
            frames = int(value)

    await work.runner.run(
        [
            ffmpeg.program(work.settings.ffmpeg),
            *("-v", "fatal", "-nostdin", "-progress", "pipe:1", "-max_error_rate", "1"),
            *("-max_pixels", str(work.settings.max_pixels), *work.clock(work.delay)),
            *ffmpeg.reading(work.source, deep=work.found.deep),
            *("-map", f"0:{work.video.index}", "-vf", f"select=gte(t\\,{-work.scan.gap / 2:.6f})"),
            *("-fps_mode", "passthrough", "-f", "null", "-"),
        ],
        on_line=hear,
    )
    return frames


async def _undecodable(result: Path, work: ConversionContext, *, copied: bool) -> str:
    """Decode every key frame, all of the sound, and the end; ffmpeg's words where that fails.

    The end is what follows on the last key frame a second before it, of a copy, which is made a hundred times as
    fast, on the very last one; and of that the frames that rest on none behind them. A short film that was encoded in
    one run has no end of its own: `_judged`.

    To decode the rest as well would take a tenth of the time of an encoding, and tell what ffmpeg's good end
    and the index, byte by byte in its place, have told already.
    """
    settings, reading = work.settings, ffmpeg.reading(result)
    end = ["-sseof", "-0.1" if copied else "-1", "-skip_frame", "bidir"]
    end += ["-skip_loop_filter", "all"]  # it smooths, and finds nothing
    limit = ("-max_pixels", str(settings.max_pixels))
    said = await work.runner.run(
        [
            *(ffmpeg.program(settings.ffmpeg), "-v", "error", "-nostdin"),
            *(*limit, "-skip_frame", "nokey", *reading, *limit, *end, *reading),
            *("-map", "0:v:0", "-map", "0:a?", "-f", "null", "-"),
            *("-map", "1:v:0", "-f", "null", "-"),
        ]
    )
    return _serious(said.lines, said.code)
