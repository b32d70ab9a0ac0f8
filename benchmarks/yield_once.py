"""A conversion without end that gives way, for `benchmarks/yield_.py`: python -m benchmarks.yield_once FOLDER SOURCE

It watches FOLDER/uploading as the daemon does and stands still while anything is in it. The line `in` on its stdin makes
it rename FOLDER/ready into there by itself, as the daemon's own workers do; it answers with the time of the rename.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from telespool.config.schema import ConvertSettings
from telespool.media.convert import convert
from telespool.runtime.fs_watcher import FolderWatcher
from telespool.runtime.gate import PauseGate
from telespool.runtime.wakeups import WakeupBus


def obey(folder: Path, bells: WakeupBus) -> None:
    """Rename when told to, and ring."""
    for _ in sys.stdin:
        began = time.monotonic()
        (folder / "ready").rename(folder / "uploading" / "unit")
        bells.ring(["uploading"])
        print(began, flush=True)


async def main(argv: list[str]) -> None:
    """Convert until killed."""
    folder, source = map(Path, argv)
    bells, gate = WakeupBus(), PauseGate()
    watching = FolderWatcher(bells, {"uploading": folder / "uploading"})
    await asyncio.to_thread(watching.check)
    keeping = asyncio.create_task(
        gate.keep_closed_while(
            lambda: any((folder / "uploading").iterdir()),
            bells.listen(["uploading"], gate.close),
            lambda: None,
        )
    )
    obeying = asyncio.create_task(asyncio.to_thread(obey, folder, bells))
    number = 0
    while not keeping.done() and not obeying.done():
        number += 1
        await convert(
            source,
            folder / f"{number}.mp4",
            settings=ConvertSettings(preset="veryslow"),
            state=folder / "state",
            gate=gate,
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
