"""When posts may be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.config.schema import SendSettings
from telespool.pipeline.send.sending_times import SendingTimes
from telespool.spool import Spool
from telespool.spool.names import Job

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pace_outlives_the_process(tmp_path: Path) -> None:
    """What was posted in the last hour counts, also before a restart; then posts go on one after the other."""
    spool = Spool(tmp_path)
    probe = tmp_path / "probe"
    probe.write_bytes(b"")
    now = probe.stat().st_mtime  # by the clock of the disk, which is the kernel's on any day
    job = tmp_path / "done" / str(Job.make(now, "family", "trip", "abcdef"))
    job.mkdir(parents=True)
    for name in ("0001+7_a.jpg", "0002-0003+8_album", "report.txt"):
        (job / name).write_bytes(b"")
    (job / "0002-0003+8_album").unlink()
    (job / "0002-0003+8_album").mkdir()

    times = SendingTimes(SendSettings(pace=3), spool)
    assert times.wait(now + 10) is None
    times.posted(now + 10)
    wait = times.wait(now + 20)
    assert wait is not None
    assert wait.until is not None
    assert now + 3590 < wait.until < now + 3610
    assert times.wait(wait.until + 0.1) is None
    assert SendingTimes(SendSettings(), spool).wait(now) is None
