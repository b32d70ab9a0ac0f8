"""Little room: an archive goes through whose contents are many times the free disk."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from telespool.config import loader
from telespool.destinations.folder.destination import FolderDestination
from telespool.service.service import Service
from tests.material import Material, make_zip, sha256
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 1 << 20
ROOM = 64 * MIB
RESERVE = 8 * MIB


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with little room."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


async def test_contents_of_many_times_the_room_go_through(small: Path, tmp_path: Path) -> None:
    """Everything is delivered in order, and the reserve is never touched."""
    photo = Material(tmp_path / "material").photo(1, (64, 64)).read_bytes()
    files = {}
    for n in range(1, 81):
        path = tmp_path / f"IMG_{n}.jpg"
        # What follows the picture's end is not looked at; it makes the file as large as a photo.
        path.write_bytes(photo + random.Random(n).randbytes(MIB // 2))
        files[path.name] = path
    root = small / "spool"
    (root / "inbox").mkdir(parents=True)
    make_zip(root / "inbox" / "large.zip", files)
    assert os.statvfs(small).f_bavail * os.statvfs(small).f_frsize < sum(
        path.stat().st_size for path in files.values()
    )
    config = loader.parse(
        f'[spool]\nroot = "{root}"\nreserve = {RESERVE}\n[inbox]\nsettle = "0s"\n', "config.toml"
    )
    posts = tmp_path / "posts"
    service = Service(config, FolderDestination(posts, config.chats))
    least = ROOM

    async def watch() -> None:
        nonlocal least
        while True:
            least = min(least, service.spool.free())
            await asyncio.sleep(0.002)

    watching = asyncio.ensure_future(watch())
    async with asyncio.timeout(longest(90)):
        await service.run(until_idle=True)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching

    sent = sorted(posts.glob("default/*/IMG_*.jpg"))
    assert {path.name: sha256(path) for path in sent} == {n: sha256(p) for n, p in files.items()}
    assert least >= RESERVE
