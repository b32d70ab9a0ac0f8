"""Open the spool for a command, with a sentence if it is missing."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from telespool.config.paths import start_command
from telespool.errors import Permanent
from telespool.spool import rights
from telespool.spool.layout import FOLDERS
from telespool.spool.lock import Lock
from telespool.spool.lookup import Found, find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telespool.config.schema import Config
    from telespool.spool.layout import SpoolLayout


def spool_root(config: Config) -> Path:
    """Return the spool's root; Permanent where no spool is there yet."""
    root = config.spool.root
    with refusals_told(root):
        if root.exists() and not os.access(root, os.X_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(root / "inbox"))
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
    see_all_of(spool, found.job)
    return found


def see_all_of(spool: SpoolLayout, job: str) -> None:
    """Permanent, with what helps, where a folder of this job may not be read: nobody could tell what is in it."""
    with refusals_told(spool.root):
        for folder in FOLDERS:
            for entry in spool.units(folder, job):
                if entry.unit.is_album:
                    spool.members(entry)


@contextlib.contextmanager
def refusals_told(root: Path) -> Iterator[None]:
    """Permanent, with the folder that is meant and what helps, where the kernel lets this user not do what is done."""
    try:
        yield
    except PermissionError as error:
        found = rights.refused_to_reader(error, root)
        if found is None:
            raise
        raise Permanent(found[1]) from error
