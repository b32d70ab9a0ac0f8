"""telespool status: what lies in the folders and what is under way, whether or not the daemon runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from daemon import config_file
from daemon.folders import Folders
from daemon.observe.status import Status

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Print it."""
    config = config_file.load(options.config)
    status = Status.of(Folders(config.spool.root, config.spool.inbox))
    print(json.dumps(status.to_json(), indent=2) if options.json else "\n".join(status.lines()))
    return 0
