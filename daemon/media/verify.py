"""Whether a result is what it should be, before anybody gets to see it.

`verify` looks at a finished file with the same eyes as at any other: its verdict is "send", it has the streams of
its source, as many frames over as long a time, and it decodes to its end. Errors: `Permanent` with the first
thing that is wrong; otherwise as `running`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.errors import Permanent
from daemon.media import tools
from daemon.media.scan import Scan, scan
from daemon.media.verdict import judge

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config import ConvertSettings
    from daemon.media.probe import Probe
    from daemon.media.running import Runner

_TAIL = 5.0


async def verify(
    result: Path,
    source: Probe,
    expected: Scan,
    settings: ConvertSettings,
    runner: Runner,
    *,
    copied: bool,
    thinned: bool = False,
) -> tuple[str, ...]:
    """Check a result against its source; what the source itself lacks is returned as notes.

    `copied` says that the video was not encoded anew: then its key frames and its end are decoded, otherwise all
    of it. `thinned` says that frames were left out on purpose.
    """
    verdict = await judge(result, settings)
    if verdict.action != "send" or verdict.probe is None or verdict.probe.video is None:
        raise Permanent(f"the result would not play everywhere: {'; '.join(verdict.reasons)}")
    if (verdict.probe.audio is None) != (source.audio is None):
        raise Permanent("the result has lost its sound")
    made = await scan(result, verdict.probe.video, settings, runner)
    said = await _decode(result, settings, runner, copied=copied)
    if said:
        raise Permanent(f"the result does not decode to its end: {said}")
    return _compare(made, expected, copied=copied, thinned=thinned)


def _compare(made: Scan, expected: Scan, *, copied: bool, thinned: bool) -> tuple[str, ...]:
    if made.count == 0:
        raise Permanent("the result has no frames")
    if thinned:
        return ()
    missing = expected.count - made.count
    if copied and abs(missing) > 1:
        raise Permanent(f"the copy has {made.count} frames, its source {expected.count}")
    notes = []
    if missing > 1:
        notes.append(f"{missing} of {expected.count} frames of the source could not be decoded")
    elif missing < -1:
        raise Permanent(f"the result has {made.count} frames, its source {expected.count}")
    if expected.jumps == 0 and expected.timeless == 0 and missing <= 1:
        off = made.span - expected.span
        if abs(off) > max(2 * expected.gap, 0.1):
            raise Permanent(
                f"the result lasts {made.span:.3f} seconds from first to last frame,"
                f" its source {expected.span:.3f}"
            )
    return tuple(notes)


async def _decode(result: Path, settings: ConvertSettings, runner: Runner, *, copied: bool) -> str:
    """Decode to the end; what ffmpeg complains of, empty where it has no complaint."""
    reading = tools.reading(result)
    passes = [["-skip_frame", "nokey", *reading], ["-sseof", f"-{_TAIL}", *reading]]
    for options in passes if copied else [["-skip_loop_filter", "all", *reading]]:
        said = await runner.run(
            [
                tools.program(settings.ffmpeg),
                *("-v", "error", "-nostdin", "-max_pixels", str(settings.max_pixels)),
                *options,
                *("-map", "0:v:0", "-map", "0:a?", "-f", "null", "-"),
            ]
        )
        if said.code or said.lines:
            return said.words
    return ""
