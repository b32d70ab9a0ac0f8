"""All odd videos, judged and converted, and each result compared with its source: `scripts/odd-videos [NAME…]`.

A line for each: what the verdict is, by which rung it was converted, frames of source and result, how far the
frames' times are apart at most, how far tone and flash are apart, and what is wrong, if anything is. It ends with 1 where
anything is wrong.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.config.schema import ConvertSettings
from telespool.errors import TelespoolError
from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.runtime.gate import PauseGate
from tests.media.clip_making import made
from tests.media.clips import CLIPS
from tests.media.matrix import COMBINATIONS
from tests.media.measure import difference, hear, see, tone

if TYPE_CHECKING:
    from tests.media.clip_making import Clip
    from tests.media.measure import Seen

ODD = CLIPS | COMBINATIONS
_STEP = 0.04
_APART = (
    12  # of 255, on tiny grey pictures; a frame or two may differ where fields are put together
)


def compare(clip: Clip, source: Path, result: Path) -> tuple[str, list[str]]:
    """What was measured of source and result, and what is wrong with the result."""
    before, after = see(source), see(result)
    told = [f"frames {len(before.times)}/{len(after.times)}"]
    wrong = []
    if abs(len(before.times) - len(after.times)) > 1:
        wrong.append("frames are lost or invented")
    elif clip.straight:
        off = _off(before, after)
        told.append(f"times within {off * 1000:.1f} ms")
        if off > _STEP:
            wrong.append("frames are at other times")
    if len(before.times) == len(after.times) and clip.same_picture:
        pairs = zip(before.pictures, after.pictures, strict=True)
        if sum(difference(one, other) > _APART for one, other in pairs) > 2:
            wrong.append("it looks different")
    if clip.flashes:
        step = _step(after, result)
        told.append(f"sound {step} ms behind")
        if step is None or abs(step - clip.sound_behind * 1000) > _STEP * 1000:
            wrong.append("the sound is out of step")
    return ", ".join(told), wrong


def _off(before: Seen, after: Seen) -> float:
    """How far a frame is from its time, counted from the first."""
    pairs = zip(before.times, after.times, strict=False)
    return max(
        (abs(one - before.times[0] - other + after.times[0]) for one, other in pairs), default=0
    )


def _step(seen: Seen, path: Path) -> int | None:
    heard = tone(hear(path))
    return None if heard is None or seen.flash is None else round((heard - seen.flash) * 1000)


async def try_one(name: str, folder: Path, settings: ConvertSettings) -> tuple[str, list[str]]:
    """Make, judge and convert one of them; a line, and what is wrong."""
    clip = ODD[name]
    source = made(clip, folder)
    verdict = await assess(source, settings)
    wrong = []
    if verdict.action != clip.verdict:
        wrong.append(f"the verdict should be {clip.verdict}")
    if verdict.kind != "video":
        return f"{verdict.action}: {'; '.join(verdict.reasons)}", wrong
    result = folder / f"result of {name}.mp4"
    try:
        outcome = await convert(
            source, result, settings=settings, state=folder / "state", gate=PauseGate()
        )
    except TelespoolError as error:
        return verdict.action, [*wrong, error.reason]
    if clip.suffices and outcome.rung != verdict.action:
        wrong.append("a dearer way was taken than the verdict says")
    again = await assess(result, settings)
    if again.action != "send":
        wrong.append(f"the result would be {again.action}: {'; '.join(again.reasons)}")
    told, more = compare(clip, source, result)
    notes = "".join(f"; {note}" for note in outcome.notes)
    return f"{verdict.action} → {outcome.rung}, {told}{notes}", wrong + more


async def main(names: list[str]) -> int:
    """Try them all, or those that are named."""
    failures = 0
    with tempfile.TemporaryDirectory(prefix="odd-videos-") as folder:
        for name in names or ODD:
            told, wrong = await try_one(name, Path(folder), ConvertSettings(preset="veryfast"))
            failures += bool(wrong)
            mark = "!!" if wrong else "ok"
            print(mark, name.ljust(24), told, *wrong, sep="  ", flush=True)  # noqa: T201 - a command
    print(f"{len(names or ODD)} odd videos, {failures} with something wrong")  # noqa: T201
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
