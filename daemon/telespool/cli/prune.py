"""telespool prune [--dry-run]: remove now what [retention] says, or only show it.

The daemon does the same by itself, every hour. Quarantine is never touched.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from telespool.cli.spool_access import refusals_told, spool_root
from telespool.config import loader
from telespool.errors import Permanent
from telespool.observe import humanize
from telespool.pipeline.forget.retention_plan import carry_out, plan
from telespool.spool import Spool, rights
from telespool.spool.closed import closed_jobs
from telespool.spool.rights import Identity

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Show each step, and carry it out unless --dry-run is given."""
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    code = 0
    if closed := list(closed_jobs(spool.root, Identity.own())):
        print(
            f"Nothing is forgotten of these: {rights.give_back(closed, spool.root, Identity.of_daemon(spool.root))}"
        )
    with refusals_told(spool.root):
        found = plan(spool, config.retention, config.chats, time.time(), spool.uptime())
    steps = found.steps
    for kept in found.kept:
        print(kept)
    for step in steps:
        print(step)
        if not options.dry_run:
            try:
                with refusals_told(spool.root):
                    carry_out(spool, step)
            except Permanent as error:
                print(f"telespool: {error}", file=sys.stderr)
                code = 1
            except FileNotFoundError:
                print("  the daemon, or a person, was first")
    freed = humanize.size(sum(step.size for step in steps))
    if not steps and found.kept:
        print(
            "Nothing was forgotten: what is old enough was not delivered, as far as anybody can prove. Take it out by"
            " hand, or see retention.left_out in the configuration."
        )
    elif not steps and found.doubt:
        print(found.doubt)
    elif not steps:
        print("Nothing is old enough to be forgotten; see [retention] in the configuration.")
    elif options.dry_run:
        print(f"That would free {freed}. Nothing was changed.")
    else:
        print(f"{freed} freed.")
    return code
