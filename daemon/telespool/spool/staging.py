"""Copies on their way into the inbox: hidden while they are made, removed when who makes them has died.

`telespool drop` copies into a hidden folder beside the place the copy goes to, and renames it when it is complete. The
folder is locked (flock) for as long as the copying process lives, however it ends; `sweep` removes each that nobody
holds. So a command that was killed leaves nothing for longer than the daemon's next start or the next drop.

    mkdir   inbox/CHAT/.telespool-drop-PID-N/     flock
    copy    inbox/CHAT/.telespool-drop-PID-N/.copy0, .copy1, …
    rename  → inbox/CHAT/NAME                      # commit, of each
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from telespool.spool.fs_ops import FileOps

PREFIX = ".telespool-drop-"
COPY = ".copy"
"""Begins what a copy is called while it is made: its own name may be as long as the file system allows, or odd."""


@contextlib.contextmanager
def staging(disk: FileOps, directory: Path) -> Iterator[Path]:
    """Give an empty hidden folder in `directory`, locked; it is removed with what is left in it."""
    path, descriptor = _made(disk, directory)
    try:
        yield path
    finally:
        disk.rmtree(path)
        os.close(descriptor)


def sweep(disk: FileOps, directories: Iterable[Path]) -> list[Path]:
    """Remove the copies whose process has died; give what was removed."""
    removed = []
    for directory in directories:
        for path in _left(directory):
            with contextlib.suppress(OSError):
                descriptor = _open(path)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    disk.rmtree(path)
                    removed.append(path)
                finally:
                    os.close(descriptor)
    return removed


def _made(disk: FileOps, directory: Path) -> tuple[Path, int]:
    number = 0
    while True:
        number += 1
        path = directory / f"{PREFIX}{os.getpid()}-{number}"
        if not disk.mkdir(path):
            continue
        try:
            descriptor = _open(path)
        except FileNotFoundError:  # swept before it was locked
            continue
        with contextlib.suppress(
            OSError
        ):  # no locks on this file system: nobody sweeps there either
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists():
            return path, descriptor
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _left(directory: Path) -> list[Path]:
    try:
        names = os.listdir(directory)  # noqa: PTH208 - names only, there may be very many
    except OSError:
        return []
    return [directory / name for name in names if name.startswith(PREFIX)]
