"""One conversion for `benchmarks/convert.py`: python -m benchmarks.convert_once SOURCE RESULT STATE CHECKPOINT PRESET

SOURCE may be a folder of videos; RESULT and STATE are folders then, and all are converted one after the other. Prints a line for each step of progress (the second of film that is done), and at the end, as JSON, how it was done and
the peak memory of this process and of its largest ffmpeg.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

from telespool.config.schema import ConvertSettings, Seconds
from telespool.media.convert import Progress, convert
from telespool.runtime.gate import PauseGate


def peak(whose: int) -> float:
    """The most memory (MiB) that this process, or the largest of its children that have ended, ever had."""
    return resource.getrusage(whose).ru_maxrss / 1024


async def main(argv: list[str]) -> None:
    """Convert."""
    source, result, state = map(Path, argv[:3])
    settings = ConvertSettings(checkpoint=Seconds(float(argv[3])), preset=argv[4])

    def tell(progress: Progress) -> None:
        print(f"{progress.fraction:.6f}", flush=True)

    for each in sorted(source.iterdir()) if source.is_dir() else [source]:
        outcome = await convert(
            each,
            result / f"{each.stem}.mp4" if source.is_dir() else result,
            settings=settings,
            state=state / each.stem,
            gate=PauseGate(),
            progress=tell,
        )
    peaks = {
        "peak_mb": peak(resource.RUSAGE_SELF),
        "ffmpeg_peak_mb": peak(resource.RUSAGE_CHILDREN),
    }
    print(json.dumps({"rung": outcome.rung, "notes": outcome.notes, **peaks}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
