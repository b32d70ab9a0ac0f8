"""telespool complete-names jobs|chats PREFIX: what a shell offers when Tab is pressed; not meant to be typed.

One name to a line: jobs of the spool, newest first; after `JOB/` the units of that job; or the chats of the
configuration. Where something is wrong nothing is printed: a shell that completes is no place for messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.errors import TelespoolError
from telespool.spool.closed import ClosedFolders
from telespool.spool.layout import FOLDERS, SpoolLayout

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

_MOST = 200  # names; nobody reads more


def run(options: argparse.Namespace) -> int:
    """Print the names, one to a line."""
    try:
        config = loader.load(None)
    except TelespoolError:
        return 0
    if options.kind == "chats":
        found: Iterable[str] = config.chats
    else:
        found = _jobs(SpoolLayout(config.spool.root, config.spool.inbox), options.prefix)
    shown = [name for name in found if name.casefold().startswith(options.prefix.casefold())]
    print("".join(f"{name}\n" for name in shown[:_MOST]), end="")
    return 0


def _jobs(layout: SpoolLayout, prefix: str) -> list[str]:
    closed = ClosedFolders(layout)
    job, slash, _ = prefix.partition("/")
    if not slash:
        return sorted({job for folder in FOLDERS for job in closed.jobs(folder)}, reverse=True)
    units = [entry for folder in FOLDERS for entry in closed.units(folder, job)]
    return sorted({f"{job}/{entry.path.name}" for entry in units})
