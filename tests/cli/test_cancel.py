"""Cancelling what is part of something, is in the inbox still, or is gone by then; and a screen full of status."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from telespool.cli import cancel, live_status, main
from telespool.errors import Temporary
from telespool.observe.status import Status
from telespool.service import cancelling
from telespool.service.cancelling import Order
from telespool.spool import operator
from telespool.spool.layout import SpoolLayout
from tests.cli.support import JOB, make, telespool

if TYPE_CHECKING:
    from pathlib import Path

ALBUM = f"uploading/{JOB}/0001-0002_album"


def test_what_cannot_be_cancelled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with what to do; what the daemon was first to take is said, and is a fault."""
    files = {f"{ALBUM}/0001_a.jpg": b"1", f"{ALBUM}/0002_b.jpg": b"2", "inbox/c.jpg": b"3"}
    spool = make(tmp_path, files)
    for command in ("cancel", "hold"):
        said = telespool(capsys, spool.config, command, "c.jpg")
        assert "c.jpg is in the inbox still: take it out of there." in said.err
    for command in ("cancel", "hold"):
        said = telespool(capsys, spool.config, command, f"{JOB}/a.jpg")
        assert f"is part of an album: {command} the album, or the job {JOB}." in said.err

    def gone(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(cancelling, "cancel", gone)
    said = telespool(capsys, spool.config, "cancel", JOB)
    assert (said.code, said.out) == (
        1,
        f"{JOB}: the daemon was first, nothing of it waits any more\n",
    )
    monkeypatch.setattr(operator, "hold", gone)
    said = telespool(capsys, spool.config, "hold", JOB)
    assert said.code == 1
    assert "the daemon was first" in said.out


def test_what_was_sent_is_not_cancelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An original whose copy stands in the chat is on its way to done/, though it lies in converting/ still."""
    files = {
        f"uploading/{JOB}/0001_a.jpg": b"1",
        f"converting/{JOB}/0002@1_old.avi": b"2",
        f"done/{JOB}/0002c+5_old.mp4": b"",
    }
    spool = make(tmp_path, files)
    said = telespool(capsys, spool.config, "cancel", JOB)
    assert said.code == 0
    assert "old.avi" not in said.out
    assert (spool.root / f"quarantine/{JOB}/0001_a.jpg").exists()
    assert (spool.root / f"converting/{JOB}/0002@1_old.avi").exists()


def test_a_daemon_that_does_not_cancel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether it did: it is said how to see that."""
    spool = make(tmp_path, {f"uploading/{JOB}/0001_a.jpg": b"1"})

    class _Lock:
        def __init__(self, *_: object) -> None:
            """Of another process."""

        def holder(self) -> int:
            """That one."""
            return 1

    monkeypatch.setattr(cancel, "Lock", _Lock)
    monkeypatch.setattr(cancel, "look", lambda *_: None)
    with pytest.raises(Temporary, match="has not answered"):
        cancel._cancel(SpoolLayout(spool.root), Order(JOB))  # type: ignore[arg-type]


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help is shown, and that is a mistake."""
    assert main.main([]) == 2
    assert "usage: telespool" in capsys.readouterr().err


def test_all_on_one_screen(tmp_path: Path) -> None:
    """What is under way has bars; of very many waits and refusals the next and the last are named."""
    files = {f"deferred/{JOB}/{n:04d}@1_{n}.jpg": b"1" for n in range(1, 31)}
    for n in range(40, 50):
        files |= {
            f"quarantine/{JOB}/{n:04d}_{n}.jpg": b"1",
            f"quarantine/{JOB}/{n:04d}_{n}.jpg.txt": b"Why.\n",
        }
    files[f"converting/{JOB}/0050@1_a.avi"] = b"1"
    files[f"uploading/{JOB}/0051@1_b.jpg.txt"] = b"1"
    spool = make(tmp_path, files)
    status = Status.of(SpoolLayout(spool.root))
    assert len(status.waiting) <= 30
    assert len(status.refused) == 5
    activity: dict[str, Any] = {
        "unpacking": "trip.zip",
        "upload": None,
        "conversion": {
            "job": JOB,
            "unit": "0050_a.avi",
            "fraction": 0.5,
            "speed": 2.0,
            "seconds_left": 60.0,
            "standing_still": False,
        },
        "waits": [],
    }
    object.__setattr__(status, "activity", activity)
    screen = Console(file=io.StringIO(), width=100, record=True)
    screen.print(live_status.picture(status, 100))
    text = screen.export_text()
    assert "trip.zip" in text
    assert "2.0 x real time" in text
    assert "Last refused" in text
