"""telespool retry, hold and drop: the control panel for those who do not like mv."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from telespool.spool import Spool, operator
from telespool.spool.waiting import HELD
from tests.cli.support import JOB, make, telespool
from tests.harness import Home, eventually
from tests.jobs import job_name
from tests.material import make_zip, sha256

if TYPE_CHECKING:
    from tests.material import Material
    from tests.telegram_server import TestTelegram

Capture = pytest.CaptureFixture[str]
OTHER = job_name("family_walk")


def test_retry_sends_what_was_refused_again(tmp_path: Path, capsys: Capture) -> None:
    """A file of quarantine goes to uploading without its note; the rest of its job stays."""
    spool = make(
        tmp_path,
        {
            f"quarantine/{JOB}/0003_a.mp4": b"a",
            f"quarantine/{JOB}/0003_a.mp4.txt": b"Why.\n",
            f"quarantine/{JOB}/0004_b.mp4": b"b",
            f"quarantine/{JOB}/0004_b.mp4.txt": b"Why.\n",
        },
    )
    said = telespool(capsys, spool.config, "retry", spool.root / "quarantine" / JOB / "0003_a.mp4")
    assert said.code == 0
    assert "a.mp4: now in uploading/" in said.out
    assert "The daemon does not run" in said.out
    assert spool.lying() == {
        f"uploading/{JOB}/0003_a.mp4",
        f"quarantine/{JOB}/0004_b.mp4",
        f"quarantine/{JOB}/0004_b.mp4.txt",
    }


def test_suggested_commands_can_be_pasted(tmp_path: Path, capsys: Capture) -> None:
    """A job whose name holds blanks is quoted in each of them."""
    job = job_name("default_long – p1 of 2")
    spool = make(
        tmp_path,
        {f"uploading/{job}/0003_a.mp4": b"a", f"done/{job}/0004+7_b.mp4": b"b"},
    )
    said = [telespool(capsys, spool.config, each, job) for each in ("hold", "explain", "cancel")]
    assert all(f"telespool retry '{job}'" in each.out for each in said)
    note = (spool.root / "quarantine" / job / "0003_a.mp4.txt").read_text()
    assert f"telespool retry '{job}'" in note
    said = [telespool(capsys, spool.config, "hold", job)]
    assert f"telespool explain '{job}'" in said[0].err


def test_retry_of_a_job(tmp_path: Path, capsys: Capture) -> None:
    """All that was refused or waits goes again, an archive to be unpacked; what is to be converted stays in line."""
    spool = make(
        tmp_path,
        {
            f"quarantine/{JOB}/0000_holiday.zip": b"zip",
            f"quarantine/{JOB}/0000_holiday.zip.txt": b"Why.\n",
            f"quarantine/{JOB}/0003_a.mp4": b"a",
            f"quarantine/{JOB}/0003_a.mp4.txt": b"Why.\n",
            f"deferred/{JOB}/0005@1_c.jpg": b"c",
            f"deferred/{JOB}/0006_d.avi": b"d",
        },
    )
    assert telespool(capsys, spool.config, "retry", "holiday").code == 0
    assert spool.lying() == {
        f"incoming/{JOB}/0000_holiday.zip",
        f"uploading/{JOB}/0003_a.mp4",
        f"uploading/{JOB}/0005_c.jpg",
        f"deferred/{JOB}/0006_d.avi",
    }
    assert not (spool.root / "quarantine" / JOB).exists()


def test_retry_with_a_password(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive and its NAME.password become one drop, as if both had been dropped together."""
    spool = make(
        tmp_path,
        {
            f"quarantine/{JOB}/0000_holiday.zip": b"zip",
            f"quarantine/{JOB}/0000_holiday.zip.txt": b"It needs a password.\n",
        },
    )
    monkeypatch.setattr(sys, "stdin", io.StringIO("pw\n"))
    assert telespool(capsys, spool.config, "retry", "holiday", "--password").code == 0
    assert spool.lying() == {
        f"incoming/{JOB}/0000_holiday.zip/holiday.zip",
        f"incoming/{JOB}/0000_holiday.zip/holiday.zip.password",
    }
    drop = spool.root / "incoming" / JOB / "0000_holiday.zip"
    assert (drop / "holiday.zip.password").read_text() == "pw\n"

    # The wrong one: it comes back, and the next password takes its place.
    lock = Spool(spool.root)
    (entry,) = lock.units("incoming", JOB)
    lock.quarantine(entry, "It needs a password.")
    (tmp_path / "right").write_text("right\n")
    said = telespool(
        capsys, spool.config, "retry", "holiday", "--password-file", tmp_path / "right"
    )
    assert said.code == 0
    assert (drop / "holiday.zip.password").read_text() == "right\n"


