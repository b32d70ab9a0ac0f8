"""The senders that `upload` compares, one run to a process.

Called with a task in JSON; prints one JSON object. Only the sender asked for is imported, so that each one's memory is
its own; telegram-upload runs in an environment without Telespool.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any


class Clock:
    """Wall time, CPU time and peak memory of this process, from `start` on."""

    def start(self) -> None:
        """Begin."""
        self.wall, self.cpu = time.monotonic(), time.process_time()

    def result(self, size: int) -> dict[str, Any]:
        """What the run took."""
        wall, cpu = time.monotonic() - self.wall, time.process_time() - self.cpu
        return {
            "bytes": size,
            "seconds": round(wall, 4),
            "mb_per_s": round(size / 1e6 / wall, 3),
            "cpu_s_per_gb": round(cpu / size * 1e9, 3),
            "peak_mb": round(peak_mb(), 1),
        }


def peak_mb() -> float:
    """The most memory this process had; getrusage would count what its parent had when it forked."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


async def telespool(task: dict[str, Any], clock: Clock) -> None:
    """This engine: stage all at once, then one post."""
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
        settings,
        {"default": "@media"},
        Secrets(api_hash=task["api_hash"]),
        session.with_suffix(".state"),
    )
    await destination.open()
    await destination.check("default")
    await destination.limit()
    photos = task["case"] == "album"
    items = [
        Item(
            key=number,
            upload_key=number,
            path=Path(name),
            name=Path(name).name,
            kind="photo" if photos else "video",
            mime="image/jpeg" if photos else "video/mp4",
            frame=None if photos else VideoInfo(1920, 1080, 60.0),
        )
        for number, name in enumerate(task["files"], 1)
    ]
    clock.start()
    staged = await asyncio.gather(*(destination.stage("default", item) for item in items))
    receipts = await destination.post("default", staged, "x")
    assert len(receipts) == len(items)
    task["result"] = clock.result(task["size"])
    await destination.close()


@asynccontextmanager
async def connected(task: dict[str, Any], client_class: Any = None) -> Any:
    """A Telethon client that is logged in and knows the chat."""
    from telethon import TelegramClient  # noqa: PLC0415

    client = (client_class or TelegramClient)(task["session"], task["api_id"], task["api_hash"])
    await client.connect()
    try:
        yield client, await client.get_input_entity("@media")
    finally:
        await client.disconnect()


async def telethon(task: dict[str, Any], clock: Clock) -> None:
    """Telethon as its documentation says: send_file."""
    async with connected(task) as (client, chat):
        files = task["files"]
        clock.start()
        await client.send_file(chat, files if len(files) > 1 else files[0], caption="x")
        task["result"] = clock.result(task["size"])


async def fasttelethon(task: dict[str, Any], clock: Clock) -> None:
    """FastTelethon's way: up to 20 connections, opened for each file, one part in flight on each."""
    from telethon import types  # noqa: PLC0415

    async with connected(task) as (client, chat):
        clock.start()
        files = [await _fast_upload(client, Path(name)) for name in task["files"]]
        if len(files) == 1:
            attributes = [types.DocumentAttributeVideo(60, 1920, 1080, supports_streaming=True)]
            await client.send_file(chat, files[0], caption="x", attributes=attributes)
        else:
            await client.send_file(chat, files, caption="x")
        task["result"] = clock.result(task["size"])


async def _fast_upload(client: Any, path: Path) -> Any:
    import hashlib  # noqa: PLC0415

    from telethon import functions, helpers, types, utils  # noqa: PLC0415
    from telethon.network import MTProtoSender  # noqa: PLC0415

    size = path.stat().st_size  # noqa: ASYNC240 - nothing else runs in this process
    part = int(utils.get_appropriated_part_size(size) * 1024)
    parts = math.ceil(size / part)
    number = helpers.generate_random_long()
    big = size > 10 << 20
    senders = []
    # FastTelethon: 20 connections from 100 MB on, proportionally fewer below.
    for _ in range(min(20, math.ceil(size / (100 << 20) * 20))):
        sender = MTProtoSender(client.session.auth_key, loggers=client._log)  # noqa: SLF001
        session = client.session
        await sender.connect(
            client._connection(  # noqa: SLF001
                session.server_address,
                session.port,
                session.dc_id,
                loggers=client._log,  # noqa: SLF001
                proxy=None,
            )
        )
        senders.append(sender)
    digest = hashlib.md5(usedforsecurity=False)
    waiting: dict[Any, asyncio.Task[Any]] = {}
    with path.open("rb") as file:
        for index in range(parts):
            data = file.read(part)
            sender = senders[index % len(senders)]
            if not big:
                digest.update(data)
            if sender in waiting:
                await waiting[sender]
            request = (
                functions.upload.SaveBigFilePartRequest(number, index, parts, data)
                if big
                else functions.upload.SaveFilePartRequest(number, index, data)
            )
            waiting[sender] = asyncio.ensure_future(_answered(sender, request))
    for task in waiting.values():
        await task
    for sender in senders:
        await sender.disconnect()
    if big:
        return types.InputFileBig(number, parts, path.name)
    return types.InputFile(number, parts, path.name, digest.hexdigest())


async def _answered(sender: Any, request: Any) -> Any:
    return await sender.send(request)


async def telegram_upload(task: dict[str, Any], clock: Clock) -> None:
    """telegram-upload's client: its upload_file (four parts in flight), its way to make an album."""
    from telegram_upload.client.telegram_upload_client import (  # noqa: PLC0415
        TelegramUploadClient,
    )
    from telegram_upload.upload_files import File  # noqa: PLC0415

    async with connected(task, TelegramUploadClient) as (client, chat):
        files = [File(client, name, force_file=False, thumbnail=False) for name in task["files"]]
        clock.start()
        if len(files) == 1:
            await client.send_file(chat, files[0], caption="x", file_size=files[0].file_size)
        else:
            media = [await client._send_media(chat, file, None) for file in files]  # noqa: SLF001
            await client._send_album_media(chat, media)  # noqa: SLF001
        task["result"] = clock.result(task["size"])


def main() -> None:
    """Run one task."""
    task = json.loads(sys.argv[1])
    task["size"] = sum(Path(name).stat().st_size for name in task["files"])
    sender = {
        "telespool": telespool,
        "telethon": telethon,
        "fasttelethon": fasttelethon,
        "telegram-upload": telegram_upload,
    }[task["sender"]]
    asyncio.run(sender(task, Clock()))
    print(json.dumps(task["result"]))


if __name__ == "__main__":
    main()
