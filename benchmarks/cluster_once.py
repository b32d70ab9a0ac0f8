"""One conversion for `benchmarks/cluster.py`: python -m benchmarks.cluster_once SOURCE RESULT STATE CHECKPOINT SLOTS [HELPER…]

Prints a line for each step of progress, and at the end, as JSON, the seconds it took and what each helper has made.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from telespool.config.schema import ConvertSettings, Seconds
from telespool.media.convert import Progress, convert
from telespool.media.pieces.helper import Helpers
from telespool.runtime.gate import PauseGate


async def main(argv: list[str]) -> None:
    """Convert once."""
    source, result, state, checkpoint, slots, *names = argv
    settings = ConvertSettings(
        checkpoint=Seconds(float(checkpoint)), slots=int(slots), threads=1, helpers=tuple(names)
    )
    helpers = Helpers().of(settings)

    def tell(progress: Progress) -> None:
        print(f"{progress.fraction:.6f}", flush=True)

    began = time.monotonic()
    await convert(
        Path(source),
        Path(result),
        settings=settings,
        state=Path(state),
        gate=PauseGate(),
        progress=tell,
        helpers=helpers,
    )
    made = [[helper.state.pieces, helper.state.failures] for helper in helpers]
    print(json.dumps({"seconds": time.monotonic() - began, "helpers": made}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
