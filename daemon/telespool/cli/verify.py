"""telespool verify JOB|--all: ask Telegram for the messages that the receipts name; say which are gone or differ.

At a gentle pace, and nothing is changed. Of photos Telegram keeps copies of its own, so only their kind is compared; of
everything else the size and the kind. Exit 1 where something is gone or differs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from telespool.cli.delivered import Delivered, asking, jobs_of, of_job
from telespool.cli.spool_access import spool_root
from telespool.config import loader
from telespool.config.schema import LogSettings
from telespool.errors import Permanent
from telespool.observe import humanize, log
from telespool.spool import Spool
from telespool.spool.closed import ClosedFolders

if TYPE_CHECKING:
    import argparse

    from telespool.destinations.base import Stored


def run(options: argparse.Namespace) -> int:
    """Ask, print what is wrong, and end with 1 where something is."""
    if bool(options.job) == options.all:
        raise Permanent("Say which job, or --all. What jobs there are: telespool status")
    log.set_up(LogSettings(level="error"))
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    jobs = jobs_of(spool, options.job)
    wanted: list[Delivered] = []
    seen = ClosedFolders(spool)
    for job in jobs:
        with seen.passed_over():
            wanted += of_job(spool, job)
    closed = seen.told()
    for folder in closed:
        print(f"telespool: {folder.reason}", file=sys.stderr)
    if closed and not wanted:
        return 1
    faults = asyncio.run(_compare(options, wanted)) if wanted else []
    if options.json:
        told = [
            {
                "job": file.job,
                "number": file.number,
                "message": file.message,
                "name": file.name,
                "fault": fault,
            }
            for file, fault in faults
        ]
        print(json.dumps({"looked_at": len(wanted), "faults": told}, indent=2, ensure_ascii=False))
    else:
        for file, fault in faults:
            print(f"{file.job}: {file.name} (message {file.message}) {fault}")
        looked = humanize.count(len(wanted), "message was", "messages were")
        print(f"{looked} looked at: {_outcome(faults)}.")
    return 1 if faults or closed else 0


def _outcome(faults: list[tuple[Delivered, str]]) -> str:
    if not faults:
        return "all are there, as they were sent"
    gone = sum(fault == _GONE for _, fault in faults)
    return f"{gone} gone, {len(faults) - gone} different"


_GONE = "is gone from the chat"


async def _compare(
    options: argparse.Namespace, wanted: list[Delivered]
) -> list[tuple[Delivered, str]]:
    config = loader.load(options.config)
    faults: list[tuple[Delivered, str]] = []
    async with asking(config, options.config or loader.find()) as holder:
        for chat, group in groupby(sorted(wanted, key=attrgetter("chat")), key=attrgetter("chat")):
            files = list(group)
            found = await holder.stored(chat, [file.message for file in files])
            told = ((file, _fault(file, found.get(file.message))) for file in files)
            faults += [(file, fault) for file, fault in told if fault]
    return sorted(faults, key=lambda each: (each[0].job, each[0].number))


def _fault(file: Delivered, there: Stored | None) -> str:
    """What is wrong with what is there; empty where nothing is."""
    if there is None:
        return _GONE
    if there.kind == "photo":
        return "" if file.is_photo or file.is_clip else "is a photo there, and none was sent"
    if file.size and not file.is_photo and there.size != file.size:
        sizes = f"{humanize.size(there.size)} there, {humanize.size(file.size)} were sent"
        return f"differs: {sizes}"
    return ""
