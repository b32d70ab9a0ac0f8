"""Check before a reload whether the service could work with a configuration.

Looks at files alone, asks nobody, changes nothing: the login is there, the spool's folders can be made and written, no
other process has the spool, the posts have a place. What an accident leaves of a configuration (an empty file) is no
wish to leave the spool and all chats. Blocks for milliseconds.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.config.paths import inbox, posts
from telespool.destinations.base import SupportsPreflight
from telespool.spool.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telespool.service.service import Service


def obstacles(service: Service, running: Service | None = None) -> list[str]:
    """Return a sentence for each thing that would keep `service` from working; `running` holds what is its own."""
    if (
        running is not None
        and service.config != running.config
        and loader.sets_nothing(service.config)
    ):
        problem = (
            "the configuration sets nothing: its file is empty, cut off, or gone. The one before stays; to go on"
            " with the defaults, restart the service"
        )
        return [problem]
    return [*_spool(service, running), *_destination(service)]


def _spool(service: Service, running: Service | None) -> Iterator[str]:
    config = service.config
    root = config.spool.root
    for key, path in (("spool.root", root), ("spool.inbox", inbox(config))):
        if not _may_write(path):
            yield f"{key}: {path} cannot be made or written by this user; give it to {_me()}, or name another place"
    ours = running is not None and _same(running.config.spool.root, root)
    if running is not None and not ours:
        yield (
            f"spool.root: a reload does not leave the spool {running.config.spool.root} for {root}: its jobs would be"
            " left behind. To go there, restart the service"
        )
    if not ours and (holder := Lock(root / "lock").holder()) is not None:
        yield f"spool.root: another telespool (process {holder}) is working on {root}"


def _destination(service: Service) -> Iterator[str]:
    if service.config.destination == "folder":
        path = posts(service.config)
        if not _may_write(path):
            yield f"folder.path: {path} cannot be made or written by this user; give it to {_me()}, or name another"
        return
    if isinstance(service.destination, SupportsPreflight):
        yield from service.destination.missing()


def _may_write(path: Path) -> bool:
    there = next(each for each in (path, *path.parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _me() -> str:
    return f"the user with the number {os.geteuid()}"
