#!/usr/bin/env python3
"""Make the pictures of `telespool status --watch` in the documentation: a real daemon, an upload and a conversion at once.

    .venv/bin/python scripts/screens.py

The daemon posts to the test Telegram over a slow line and converts at the same time ([convert] deferred = false). Two
screens are taken, some seconds apart, so that one sees what moves.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from telespool.cli.live_status import picture  # noqa: E402 - found through the line above
from telespool.destinations.telegram.rpc import RetryPolicy  # noqa: E402
from telespool.observe.status import Status  # noqa: E402
from telespool.spool.layout import SpoolLayout  # noqa: E402
from tests.harness import CHATS, Home  # noqa: E402
from tests.material import Material, make_zip  # noqa: E402
from tests.telegram_server import TestTelegram  # noqa: E402

TARGET = ROOT / "docs" / "pictures"
LINE = 250_000  # bytes per second
WIDTH = 110


async def main() -> None:
    """Make both."""
    with tempfile.TemporaryDirectory(prefix="telespool-screens-") as name:
        directory = Path(name)
        material = Material(directory / "material")
        async with TestTelegram(rate=LINE) as telegram:
            settings = {
                "convert": {"deferred": False, "preset": "slow"},
                "telegram": {"part_timeout": "60s"},
            }
            home = Home.beside(directory / "home", telegram, settings=settings)
            photos = {f"IMG_{n}.jpg": material.photo(n, (3000, 2000)) for n in range(1, 61)}
            clips = {
                "VID_1.mp4": material.clip("mp4", 1, seconds=60.0, size=(640, 480)),
                "VID_2.mp4": material.broken(2),
            }
            home.drop(make_zip(directory / "Summer by the lake.zip", photos | clips), "family")
            old = material.clip("avi", 4, seconds=120.0, size=(960, 720))
            home.drop(make_zip(directory / "Tapes.zip", {"tape.avi": old}), "family")
            async with home.working(patience=RetryPolicy()):
                for number, share in ((1, 0.03), (2, 0.12)):
                    await take(home, number, share)


async def take(home: Home, number: int, share: float) -> None:
    """Take a screen when the conversion has got this far and something is being uploaded."""
    folders = SpoolLayout(home.spool)
    status: Status = await asyncio.to_thread(Status.of, folders, CHATS)

    def look() -> bool:
        nonlocal status
        status = Status.of(folders, CHATS)
        activity = status.activity or {}
        upload, conversion = activity.get("upload"), activity.get("conversion")
        if not upload or not conversion or not upload["speed"]:
            return False
        done = upload["sent"] / max(1, upload["total"])
        return (conversion["fraction"] or 0.0) > share and 0.1 < done < 0.95

    end = asyncio.get_running_loop().time() + 300
    while not await asyncio.to_thread(look):
        if asyncio.get_running_loop().time() > end:
            raise SystemExit("upload and conversion never ran at once")
        await asyncio.sleep(0.2)
    console = Console(record=True, width=WIDTH, file=Path("/dev/null").open("w"))  # noqa: ASYNC230, SIM115
    console.print(picture(status, WIDTH))
    svg = console.export_svg(title="telespool status --watch")
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)  # nothing from the network
    svg = svg.replace(str(home.spool), "/var/spool/telespool")
    (TARGET / f"status-watch-{number}.svg").write_text(svg)
    print(TARGET / f"status-watch-{number}.svg")


if __name__ == "__main__":
    asyncio.run(main())
