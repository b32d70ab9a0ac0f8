"""telespool status: show what is in the folders and what is under way, whether or not the daemon runs.

--watch shows it live, until Ctrl-C; --json is for programs. Folders that may not be read are named, with what helps.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from telespool.cli.spool_access import spool_root
from telespool.config import loader
from telespool.observe.status import Status
from telespool.observe.status_text import lines
from telespool.spool.layout import SpoolLayout
from telespool.spool.rights import Identity

if TYPE_CHECKING:
    import argparse

    from telespool.config.schema import Config


def run(options: argparse.Namespace) -> int:
    """Print it."""
    config = loader.load(options.config)
    folders = SpoolLayout(spool_root(config), config.spool.inbox)
    topics = config.with_value("subfolders", "topics")
    if options.watch:
        from telespool.cli.live_status import watch  # noqa: PLC0415 - rich takes its time

        return watch(folders, config.chats, topics)
    chats = {*config.chats}
    with contextlib.suppress(PermissionError):  # the status names the folder
        chats |= folders.former_chats(config.chats)
    status = Status.of(folders, chats, topics)
    if status.inbox and status.daemon != "running":
        status = replace(status, left_in_inbox=_left_in_inbox(folders, config))
    print(json.dumps(status.to_json(), indent=2) if options.json else "\n".join(lines(status)))
    return 0


def _left_in_inbox(folders: SpoolLayout, config: Config) -> tuple[str, ...]:
    """Why drops in the inbox would not be taken, if the daemon ran."""
    from telespool.archives.volumes import some  # noqa: PLC0415 - only where no daemon tells it
    from telespool.pipeline.claim.drops import find  # noqa: PLC0415 - the same

    topics = config.with_value("subfolders", "topics")
    inbox = folders.inbox.resolve()
    try:
        former = partial(folders.former_chats, config.chats)
        ignore = config.inbox.ignore
        who = Identity.of_daemon(folders.root)
        moves = config.inbox.take != "copy"
        drops = list(
            find(inbox, config.chats, ignore, topics=topics, former=former, who=who, moves=moves)
        )
    except OSError:
        return ()
    lacking = (
        f"{drop.path.name} lacks {some(drop.missing)}, and waits for it." if drop.missing else ""
        for drop in drops
    )
    found = zip(drops, lacking, strict=True)
    return tuple(sentence for drop, waits in found if (sentence := drop.obstacle or waits))
