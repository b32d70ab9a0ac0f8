"""telespool status: show what is in the folders and what is under way, whether or not the daemon runs.

--watch shows it live, until Ctrl-C; --json is for programs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from telespool.cli.spool_access import spool_root
from telespool.config import loader
from telespool.observe.status import Status
from telespool.observe.status_text import lines
from telespool.spool.layout import SpoolLayout

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Print it."""
    config = loader.load(options.config)
    folders = SpoolLayout(spool_root(config), config.spool.inbox)
    if options.watch:
        from telespool.cli.live_status import watch  # noqa: PLC0415 - rich takes its time

        return watch(folders, config.chats)
    status = Status.of(folders, config.chats)
    print(json.dumps(status.to_json(), indent=2) if options.json else "\n".join(lines(status)))
    return 0
