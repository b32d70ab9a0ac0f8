"""telespool status: right without a daemon, live with one."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from telespool.observe.status import Status
from telespool.spool.layout import SpoolLayout
from tests.cli.support import JOB, make, telespool
from tests.cli.terminal import terminal
from tests.harness import Home, eventually
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.telegram_server import TestTelegram

LATER = time.time() + 86400


def spool_of_all(directory: Path) -> Path:
    """A spool with something in each folder; its configuration."""
    spool = make(
        directory,
        {
            f"incoming/{JOB}/0000@1_holiday.zip": b"0" * 3000,
            f"uploading/{JOB}/0001-0002@1_album/0001_IMG_1.jpg": b"0" * 100,
            f"uploading/{JOB}/0001-0002@1_album/0002_IMG_2.jpg": b"0" * 200,
            f"deferred/{JOB}/0003_a.avi": b"0" * 10,
            f"deferred/{JOB}/0004@1_b.jpg": b"0" * 20,
            f"converting/{JOB}/0005@2_c.avi": b"0" * 30,
            f"converting/{JOB}/0005.segments/video-0001of0002_0-3196_5_1f9c2a7b.mp4": b"0" * 5,
            f"done/{JOB}/0006+17_d.jpg": b"",
            f"quarantine/{JOB}/0007_e.txt": b"not a note",
            f"quarantine/{JOB}/0007_e.txt.txt": b"e.txt is broken.\nMore.\n",
            "inbox/new.zip": b"0",
            "inbox/family/walk.zip": b"0",
        },
    )
    waiting = spool.root / f"deferred/{JOB}/0004@1_b.jpg"
    import os  # noqa: PLC0415 - only here

    os.utime(waiting, (LATER, LATER))
    return spool.config


def test_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each folder is counted by jobs, units, files and bytes; notes and segments are no units."""
    said = telespool(capsys, spool_of_all(tmp_path), "status", "--json")
    assert said.code == 0
    status = said.json
    counted = {
        each["folder"]: [each["jobs"], each["units"], each["files"], each["bytes"]]
        for each in status["folders"]
    }
    assert counted == {
        "incoming": [1, 1, 1, 3000],
        "uploading": [1, 1, 2, 300],
        "deferred": [1, 2, 2, 30],
        "converting": [1, 1, 1, 30],
        "done": [1, 1, 1, 0],
        "quarantine": [1, 1, 1, 10],
    }
    assert status["daemon"] == "not running"
    assert status["inbox"] == 2
    assert status["to_convert"] == 1
    assert [each["unit"] for each in status["waiting"]] == ["0004_b.jpg"]
    assert [each["reason"] for each in status["refused"]] == ["e.txt is broken.\nMore."]


def test_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says that no daemon runs and how to start one, what was begun, what waits until when, what was refused."""
    out = telespool(capsys, spool_of_all(tmp_path), "status").out
    assert "the daemon does not run; start it: telespool run" in out
    assert "2 entries in the inbox" in out
    assert "converting  holiday: 0005_c.avi  begun, attempt 2, 1 piece finished" in out
    assert "holiday: 0004_b.jpg until" in out
    assert "1 file to be converted when nothing is left to send" in out
    assert "    e.txt is broken.\n" in out + "\n"


def test_without_a_spool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no spool is, it says so and makes none."""
    config = tmp_path / "config.toml"
    config.write_text('[spool]\nroot = "nowhere"\n')
    said = telespool(capsys, config, "status")
    assert said.code == 1
    assert "there is no spool here yet" in said.err
    assert not (tmp_path / "nowhere").exists()


def test_imports_little(tmp_path: Path) -> None:
    """It starts without Telethon, rich, Pillow, the log, or asyncio, where it need not look into the inbox itself."""
    config = spool_of_all(tmp_path)
    for path in (tmp_path / "spool" / "inbox").rglob("*"):
        if path.is_file():
            path.unlink()
    script = (
        "import sys; from telespool.cli import main; code = main.main(['status', '-c', sys.argv[1]]);"
        "print([m for m in ('telethon', 'rich', 'PIL', 'structlog', 'watchdog', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, config], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_many_units_take_little_memory(tmp_path: Path) -> None:
    """Memory does not grow with the number of jobs."""
    import tracemalloc  # noqa: PLC0415 - only here

    spool = make(tmp_path)

    def fill(jobs: range) -> None:
        for job in jobs:
            name = job_name(f"family_trip-{job}")
            spool.put({f"deferred/{name}/{n:04d}_a.avi": b"" for n in range(1, 51)})

    def peak() -> int:
        tracemalloc.start()
        status = Status.of(SpoolLayout(spool.root))
        assert status.shelf("deferred").units == 50 * status.shelf("deferred").jobs
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    fill(range(5))
    peak()
    few = peak()
    fill(range(5, 50))
    assert peak() < 2 * few


@pytest.mark.telegram
async def test_an_upload_under_way(home: Home, telegram: TestTelegram, material: Material) -> None:
    """What the daemon sends is shown with its size and share; afterwards nothing is under way."""
    fault = telegram.faults.add("messages.uploadMedia", hang="before")
    home.drop(material.photo(1))
    folders = SpoolLayout(home.spool)
    async with home.working():
        await telegram.until(lambda: fault.seen)
        status = await asyncio.to_thread(Status.of, folders)
        assert status.daemon == "running"
        assert status.activity is not None
        upload = status.activity["upload"]
        assert upload["sent"] == upload["total"] == material.photo(1).stat().st_size
        telegram.faults.clear()
        telegram.drop_connections()
        await telegram.until(lambda: telegram.messages)

    status = await asyncio.to_thread(Status.of, folders)
    assert (status.daemon, status.activity) == ("not running", None)


@pytest.mark.telegram
@pytest.mark.media
async def test_watching(home: Home, telegram: TestTelegram, material: Material) -> None:
    """In a terminal an upload moves under its bar, until Ctrl-C."""
    fault = telegram.faults.add("messages.uploadMedia", hang="before")
    home.drop(material.photo(1))
    async with home.working():
        await telegram.until(lambda: fault.seen)
        command = home.command("status", "--watch")[3:]
        async with terminal(*command, environment=home.environment) as screen:
            shown = await screen.sees("100% of")
            assert "the daemon runs" in shown
            assert "uploading" in shown
            screen.process.send_signal(signal.SIGINT)
            assert await screen.ends() == 0
        telegram.faults.clear()
        telegram.drop_connections()
        await eventually(lambda: not home.at_work())


def test_what_the_inbox_waits_for_without_a_daemon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What would be left in the inbox is told by whoever looks, as the daemon would tell it."""
    spool = make(
        tmp_path,
        {
            "inbox/Family/a.jpg": b"1",
            "inbox/x.7z.003": b"7z",
            "inbox/empty.jpg": b"",
            "inbox/b.jpg": b"1",
        },
    )
    said = telespool(capsys, spool.config, "status")

    assert "Family is nearly the chat family" in said.out
    assert "x.7z.001" in said.out
    assert "empty.jpg is empty" in said.out
    told = telespool(capsys, spool.config, "status", "--json").json["left_in_inbox"]
    assert len(told) == 3
