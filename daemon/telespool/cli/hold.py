"""telespool hold JOB|PATH…: keep back what is not under way yet, until `telespool retry`.

A held unit lies in deferred/ with @held in its name.
"""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from telespool.cli.spool_access import find_claimed, refusals_told, spool_root
from telespool.config import loader
from telespool.errors import Permanent, TelespoolError
from telespool.spool import Spool, operator
from telespool.spool.titles import called

if TYPE_CHECKING:
    import argparse

    from telespool.spool.layout import Entry


def run(options: argparse.Namespace) -> int:
    """Hold each, and say so; exit 1 where one could not be held."""
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    code = 0
    for what in options.what:
        try:
            wanted = _wanted(spool, what)
        except TelespoolError as error:
            print(f"telespool: {error}", file=sys.stderr)
            code = 1
            continue
        operator.share(spool)
        for entry in wanted:
            name = called(spool, entry)
            try:
                with refusals_told(spool.root):
                    operator.hold(spool, entry)
            except Permanent as error:
                print(f"telespool: {error}", file=sys.stderr)
                code = 1
            except FileNotFoundError:
                print(f"{name}: the daemon was first, it is under way")
                code = 1
            else:
                print(f"{name}: held. To let it go: telespool retry {shlex.quote(what)}")
    return code


def _wanted(spool: Spool, what: str) -> list[Entry]:
    found = find_claimed(spool, what)
    lying = (*spool.units("uploading", found.job), *spool.units("deferred", found.job))
    waiting = [entry for entry in found.entries if entry.folder in {"uploading", "deferred"}]
    # The membership of an album is fixed.
    if any(entry.path.parent.name != entry.job for entry in waiting):
        raise Permanent(f"{what} is part of an album: hold the album, or the job {found.job}.")
    entries = [entry for entry in found.entries or lying if _may_be_held(entry)]
    if not entries:
        raise Permanent(
            f"{what}: nothing of it waits to be sent or converted, so there is nothing to hold."
            f" Where it is: telespool explain {shlex.quote(what)}"
        )
    return entries


def _may_be_held(entry: Entry) -> bool:
    if entry.folder == "deferred":
        return not entry.unit.is_held
    return entry.folder == "uploading" and not entry.unit.attempt
