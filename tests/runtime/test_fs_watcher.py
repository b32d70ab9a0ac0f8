"""Folders are watched, wherever they lie, and whatever becomes of them."""

from __future__ import annotations

import asyncio
import errno
import os
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from telespool.runtime import fs_watcher
from telespool.runtime.wakeups import WakeupBus

Partition = namedtuple("Partition", "mountpoint fstype")  # noqa: PYI024 - as psutil's


@pytest.mark.parametrize(
    ("path", "remote"),
    [("/mnt/nas/inbox/family", True), ("/mnt/nas", True), ("/mnt/nas2/inbox", False), ("/", False)],
)
def test_a_share_is_polled(path: str, remote: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies on a network share is polled, what only has a name like it is not."""
    mounts = [Partition("/", "ext4"), Partition("/mnt/nas", "cifs"), Partition("/mnt", "ext4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    assert fs_watcher.is_remote(Path(path)) is remote


def test_this_disk_is_listened_to(tmp_path: Path) -> None:
    """A folder of this machine sends events."""
    assert not fs_watcher.is_remote(tmp_path)


async def test_folders_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not there is watched when it comes, and again when it was replaced; one that cannot be is said once."""
    wakeups = WakeupBus()
    wakeup = wakeups.listen(["inbox"])
    watcher = fs_watcher.FolderWatcher(wakeups, {"inbox": tmp_path / "inbox"})
    try:
        await asyncio.to_thread(watcher.check)
        assert watcher._watches == {}
        for turn in range(2):
            (tmp_path / "inbox").mkdir()
            wakeup.clear()
            await asyncio.to_thread(watcher.check)
            await asyncio.to_thread(watcher.check)
            await wakeup.wait(30)
            assert wakeup.rung
            (tmp_path / "inbox").rename(tmp_path / f"away-{turn}")
        (tmp_path / "inbox").mkdir()
        observer = watcher._observer
        assert observer is not None

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(observer, "schedule", refuse)
        await asyncio.to_thread(watcher.check)
        await asyncio.to_thread(watcher.check)
        assert watcher._unwatched == {"inbox"}
    finally:
        await asyncio.to_thread(watcher.stop)
