"""The senders that `job` compares with the daemon, one run to a process. Called with a task in JSON; prints one JSON object."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from benchmarks.upload_once import peak_mb


class Clock:
    """Wall time, time to the first post and CPU time."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()
        self._first = 0.0

    def posted(self) -> None:
        """A post was answered."""
        self._first = self._first or time.monotonic() - self._wall

    def result(self) -> dict[str, float]:
        """What the run took."""
        return {
            "seconds": time.monotonic() - self._wall,
            "first": self._first,
            "cpu": time.process_time() - self._cpu,
            "peak": peak_mb(),
        }


async def engine(task: dict[str, Any]) -> dict[str, float]:
    """The destination alone: each album staged at once, then posted."""
    from telespool.config.schema import DatacenterSettings, TelegramSettings  # noqa: PLC0415
    from telespool.config.secrets import Secrets  # noqa: PLC0415
    from telespool.destinations.telegram import TelegramDestination  # noqa: PLC0415
    from telespool.model import Item, VideoInfo  # noqa: PLC0415

    session = Path(task["session"])
    settings = TelegramSettings(
        api_id=task["api_id"],
        session=session,
        connections=task["connections"],
        datacenter=DatacenterSettings(
            id=task["dc_id"],
            address=f"127.0.0.1:{task['port']}",
            public_key=Path(task["public_key"]),
        ),
    )
    destination = TelegramDestination(
        settings, {"default": "@media"}, Secrets(api_hash=task["api_hash"]), session.parent
    )
    await destination.open()
    await destination.check("default")
    await destination.limit()
    clock = Clock()
    files = [Path(name) for name in task["files"]]
    for start in range(0, len(files), 10):
        items = [
            Item(
                key=number,
                upload_key=number,
                path=path,
                name=path.name,
                kind="photo" if path.suffix == ".jpg" else "video",
                mime="image/jpeg" if path.suffix == ".jpg" else "video/mp4",
                frame=None if path.suffix == ".jpg" else VideoInfo(320, 240, 2.0),
            )
            for number, path in enumerate(files[start : start + 10], start + 1)
        ]
        staged = await asyncio.gather(*(destination.stage("default", item) for item in items))
        await destination.post("default", staged, "x")
        clock.posted()
    result = clock.result()
    await destination.close()
    return result


async def script(task: dict[str, Any]) -> dict[str, float]:
    """What people write: unpack, then send_file with ten at a time."""
    from telethon import TelegramClient  # noqa: PLC0415

    client = TelegramClient(task["session"], task["api_id"], task["api_hash"])
    await client.connect()
    chat = await client.get_input_entity("@media")
    clock = Clock()
    with tempfile.TemporaryDirectory() as directory, zipfile.ZipFile(task["archive"]) as archive:
        archive.extractall(directory)
        names = [str(Path(directory) / name) for name in archive.namelist()]
        for start in range(0, len(names), 10):
            await client.send_file(chat, names[start : start + 10], caption="x")
            clock.posted()
    result = clock.result()
    await client.disconnect()
    return result


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(engine(asked) if asked["way"] == "engine" else script(asked))))