def test_a_password_on_the_command_line_is_refused(tmp_path: Path, capsys: Capture) -> None:
    """Every user of the machine would see it; the message does not repeat it."""
    spool = make(tmp_path, {f"quarantine/{JOB}/0000_holiday.zip": b"zip"})
    for form in (["--password", "geheim"], ["--password=geheim"]):
        with pytest.raises(SystemExit):
            telespool(capsys, spool.config, "retry", "holiday", *form)
        said = capsys.readouterr().err
        assert "--password" in said
        assert "geheim" not in said
    assert spool.lying() == {f"quarantine/{JOB}/0000_holiday.zip"}


def test_retry_as_document(tmp_path: Path, capsys: Capture) -> None:
    """What is to go as a document says so in its name, even before its conversion."""
    spool = make(tmp_path, {f"deferred/{JOB}/0006_d.avi": b"d", f"quarantine/{JOB}/0007_x": b"x"})
    assert telespool(capsys, spool.config, "retry", "holiday", "--as-document").code == 0
    assert spool.lying() == {
        f"uploading/{JOB}/0006_d.as-document.avi",
        f"uploading/{JOB}/0007_x.as-document",
    }


def test_hold_and_retry(tmp_path: Path, capsys: Capture) -> None:
    """What is held stays, also where somebody edits it; status says so; retry lets it go. What is under way is not held."""
    spool = make(
        tmp_path,
        {f"uploading/{JOB}/0001_a.jpg": b"a", f"uploading/{JOB}/0002@1_b.jpg": b"b"},
    )
    assert telespool(capsys, spool.config, "hold", "holiday").code == 0
    assert spool.lying() == {f"deferred/{JOB}/0001@held_a.jpg", f"uploading/{JOB}/0002@1_b.jpg"}
    (spool.root / f"deferred/{JOB}/0001@held_a.jpg").write_bytes(b"turned")
    assert "0001_a.jpg is held" in telespool(capsys, spool.config, "status").out
    assert "a person holds it" in telespool(capsys, spool.config, "explain", f"{JOB}/0001").out
    assert telespool(capsys, spool.config, "hold", "holiday").code == 1

    assert telespool(capsys, spool.config, "retry", "holiday").code == 0
    assert f"uploading/{JOB}/0001_a.jpg" in spool.lying()


def test_who_comes_second(tmp_path: Path) -> None:
    """What the daemon has taken meanwhile is left to it: the rename says so, and nothing is lost."""
    spool = make(tmp_path, {f"uploading/{JOB}/0001_a.jpg": b"a"})
    ours, daemons = Spool(spool.root), Spool(spool.root)
    (seen,) = ours.units("uploading", JOB)
    daemons.begin(seen)
    with pytest.raises(FileNotFoundError):
        operator.hold(ours, seen)
    assert spool.lying() == {f"uploading/{JOB}/0001@1_a.jpg"}


