"""What stands for the bytes of a file: its SHA-256.

    >>> await digest(Path("IMG_1.jpg"))
    '9f86d081884c7d65…'

OSError leaves where it cannot be read; NotPlain, one of them, where it is no plain file.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from telespool.runtime import broken_off, plain_files

if TYPE_CHECKING:
    from pathlib import Path

_STEP = 256 << 10  # it stays in the cache of the processor


async def digest(path: Path) -> str:
    """The SHA-256 of a file; broken off within a step when it is cancelled."""
    from telespool.runtime.cancellation import in_thread  # noqa: PLC0415 - it imports asyncio

    return await in_thread(digest_now, path)


def digest_now(path: Path) -> str:
    """The same, for who is in a thread already; broken off within a step when whoever waits for it is cancelled."""
    handle = plain_files.open_file(path)
    try:
        return digest_of(handle)
    finally:
        os.close(handle)


def digest_of(handle: int) -> str:
    """The same of an open file, wherever in it somebody reads."""
    whole = hashlib.sha256()
    buffer = bytearray(_STEP)
    window = memoryview(buffer)
    at = 0
    while count := os.preadv(handle, [buffer], at):
        broken_off.check()
        whole.update(window[:count])
        at += count
    return whole.hexdigest()
