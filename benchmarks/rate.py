"""How closely `telegram.rate` is kept: bytes that arrive at a test Telegram in a minute, over four connections.

    python -m benchmarks.rate ["2 MB/s"] [SECONDS]

The way of a part takes 50 ms. Printed are the rate that was wanted, the one that was measured, and the difference.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from telespool.config.schedule import Rate
from tests.destinations.telegram.support import opened, video_file
from tests.telegram_server import TestTelegram


async def measure(rate: str, seconds: float) -> tuple[float, float]:
    """Bytes a second that were wanted, and that arrived."""
    wanted = Rate.parse(rate).at(time.time()) or 0.0
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        async with TestTelegram() as telegram:
            telegram.rtt = 0.05
            item = video_file(place, int(wanted * seconds * 1.5))
            async with opened(telegram, place / "state", rate=rate, connections=4) as destination:
                staging = asyncio.ensure_future(destination.stage("family", item))
                await telegram.until(lambda: telegram.part_counts, 30)
                before, began = _bytes(telegram), time.monotonic()
                await asyncio.sleep(seconds)
                arrived, took = _bytes(telegram) - before, time.monotonic() - began
                staging.cancel()
                with suppress(asyncio.CancelledError):
                    await staging
    return wanted, arrived / took


def _bytes(telegram: TestTelegram) -> int:
    return sum(call.size or 0 for call in telegram.calls if call.name.startswith("upload.save"))


def main() -> None:
    """Measure once."""
    rate = sys.argv[1] if len(sys.argv) > 1 else "2 MB/s"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    wanted, found = asyncio.run(measure(rate, seconds))
    print(
        f"wanted {wanted / 1e6:.3f} MB/s, measured {found / 1e6:.3f} MB/s: {found / wanted - 1:+.1%}"
    )


if __name__ == "__main__":
    main()
