"""Units come back when their wait is over, however wrong the clock was when it began."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from telespool.pipeline.send.retry_queue import RetryQueue
from telespool.runtime.throttle import Throttle
from telespool.runtime.waits import Wait, Waits
from telespool.runtime.wakeups import WakeupBus
from telespool.spool import Spool
from telespool.spool.waiting import HELD
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from telespool.spool.layout import Entry

CHATS = {"default", "family"}
_YEARS = 4 * 365 * 86400.0


async def test_a_clock_that_was_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute that was noted four years ahead is a minute; a wait that a person chose keeps its length."""
    spool = Spool(tmp_path / "spool")
    spool.open()
    try:
        queue = RetryQueue(spool, WakeupBus().listen(("deferred",)), Waits(), CHATS)
        queue._looked = True  # at a start everything that waits is tried
        job = job_name("default_holiday")
        for name in ("0001@1_a.jpg", "0002@1_b.jpg"):
            path = spool.root / "deferred" / job / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"photo")
        now = spool.clock()
        noted = {"0001@1_a.jpg": now + _YEARS, "0002@1_b.jpg": now}
        until = {"0001@1_a.jpg": now + _YEARS + 60, "0002@1_b.jpg": now + 86400}

        def lstat(path: Path) -> os.stat_result:
            if path.name not in until:
                return os.lstat(path)
            values = list(os.lstat(path))
            extra = {"st_mtime": until[path.name], "st_ctime": noted[path.name]}
            return os.stat_result(values, extra)

        monkeypatch.setattr("telespool.runtime.plain_files.lstat", lstat)
        pause = await queue.look(lambda: None)
        assert 50 < pause <= 60
        left = sorted(wait.left(now) for wait in queue._waits._known.values())
        assert 50 < left[0] <= 60
        assert left[1] > 80_000
    finally:
        await asyncio.to_thread(spool.close)


async def test_what_a_person_holds_is_a_wait(tmp_path: Path) -> None:
    """It is told with its job and what to do for as long as it is held, whatever its time says by now; nothing else is."""
    spool = Spool(tmp_path / "spool")
    spool.open()
    try:
        waits = Waits()
        wakeup = WakeupBus().listen(("deferred",))
        queue = RetryQueue(spool, wakeup, waits, CHATS)
        job = job_name("default_holiday")
        named = ("0001@held_a.jpg", 0.0), ("0002@1_b.jpg", HELD), ("0003_c.avi", 0.0)
        for name, until in named:
            path = spool.root / "deferred" / job / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"photo")
            os.utime(path, (until, until))
        await queue.look(lambda: None)
        (wait,) = waits.now(spool.clock())
        assert (wait.kind, wait.scope, wait.whom, wait.until) == ("person", "job", job, None)
        assert wait.reason == f"a person holds 2 of its files; to let go: telespool retry {job}"
        assert list(spool.units("uploading", job)) == []
        for path in (spool.root / "deferred" / job).glob("*@*"):
            path.unlink()
        wakeup.ring()
        queue._pace = Throttle()
        await queue.look(lambda: None)
        assert waits.now(spool.clock()) == []
    finally:
        await asyncio.to_thread(spool.close)


async def test_one_that_a_person_takes_meanwhile_keeps_no_other(tmp_path: Path) -> None:
    """Of a wait that was ended all units come back, also where one of them is gone when its turn comes."""
    spool = Spool(tmp_path / "spool")
    spool.open()
    try:
        queue = RetryQueue(spool, WakeupBus().listen(("deferred",)), Waits(), CHATS)
        queue._looked = True
        job = job_name("default_holiday")
        for name in ("0001@1_a.jpg", "0002@1_b.jpg"):
            path = spool.root / "deferred" / job / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"photo")
            os.utime(path, (spool.clock() + 900, spool.clock() + 900))
        queue.release([Wait("it was closed", spool.clock() + 900, "chat", "default")])
        taken = (spool.root / "deferred" / job / "0001@1_a.jpg").unlink
        resume = spool.resume

        def resumed(entry: Entry) -> Entry:
            if entry.unit.first == 1:
                taken()
            return resume(entry)

        spool.resume = resumed  # type: ignore[method-assign]
        await queue.look(lambda: None)
        assert [str(entry.unit) for entry in spool.all_units("uploading")] == ["0002_b.jpg"]
    finally:
        await asyncio.to_thread(spool.close)