def test_cancel_without_a_daemon(tmp_path: Path, capsys: Capture) -> None:
    """All of a job that was not sent goes to quarantine with a note; what was sent stays, retry sends the rest."""
    spool = make(
        tmp_path,
        {
            f"uploading/{JOB}/0001-0002_album/0001_a.jpg": b"1",
            f"uploading/{JOB}/0001-0002_album/0002_b.jpg": b"2",
            f"uploading/{JOB}/0004c_d.mp4": b"copy",
            f"converting/{JOB}/0004@1_d.avi": b"d",
            f"converting/{JOB}/0004.segments/v0001.mp4": b"",
            f"deferred/{JOB}/0005_e.avi": b"e",
            f"done/{JOB}/0003+7_c.jpg": b"",
        },
    )
    said = telespool(capsys, spool.config, "cancel", f"{JOB}/0005")
    assert said.code == 0
    assert "e.avi: cancelled, now in quarantine/" in said.out
    assert telespool(capsys, spool.config, "cancel", "holiday").code == 0
    lying = {name for name in spool.lying() if not name.endswith(".txt")}
    assert lying == {
        f"quarantine/{JOB}/0001-0002_album/0001_a.jpg",
        f"quarantine/{JOB}/0001-0002_album/0002_b.jpg",
        f"quarantine/{JOB}/0004_d.avi",
        f"quarantine/{JOB}/0005_e.avi",
        f"done/{JOB}/0003+7_c.jpg",
    }
    note = spool.root / f"quarantine/{JOB}/0005_e.avi.txt"
    assert "You cancelled e.avi before it was sent" in note.read_text()
    assert telespool(capsys, spool.config, "cancel", "holiday").code == 1
    assert telespool(capsys, spool.config, "retry", "holiday").code == 0
    assert not [name for name in spool.lying() if name.startswith("quarantine")]


@pytest.mark.telegram
@pytest.mark.media
def _ffmpegs() -> list[int]:
    """The ffmpegs of this process; booted machines of other tests are its children too."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.name() == "ffmpeg":
                found.append(child.pid)
    return found


async def test_cancel_ends_a_conversion(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """ffmpeg ends, the film lies in quarantine, its neighbour is converted, and retry sends it after all."""
    text = home.config.read_text().replace('preset = "ultrafast"', 'preset = "placebo"')
    home.config.write_text(text)
    long = material.clip("avi", 1, seconds=60.0, size=(640, 480))
    home.drop(long, "family", "long.avi")
    async with home.working() as service:
        await eventually(lambda: service.activity.conversion is not None)
        await eventually(_ffmpegs)
        done = await asyncio.to_thread(home.command_output, "cancel", "long")
        assert done.returncode == 0, done.stderr
        assert "long.avi: cancelled" in done.stdout
        assert service.activity.conversion is None
        await eventually(lambda: not _ffmpegs())
        assert [name.rpartition("_")[2] for name in home.lying("quarantine")] == ["long.avi"]
        assert "while it was being converted" in next(iter(home.notes().values()))
        home.drop(material.photo(1), "family")
        await telegram.until(lambda: telegram.messages)
        await eventually(lambda: not home.at_work())


def test_which_job(tmp_path: Path, capsys: Capture) -> None:
    """A name that fits several jobs, or none, is answered with what there is; nothing is moved."""
    files = {f"deferred/{job}/0001@1_a.jpg": b"a" for job in (JOB, OTHER)}
    spool = make(tmp_path, files)
    said = telespool(capsys, spool.config, "retry", "family")
    assert said.code == 1
    assert JOB in said.err
    assert OTHER in said.err
    assert telespool(capsys, spool.config, "retry", "wedding").code == 1
    assert telespool(capsys, spool.config, "retry", f"{JOB}/0009").code == 1
    assert spool.lying() == set(files)
    assert telespool(capsys, spool.config, "retry", "walk/0001").code == 0


def test_drop(tmp_path: Path, capsys: Capture) -> None:
    """A file is copied under its own name into the chat's inbox, at once complete; the original stays."""
    spool = make(tmp_path)
    (tmp_path / "trip.zip").write_bytes(b"zip")
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "1.jpg").write_bytes(b"1")
    said = telespool(
        capsys, spool.config, "drop", tmp_path / "trip.zip", tmp_path / "walk", "--to", "family"
    )
    assert said.code == 0
    inbox = spool.root / "inbox"
    assert sorted(str(path.relative_to(inbox)) for path in inbox.rglob("*")) == [
        "family",
        "family/trip.zip",
        "family/walk",
        "family/walk/1.jpg",
    ]
    assert (tmp_path / "trip.zip").exists()
    again = telespool(capsys, spool.config, "drop", tmp_path / "trip.zip", "--to", "family")
    assert again.code == 1
    assert "is there already" in again.err


