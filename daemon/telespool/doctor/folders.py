"""The folders that may be closed to the daemon though it runs: those of the chats in the inbox, and of the posts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from telespool.config.paths import inbox, posts
from telespool.doctor.findings import Finding, ok, wrong
from telespool.spool import reach, rights
from telespool.spool.closed_inbox import closed_folder
from telespool.spool.names import DEFAULT_CHAT
from telespool.spool.rights import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.schema import Config


def of_inbox(config: Config) -> Iterator[Finding]:
    """The folders of the chats in the inbox, and those that are watched elsewhere."""
    who = Identity.of_daemon(config.spool.root)
    moves = config.inbox.take != "copy"
    own = [inbox(config) / chat for chat in config.chats if chat != DEFAULT_CHAT]
    watched = [(folder, moves) for folder in own if not folder.is_symlink()]
    watched += [(Path(folder).resolve(), False) for folder in config.inbox.folders.values()]
    for folder, change in watched:
        if sentence := closed_folder(folder, who, change=change):
            told, _, cure = sentence.rpartition(". ")
            yield wrong("inbox", told, cure)


def of_posts(config: Config) -> Iterator[Finding]:
    """The folder of the posts, and those of the chats in it."""
    path = posts(config)
    who = Identity.of_daemon(config.spool.root)
    places = [path, path / ".staging", *(path / chat for chat in sorted(config.chats))]
    found = [(each, reach.kept_out_by(who, each, change=True)) for each in places]
    closed = sorted({by for each, by in found if by is not None and by == each})
    closed += [by for each, by in found[:1] if by is not None and by != each]
    for folder in closed:
        told = f"{folder} may not be written by {who.name} ({rights.whose(folder)}), who runs Telespool: posts wait"
        yield wrong("posts", told, f"Give it back: {rights.cure(folder, path, who)}")
    if not closed:
        page = path / "index.html"
        yield ok("destination", f"a folder, no login is needed; the page: {page}")
