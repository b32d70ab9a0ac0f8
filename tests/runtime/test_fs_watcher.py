"""Which file systems are polled without being told."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from telespool.runtime import fs_watcher

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
