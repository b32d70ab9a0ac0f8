"""When posts may be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.config.schema import SendSettings
from telespool.pipeline.send.sending_times import SendingTimes
from telespool.spool import Spool
from telespool.spool.names import Job
from tests.laying import lay

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


def test_when_posts_may_go(spool: Spool) -> None:
    """Not outside the hours; not more than the pace in an hour, those of an earlier process counted."""
    now = spool.clock()

    def times(more: str) -> SendingTimes:
        config = loader.parse(f"[send]\n{more}\n", "config.toml")
        return SendingTimes(config.send, spool)

    minute = int(now // 60) % 1440
    ends = [
        f"{(minute + ahead) % 1440 // 60:02d}:{(minute + ahead) % 60:02d}" for ahead in (300, 360)
    ]
    hours = "-".join(ends)
    assert times('hours = ""').wait(now) is None
    wait = times(f'hours = "{hours}"').wait(now)
    assert wait is None or wait.kind == "hours"
    lay(spool, "done/0001+5_a.jpg")
    lay(spool, "done/0002o_b.avi")
    times_of_two = times("pace = 2")
    assert times_of_two.wait(now + 1) is None
    times_of_two.posted(now)
    found = times_of_two.wait(now + 1)
    assert found is not None
    assert "2 posts were made" in found.reason
    fresh = times("pace = 1")
    fresh.posted(now)
    assert fresh.wait(now + 1) is not None
