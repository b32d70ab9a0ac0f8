"""The kernel's limits for events, reached for real: a queue that overflows, watches that are used up."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.process import process
from tests.harness import eventually

if TYPE_CHECKING:
    from tests.material import Material

COUNT = int(os.environ.get("TELESPOOL_MANY", "40"))
_QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
_FEW = 8
_NAMESPACE = ("unshare", "--user", "--map-root-user")


async def test_more_files_at_once_than_the_queue_holds(tmp_path: Path, material: Material) -> None:
    """Most events of many small files are lost in an overflow: each file arrives once all the same, whole."""
    data = material.photo(1).read_bytes()
    longest = int(_QUEUE.read_text())
    with process(tmp_path) as house:
        await eventually(lambda: '"seven_zip.found"' in house.log.read_text())
        house.process.send_signal(signal.SIGSTOP)  # so that nobody takes events out of the queue
        for n in range(COUNT):
            (house.inbox / f"{n}.jpg").write_bytes(data + str(n).encode())
        here = [house.inbox / f"{n}.jpg" for n in range(2)]
        for _ in range(longest // 2 + 1):  # by turns: what equals the event before it takes no room
            for path in here:
                os.utime(path)
        house.process.send_signal(signal.SIGCONT)
        await eventually(lambda: house.posted.total() >= COUNT, timeout=30.0 + COUNT)
        # What was dropped in one moment is one job.
        await eventually(lambda: any((house.root / "done").glob("*/report.txt")))

    assert house.posted == Counter(data + str(n).encode() for n in range(COUNT))


async def test_more_folders_than_watches(tmp_path: Path, material: Material) -> None:
    """With the user's watches used up it says what to set, and finds what is dropped by looking."""
    few = f'echo {_FEW} > /proc/sys/user/max_inotify_watches && exec "$@"'
    before = (*_NAMESPACE, "sh", "-c", few, "sh")
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
        pytest.skip(
            "no user namespace can be made here, so the limit cannot be set for one process"
        )
    trip = tmp_path / "spool" / "inbox" / "trip"
    for n in range(COUNT):
        (trip / str(n)).mkdir(parents=True)
        (trip / str(n) / "a.jpg").write_bytes(material.photo(n).read_bytes())
    unfinished = (
        trip / "0" / "b.jpg.part"
    )  # keeps the folders where they are, until they are watched or refused
    unfinished.write_bytes(b"half")
    later = time.time() + 3600  # one that has not changed for long would hold up nobody
    os.utime(unfinished, (later, later))

    def said() -> list[str]:
        return [line["reason"] for line in house.said if line["event"] == "folder.unwatched"]

    with process(tmp_path, *before) as house:
        await eventually(said)
        (house.inbox / "late.jpg").write_bytes(material.photo(COUNT).read_bytes())
        await eventually(lambda: house.posted.total() == 1)
        unfinished.unlink()
        await eventually(lambda: house.posted.total() == COUNT + 1)

    assert set(house.posted.values()) == {1}
    assert "sudo sysctl fs.inotify.max_user_watches=" in said()[0]
