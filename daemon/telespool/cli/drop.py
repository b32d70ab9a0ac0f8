"""telespool drop FILE… --to CHAT[/TOPIC]: copy files or folders into the inbox, each whole from the first moment.

The originals stay where they are. The archives of one export appear at one moment, so that they are one job.
`mv FILE inbox/CHAT/` does the same without a copy, on the same file system.
`--to CHAT/TOPIC` is for a chat whose subfolders are topics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.archives.export_parts import export_of
from telespool.cli.chat_choice import chosen
from telespool.cli.spool_access import spool_root, tell_if_stopped
from telespool.config import loader
from telespool.errors import Permanent
from telespool.pipeline.claim.drops import unfinished
from telespool.spool import Spool, operator
from telespool.spool.names import DEFAULT_CHAT

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from telespool.config.schema import Config


def run(options: argparse.Namespace) -> int:
    """Copy each file or folder; none if one of them cannot be dropped."""
    config = loader.load(options.config)
    spool = Spool(spool_root(config), config.spool.inbox)
    to, topic = chosen(options.to, config)
    if not spool.inbox.is_dir():
        raise Permanent(
            f"{spool.inbox}: there is no inbox. `telespool run` makes it at its first start."
        )
    for path in options.files:
        _check(path, config)
        _check_place(path, spool)
    operator.share(spool)
    together: dict[str, list[Path]] = {}
    for path in options.files:
        together.setdefault(export_of(path.name) or str(path), []).append(path.absolute())
    for paths in together.values():
        for target in operator.take_in(spool, paths, to, topic):
            print(f"{target}: dropped for the chat {options.to}")
    tell_if_stopped(config)
    return 0


def _check_place(path: Path, spool: Spool) -> None:
    """Refuse what would be taken twice: the spool, its inbox, and every folder that one of them lies in."""
    place = path.resolve()
    for ours in (spool.root, spool.inbox):
        if ours.is_relative_to(place):
            raise Permanent(
                f"{path} is or holds {ours}, where drops lie already. Name the files or folders that you mean."
            )


def _check(path: Path, config: Config) -> None:
    if not path.exists():
        raise Permanent(f"{path}: there is no such file or folder.")
    if path.is_file() and not path.stat().st_size:
        raise Permanent(f"{path} is empty.")
    if unfinished(path.name, config.inbox.ignore):
        raise Permanent(
            f"{path.name} looks unfinished or hidden: names like it are never taken. Rename it first."
        )
    if path.name in config.chats and path.name != DEFAULT_CHAT:
        raise Permanent(f"{path.name} is called like a chat. Rename it first.")
