"""What stands for the bytes of a file: its SHA-256.

    >>> await digest(Path("IMG_1.jpg"))
    '9f86d081884c7d65…'

OSError leaves where it cannot be read.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STEP = 8 << 20


async def digest(path: Path) -> str:
    """The SHA-256 of a file; broken off within a step when it is cancelled."""
    end = threading.Event()
    try:
        return await asyncio.to_thread(_digest, path, end)
    finally:
        end.set()


def _digest(path: Path, end: threading.Event) -> str:
    # Opened and closed in one thread: a cancelled coroutine would never see what the thread has opened for it.
    whole = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while not end.is_set() and (piece := file.read(_STEP)):
            whole.update(piece)
    return whole.hexdigest()
