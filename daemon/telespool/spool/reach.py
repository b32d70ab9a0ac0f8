"""What keeps a user from reading, or taking, what lies in a folder or a tree that others made. Everything blocks."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from telespool.runtime import plain_files, trees
from telespool.spool import rights

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.spool.rights import Identity

_SEARCH, _READ, _LIST, _EMPTY = 0o1, 0o4, 0o5, 0o7


def kept_out_by(who: Identity, folder: Path, *, change: bool) -> Path | None:
    """The folder that keeps a user from what lies in `folder`: itself, or one above it; None where none does.

    `change`: it is to be taken out of there, and not only read. What is not there keeps nobody out.
    """
    for path in (*reversed(folder.parents), folder):
        wanted = _SEARCH if path != folder else _EMPTY if change else _LIST
        with contextlib.suppress(OSError):  # who asks for another user may not look himself
            if not who.may(path, wanted):
                return path if os.path.lexists(path) else None
    return None


def locked_in(who: Identity, path: Path, *, change: bool) -> Path | None:
    """The first of a file or a tree that a user may not read; with `change`, also a folder that he may not empty."""
    if not plain_files.is_directory(path):
        return None if who.may(path, _READ) else path
    inner = _EMPTY if change else _LIST
    if not who.may(path, inner):
        return path
    for found in trees.walk(path):
        below = path / found.name
        wanted = inner if found.is_directory else _READ if found.is_file else 0
        if wanted and not who.may(below, wanted):
            return below
    return None


def is_refused_by_mode(who: Identity, path: Path, *, change: bool) -> bool:
    """Whether the owner, group and mode refuse it; else it is immutable, or lies on a read-only file system."""
    if rights.has_acl(path):
        return True
    wanted = _READ
    if path.is_dir():
        wanted = _EMPTY if change else _LIST
    return not who.mode_allows(path, wanted)
