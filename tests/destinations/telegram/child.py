"""A process that sends one file to a test Telegram, so that a test can kill it. Its task comes as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from telespool.config.schema import DatacenterSettings, TelegramSettings
from telespool.config.secrets import Secrets
from telespool.destinations.telegram import TelegramDestination
from telespool.model import Item


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
    return {"message": receipts[77], "peak_mb": peak_mb()}


def peak_mb() -> float:
    """The most memory this process had; getrusage would count what its parent had when it forked."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))  # noqa: T201 - the test reads it
