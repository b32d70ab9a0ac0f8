"""What the kernel says of the folder of the posts, in words for people. Blocks."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
from typing import TYPE_CHECKING

from telespool.errors import Temporary
from telespool.spool import reach, rights
from telespool.spool.rights import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise Temporary for everybody where an OSError keeps posts from being written to this folder."""
    try:
        yield
    except OSError as error:
        reason = f"The posts cannot be written to {path}"
        if error.errno in _FULL:
            reason = f"The disk with the posts in {path} is full. Make room; it goes on by itself."
        elif locked := _locked(error, path):
            reason = f"{reason}: {locked}; it goes on by itself."
        else:
            what = os.strerror(error.errno) if error.errno else str(error)
            reason = f"{reason} ({error.filename}: {what}). Put that right; it goes on by itself."
        raise Temporary(reason, scope="all", kind="disk") from error


def _locked(error: OSError, path: Path) -> str:
    """Which folder refuses, and what gives it back; "" where it is something else."""
    found = rights.refused(error, path)
    if found is None:
        return ""
    folder, sentence = found
    who = Identity.own()
    with contextlib.suppress(OSError):
        if not reach.is_refused_by_mode(who, folder, change=True):
            return ""  # immutable, or read-only: no right would help
        if folder in path.parents and not path.exists():
            return (
                f"{folder} may not be written by {who.name} ({rights.whose(folder)}). Make the folder of the posts:"
                f" sudo install -d -o {who.name} {shlex.quote(str(path))}"
            )
    return sentence
