"""What stands for the bytes of a file."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import psutil
import pytest

from telespool.runtime.hashing import digest

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_byte_counts_and_no_name(tmp_path: Path) -> None:
    """It is the SHA-256 of the content, over more than one step of reading."""
    one, other = tmp_path / "one", tmp_path / "other"
    data = bytearray(b"x" * (20 << 20))
    one.write_bytes(data)
    other.write_bytes(data)
    assert await digest(one) == await digest(other) == hashlib.sha256(data).hexdigest()
    data[-5] = 0
    other.write_bytes(data)
    assert await digest(one) != await digest(other)


def test_it_is_broken_off(tmp_path: Path) -> None:
    """Cancelled, it does not read on: the end of the loop, which waits for its threads, would come in hours."""
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 43)

    async def main() -> None:
        task = asyncio.create_task(digest(endless))
        while not _is_open(endless):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def _is_open(path: Path) -> bool:
    return str(path) in [file.path for file in psutil.Process().open_files()]


async def test_what_is_not_there(tmp_path: Path) -> None:
    """It says so."""
    with pytest.raises(FileNotFoundError):
        await digest(tmp_path / "nothing")