@pytest.mark.parametrize(
    ("name", "content", "chat", "said"),
    [
        ("trip.zip", b"x", "nobody", "There is no chat nobody"),
        ("trip.zip", b"", "family", "is empty"),
        ("trip.zip.part", b"x", "family", "looks unfinished"),
        ("family", b"x", "family", "is called like a chat"),
    ],
)
def test_what_cannot_be_dropped(
    tmp_path: Path, capsys: Capture, name: str, content: bytes, chat: str, said: str
) -> None:
    """What the inbox would never take is refused at once, with a sentence."""
    spool = make(tmp_path)
    (tmp_path / name).write_bytes(content)
    answer = telespool(capsys, spool.config, "drop", tmp_path / name, "--to", chat)
    assert answer.code == 1
    assert said in answer.err
    assert not [path for path in (spool.root / "inbox").rglob("*") if path.is_file()]


def test_a_shared_spool_stays_shared(tmp_path: Path) -> None:
    """Where the group may write, what a command makes is the group's to write as well."""
    spool = make(tmp_path, {f"deferred/{JOB}/0001@1_a.jpg": b"a"})
    spool.root.chmod(0o2770)
    before = os.umask(0o022)
    try:
        steering = Spool(spool.root)
        operator.share(steering)
        (entry,) = steering.units("deferred", JOB)
        moved = operator.retry(steering, entry)
    finally:
        os.umask(before)
    assert moved.path.parent.stat().st_mode & 0o070 == 0o070


@pytest.mark.telegram
@pytest.mark.media
async def test_beside_a_running_daemon(
    home: Home, telegram: TestTelegram, material: Material, capsys: Capture
) -> None:
    """The daemon hears of it: a refused clip is sent as a document, under its own name, byte for byte."""
    clip = material.clip("mp4", 7)
    telegram.faults.refuse("seven.mp4", times=2)
    home.drop(make_zip(home.directory / "one.zip", {"seven.mp4": clip}))
    async with home.working():
        await eventually(lambda: home.lying("quarantine"))
        await eventually(lambda: not home.at_work())
        assert telespool(capsys, home.config, "retry", "one", "--as-document").code == 0
        await telegram.until(lambda: telegram.messages)
        await eventually(lambda: not home.at_work())
    (message,) = telegram.messages
    assert (message.kind, message.name, message.sha256) == ("document", "seven.mp4", sha256(clip))
    assert home.lying("quarantine") == []


def test_time_of_a_hold_is_no_accident() -> None:
    """No ordinary wait is as long as a hold."""
    assert time.time() + 10 * 365 * 86400 < HELD


def test_drop_takes_nothing_that_is_not_meant(tmp_path: Path, capsys: Capture) -> None:
    """An empty name is not the current folder, and neither the spool nor what it lies in is dropped into itself."""
    spool = make(tmp_path / "spool")
    with pytest.raises(SystemExit):
        telespool(capsys, spool.config, "drop", "")
    assert "an empty name" in capsys.readouterr().err
    for place in (spool.root, spool.root / "inbox", tmp_path, Path("/")):
        said = telespool(capsys, spool.config, "drop", place)
        assert (said.code, list((spool.root / "inbox").iterdir())) == (1, [])
        assert "is or holds" in said.err
