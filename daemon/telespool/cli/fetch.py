"""telespool fetch JOB DIR: bring back what Telegram holds of a job.

Each file gets its name; what is there already is left alone. Files that were sent as they are come back with the same
bytes, which is checked by size and SHA-256. Photos are Telegram's own copies, smaller than what was sent: that is said.
Exit 1 where something could not be brought back, or differs.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from telespool.cli.delivered import Delivered, Holder, asking, jobs_of, of_job
from telespool.cli.spool_access import refusals_told, spool_root
from telespool.config import loader
from telespool.config.schema import LogSettings
from telespool.destinations.base import PIECE
from telespool.errors import Permanent, TelespoolError
from telespool.observe import humanize, log
from telespool.spool import Spool
from telespool.spool.names import clean
from telespool.spool.whole_file import appearing

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from telespool.destinations.base import Stored


def run(options: argparse.Namespace) -> int:
    """Fetch each file; 1 where one is missing or differs."""
    log.set_up(LogSettings(level="error"))
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    (job,) = jobs_of(spool, options.job)
    with refusals_told(spool.root):
        wanted = of_job(spool, job)
    if not wanted:
        raise Permanent(f"Nothing of {job} was sent, so there is nothing to bring back.")
    options.directory.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_fetch(options, wanted))


async def _fetch(options: argparse.Namespace, wanted: list[Delivered]) -> int:
    faults = copies = 0
    async with asking(loader.load(options.config), options.config or loader.find()) as holder:
        found = await holder.stored(wanted[0].chat, [file.message for file in wanted])
        for file in wanted:
            if file.is_clip:
                print(f"{file.name}: the clip of a live photo; save that with an app", flush=True)
                continue
            there = found.get(file.message)
            try:
                said = await _one(holder, file, there, options.directory)
            except TelespoolError as error:
                said, faults = f"not brought back: {error.reason}", faults + 1
            else:
                faults += said.startswith("differs")
                copies += there is not None and there.kind == "photo"
            print(f"{file.name}: {said}", flush=True)
    if copies:
        print(
            f"{humanize.count(copies, 'photo', 'photos')}: what came back is Telegram's own copy, smaller than what was sent."
        )
    return 1 if faults else 0


async def _one(holder: Holder, file: Delivered, there: Stored | None, directory: Path) -> str:
    """Fetch one file, and say what came of it."""
    if there is None:
        raise Permanent(f"message {file.message} is gone from the chat.")
    target = directory / clean(file.name)
    if target.exists():
        return f"left alone, as {target} is there already"
    digest, size = hashlib.sha256(), 0
    with appearing(target) as result:
        more = True
        while more:
            piece = await holder.piece(file.chat, file.message, size)
            await asyncio.to_thread(result.write, piece)
            digest.update(piece)
            size += len(piece)
            more = len(piece) == PIECE
    if there.kind == "photo":
        return f"{humanize.size(size)}, Telegram's copy"
    if file.digest and file.digest != digest.hexdigest():
        return f"differs from what was sent: {humanize.size(size)}, {humanize.size(file.size)} were sent"
    return (
        f"{humanize.size(size)}, {'the same bytes as were sent' if file.digest else 'not checked'}"
    )
