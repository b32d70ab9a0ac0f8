"""Open the spool for a command, with a sentence if it is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.config.paths import start_command
from telespool.errors import Permanent
from telespool.spool.lock import Lock
from telespool.spool.lookup import Found, find

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.spool.layout import SpoolLayout


def spool_root(config: Config) -> Path:
    """Return the spool's root; Permanent where no spool is there yet."""
    root = config.spool.root
    if not root.is_dir():
        raise Permanent(
            f"{root}: there is no spool here yet. `telespool run` makes it; if it lies elsewhere, name it with"
            " root under [spool] in the configuration (telespool check-config shows which file that is)."
        )
    return root


def tell_if_stopped(config: Config) -> None:
    """Say that nothing happens while the daemon does not run, and how to start it."""
    if Lock(config.spool.root / "lock").holder() is None:
        print(f"The daemon does not run. Start it: {start_command()}")


def find_claimed(spool: SpoolLayout, what: str) -> Found:
    """What is meant, which is to be held or cancelled; Permanent where it is not found or lies in the inbox still."""
    found = find(spool, what)
    if not found.job:
        raise Permanent(f"{what} is in the inbox still: take it out of there.")
    return found
