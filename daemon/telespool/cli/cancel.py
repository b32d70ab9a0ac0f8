"""telespool cancel JOB|PATH…: end what is under way and keep back what waits: it goes to quarantine, with a note.

Nothing is deleted, and what was sent stays sent. `telespool retry` sends it after all.
"""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from telespool.cli.spool_access import find_claimed, refusals_told, spool_root
from telespool.config import loader
from telespool.errors import Permanent, TelespoolError, Temporary
from telespool.observe.control_client import look
from telespool.service.cancelling import Order, cancel_without_daemon, of_entries
from telespool.spool import Spool, operator
from telespool.spool.layout import WORKING
from telespool.spool.lock import Lock
from telespool.spool.titles import retry_command

if TYPE_CHECKING:
    import argparse

_PATIENCE = 60.0  # seconds; a step that is broken off cleans up first


def run(options: argparse.Namespace) -> int:
    """Cancel each, and say so; exit 1 where one could not be cancelled."""
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    code = 0
    for what in options.what:
        try:
            with refusals_told(spool.root):
                order = _wanted(spool, what)
                cancelled, failed = _cancel(spool, order)
        except TelespoolError as error:
            print(f"telespool: {error}", file=sys.stderr)
            code = 1
            continue
        for name in cancelled:
            print(f"{name}: cancelled, now in quarantine/")
        if cancelled:
            print(f"To send it after all: {retry_command(order.job)}")
        elif not failed:
            print(f"{what}: the daemon was first, nothing of it waits any more")
            code = 1
        if failed:
            print(f"telespool: {failed}", file=sys.stderr)
            code = 1
    return code


def _wanted(spool: Spool, what: str) -> Order:
    found = find_claimed(spool, what)
    everything = [entry for folder in WORKING for entry in spool.units(folder, found.job)]
    entries = [entry for entry in found.entries or everything if entry.folder in WORKING]
    if any(entry.path.parent.name != entry.job for entry in entries):
        raise Permanent(f"{what} is part of an album: cancel the album, or the job {found.job}.")
    if not entries:
        raise Permanent(
            f"{what}: nothing of it waits or is under way, so there is nothing to cancel."
            f" Where it is: telespool explain {shlex.quote(what)}"
        )
    return of_entries(found.job, entries) if found.entries else Order(found.job)


def _cancel(spool: Spool, order: Order) -> tuple[list[str], str]:
    """Return the names of what was cancelled, by the daemon where one runs; and what went wrong."""
    holder = Lock(spool.root / "lock").holder()
    if holder is not None:
        said = look(spool.root, holder, str(order), _PATIENCE)
        if said is None or "cancelled" not in said:
            raise Temporary(
                f"The daemon (process {holder}) has not answered, so it is not known whether it has cancelled this:"
                f" telespool explain {shlex.quote(order.job)} tells. If nothing has happened, stop the daemon, then cancel again."
            )
        return [str(name) for name in said["cancelled"]], str(said.get("failed", ""))
    operator.share(spool)
    work = cancel_without_daemon(spool, order)
    return work.moved, work.failed
