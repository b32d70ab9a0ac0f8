"""One conversion for `benchmarks/convert.py`: python -m benchmarks.convert_once SOURCE RESULT STATE CHECKPOINT PRESET

Prints a line for each step of progress (the second of film that is done), and at the end, as JSON, how it was done and
the peak memory of this process and of its largest ffmpeg.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import psutil

from daemon.config import ConvertSettings, Seconds
from daemon.gate import Gate
from daemon.media.convert import Progress, convert


def peak(pid: int) -> int:
    """The most memory this process had, in KiB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0]) if "VmHWM:" in status else 0


async def largest_child(found: list[int]) -> None:
    """Watch the peaks of the children until cancelled."""
    while True:
        found.append(max([peak(child.pid) for child in psutil.Process().children()], default=0))
        await asyncio.sleep(0.05)


async def main(argv: list[str]) -> None:
    """Convert once."""
    source, result, state, checkpoint, preset = argv
    children: list[int] = []
    watching = asyncio.create_task(largest_child(children))

    def tell(progress: Progress) -> None:
        print(f"{progress.fraction:.6f}", flush=True)

    outcome = await convert(
        Path(source),
        Path(result),
        settings=ConvertSettings(checkpoint=Seconds(float(checkpoint)), preset=preset),
        state=Path(state),
        gate=Gate(),
        progress=tell,
    )
    watching.cancel()
    peaks = {"peak_mb": peak(psutil.Process().pid) / 1024, "ffmpeg_peak_mb": max(children) / 1024}
    print(json.dumps({"rung": outcome.rung, "notes": outcome.notes, **peaks}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
