"""A process that sends one file to a test Telegram, so that a test can kill it. Its task comes as JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path
from typing import Any

from daemon.config import DatacenterSettings, TelegramSettings
from daemon.destinations.base import Item
from daemon.destinations.telegram import TelegramDestination
from daemon.secrets import Secrets


async def run(task: dict[str, Any]) -> dict[str, Any]:
    """Stage the file and (unless told not to) post it."""
    settings = TelegramSettings(
        api_id=task["api_id"],
        connections=task.get("connections", 4),
        datacenter=DatacenterSettings(
            id=task["dc_id"], address=task["address"], public_key=Path(task["public_key"])
        ),
    )
    destination = TelegramDestination(
        settings, {"default": "@media"}, Secrets(api_hash=task["api_hash"]), Path(task["state"])
    )
    item = Item(
        key=77,
        upload_key=78,
        path=Path(task["path"]),
        name=Path(task["path"]).name,
        kind="document",
        mime="application/octet-stream",
    )
    staged = await destination.stage("default", item)
    if task.get("hold"):
        print("staged", flush=True)  # noqa: T201 - the test reads it
        await asyncio.Event().wait()
    receipts = await destination.post("default", [staged], "")
    await destination.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"message": receipts[77], "peak_mb": peak}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))  # noqa: T201 - the test reads it
