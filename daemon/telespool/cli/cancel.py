"""telespool cancel JOB|PATH…: end what is under way and keep back what waits: it goes to quarantine, with a note.

Nothing is deleted, and what was sent stays sent. `telespool retry` sends it after all.
"""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from telespool.cli.spool_access import find_claimed, spool_root
from telespool.config import loader
from telespool.errors import Permanent, TelespoolError, Temporary
from telespool.observe.control_client import look
from telespool.service.cancelling import cancel, note, order
from telespool.spool import Spool, operator
from telespool.spool.layout import WORKING
from telespool.spool.lock import Lock
from telespool.spool.titles import called

if TYPE_CHECKING:
    import argparse

    from telespool.spool.layout import Entry

_PATIENCE = 60.0  # seconds; a step that is broken off cleans up first


def run(options: argparse.Namespace) -> int:
    """Cancel each, and say so; exit 1 where one could not be cancelled."""
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    code = 0
    for what in options.what:
        try:
            job, wanted = _wanted(spool, what)
            cancelled = _cancel(spool, job, wanted)
        except TelespoolError as error:
            print(f"telespool: {error}", file=sys.stderr)
            code = 1
            continue
        for name in cancelled:
            print(f"{name}: cancelled, now in quarantine/")
        if cancelled:
            print(f"To send it after all: telespool retry {shlex.quote(job)}")
        else:
            print(f"{what}: the daemon was first, nothing of it waits any more")
            code = 1
    return code


def _wanted(spool: Spool, what: str) -> tuple[str, list[Entry]]:
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
    return found.job, entries


def _cancel(spool: Spool, job: str, entries: list[Entry]) -> list[str]:
    """Return the names of what was cancelled, by the daemon where one runs."""
    holder = Lock(spool.root / "lock").holder()
    if holder is not None:
        said = look(spool.root, holder, order(job, entries), _PATIENCE)
        if said is None or "cancelled" not in said:
            raise Temporary(
                f"The daemon (process {holder}) does not answer, so what it works on cannot be broken off."
                " Stop it first, then cancel again."
            )
        return [str(name) for name in said["cancelled"]]
    operator.share(spool)
    names = []
    for entry in entries:
        name = called(spool, entry)
        try:
            cancel(spool, entry, note(spool, entry))
        except FileNotFoundError:
            continue
        names.append(name)
    return names
