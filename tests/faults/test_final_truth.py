"""The account, the report and `explain` tell what became of each file in the end, whatever was said of it before."""

from __future__ import annotations

import asyncio
import subprocess
import zipfile
from typing import TYPE_CHECKING, cast

import pytest
import structlog

from telespool.pipeline.send.report_sender import ReportSender
from telespool.spool import Spool, operator
from telespool.spool.account import Account, fates
from telespool.spool.job_report import close_job
from telespool.spool.layout import SpoolLayout
from tests.cli.support import JOB, make, telespool
from tests.crash.media import photo
from tests.faults.house import config, running
from tests.faults.test_fates import told
from tests.patience import longest

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.destinations.base import Destination

pytestmark = pytest.mark.usefixtures("fast_media")
Capture = pytest.CaptureFixture[str]


def locked(place: Path, path: Path) -> None:
    """A zip of two photos of which one needs a password."""
    for name in ("open.jpg", "locked.jpg"):
        (place / name).write_bytes(photo(name.encode()))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(place / "open.jpg", "open.jpg")
    command = ["7zz", "a", "-bd", "-psesame", str(path), str(place / "locked.jpg")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def reports(root: Path) -> list[str]:
    """The reports of jobs that are over."""
    return [path.read_text() for path in root.glob("done/*/report.txt")]


async def test_after_a_retry_with_its_password(root: Path, tmp_path: Path) -> None:
    """What was left out for want of a password and is sent later is told as sent alone, and keeps no archive."""
    locked(tmp_path, tmp_path / "some.zip")
    async with running(config(root)) as house:
        (tmp_path / "some.zip").rename(root / "inbox" / "some.zip")
        await house.until(lambda: house.lying("quarantine") and house.idle)
        spool = house.spool
        (job,) = spool.jobs("quarantine")
        assert told(root)["locked.jpg"] == "left out"
        (drop,) = spool.units("quarantine", job)
        operator.retry(spool, drop, password="sesame")
        await house.until(lambda: len(house.arrived) == 2 and house.idle and spool.drop(job))
        await house.until(lambda: any("2 sent" in text for text in reports(root)))

    assert told(root) == {"open.jpg": "delivered", "locked.jpg": "delivered"}
    assert [each for each in Account.read(spool, job).left_out if each.number] == []
    assert "0 skipped" in reports(root)[0]


async def test_after_an_archive_within_was_dropped_again(root: Path, tmp_path: Path) -> None:
    """An archive that came out of a drop and was dropped again is accounted for where it came from."""
    (tmp_path / "trip").mkdir()
    locked(tmp_path, tmp_path / "some.zip")
    command = ["7zz", "a", "-bd", "-mhe=on", "-psesame", str(tmp_path / "trip/x.7z")]
    subprocess.run([*command, tmp_path / "open.jpg"], check=True, stdout=subprocess.DEVNULL)
    (tmp_path / "trip" / "a.jpg").write_bytes(photo(b"a"))
    async with running(config(root)) as house:
        (tmp_path / "trip").rename(root / "inbox" / "trip")
        await house.until(lambda: house.lying("quarantine") and house.idle)
        spool = house.spool
        (job,) = spool.jobs("quarantine")
        (refused,) = spool.units("quarantine", job)
        operator.drop_again(spool, refused, "sesame")
        await house.until(lambda: len(house.arrived) == 2 and house.idle)

    assert {each.name: each.fate for each in fates(spool, job)} == {
        "a.jpg": "delivered",
        "x.7z": "left out",
    }


@pytest.mark.parametrize("rule", ["send", "skip", "quarantine"])
@pytest.mark.parametrize("way", ["folder", "archive", "loose"])
async def test_twins_in_one_drop(root: Path, tmp_path: Path, rule: str, way: str) -> None:
    """The same bytes twice in one drop are sent twice, once, or the second is set aside; each is accounted for."""
    source = root / "inbox" if way == "loose" else tmp_path / "trip"
    source.mkdir(parents=True, exist_ok=True)
    names = {"a.jpg": b"1", "b.jpg": b"1", "c.jpg": b"2"}
    for name, salt in names.items():
        (source / name).write_bytes(photo(salt))
    async with running(config(root, duplicates=rule)) as house:
        if way == "folder":
            source.rename(root / "inbox" / "trip")
        elif way == "archive":
            with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
                for name in names:
                    archive.write(source / name, name)
            (tmp_path / "t.zip").rename(root / "inbox" / "t.zip")
        await house.until(lambda: house.idle and list(root.glob("done/*/report.txt")))

    assert len(house.arrived) == (3 if rule == "send" else 2)
    second = {"send": "delivered", "skip": "left out", "quarantine": "quarantined"}[rule]
    assert told(root) == {"a.jpg": "delivered", "b.jpg": second, "c.jpg": "delivered"}
    assert (rule == "skip") == (
        "b.jpg: the same as a.jpg, which is sent"
        in next(root.glob("done/*/report.txt")).read_text()
    )


def test_a_file_within_a_drop_is_told(tmp_path: Path, capsys: Capture) -> None:
    """A path within a folder that was dropped leads to what became of that file; so does its name alone."""
    account = (
        b"0001 0 1 "
        + b"a" * 64
        + b" DCIM/1.jpg\n- DCIM/notes.txt\tneither a photo nor a video\ncomplete\n"
    )
    files = {
        f"done/{JOB}/0000_trip/DCIM/1.jpg": b"1",
        f"done/{JOB}/0000_trip/DCIM/notes.txt": b"2",
        f"done/{JOB}/0001+17_1.jpg": b"",
        f"done/{JOB}/members.txt": account,
    }
    spool = make(tmp_path, files)
    drop = spool.root / f"done/{JOB}/0000_trip"
    for what in (drop / "DCIM/notes.txt", f"{JOB}/notes.txt", f"{JOB}/DCIM/notes.txt"):
        said = telespool(capsys, spool.config, "explain", what)
        assert "left out: neither a photo nor a video" in said.out
    said = telespool(capsys, spool.config, "explain", drop / "DCIM/1.jpg")
    assert "delivered, message 17" in said.out
    assert telespool(capsys, spool.config, "explain", drop / "DCIM/2.jpg").code == 1


@pytest.mark.parametrize("folder", ["uploading", "deferred", "incoming", "quarantine"])
def test_a_file_without_a_number_is_named(tmp_path: Path, capsys: Capture, folder: str) -> None:
    """What a person moves into the folder of a job, and nobody takes, is named by all who tell of that job."""
    spool = make(tmp_path, {f"{folder}/{JOB}/holiday.jpg": b"1", f"done/{JOB}/0001+1_a.jpg": b""})
    layout = SpoolLayout(spool.root)
    assert [(each.name, each.fate) for each in fates(layout, JOB)] == [
        ("a.jpg", "delivered"),
        (f"{folder}/holiday.jpg", "unexplained"),
    ]
    for words in (
        ("status",),
        ("explain", JOB),
        ("explain", spool.root / f"{folder}/{JOB}/holiday.jpg"),
    ):
        said = telespool(capsys, spool.config, *words)
        assert "holiday.jpg" in said.out
        assert "its name has no number" in said.out


def test_what_a_person_withdraws(tmp_path: Path, capsys: Capture) -> None:
    """What is moved to done/ or removed before it was sent is told so by all, and kept by retention."""
    lines = {n: f"{n:04d} {{}} 1 {n:064x} P{n}.jpg\n" for n in range(1, 5)}
    album = f"done/{JOB}/0001-0002=0001_album"
    files = {
        f"{album}/0001=0001_P1.jpg": b"1",
        f"{album}/0002=0002_P2.jpg": b"2",
        f"done/{JOB}/0003+7_P3.jpg": b"",
        f"done/{JOB}/0000_trip.zip": b"zip",
        f"done/{JOB}/contents.txt": lines[3].format(7).encode(),
        f"done/{JOB}/members.txt": f"{''.join(lines.values()).format(0, 0, 0, 0)}complete\n".encode(),
    }
    spool = make(tmp_path, files, '[retention]\narchives = "1s"\n')
    assert [each.fate for each in fates(SpoolLayout(spool.root), JOB)] == [
        "withdrawn",
        "withdrawn",
        "delivered",
        "withdrawn",
    ]
    said = telespool(capsys, spool.config, "explain", JOB).out
    for words in (
        "Sent: 1 file",
        "Withdrawn: 2 files",
        "moved to done/ by hand; not sent",
        "Gone from the spool, not sent: 1 file",
        "kept, since 3 files of it went nowhere else",
    ):
        assert words in said
    for wrong in ("None", "Not accounted for", "kept until 2"):
        assert wrong not in said
    with structlog.testing.capture_logs() as logged:
        close_job(Spool(spool.root), JOB)
    assert [each["log_level"] for each in logged if each["event"] == "drop.withdrawn"] == [
        "warning"
    ]
    assert not [each for each in logged if each["log_level"] == "error"]
    report = (spool.root / f"done/{JOB}/report.txt").read_text()
    assert "1 sent" in report
    assert "3 withdrawn by hand" in report
    assert (
        "withdrawn: P4.jpg (gone from the spool, and not sent; if nobody removed it, please report that)"
        in report
    )


@pytest.mark.usefixtures("converting")
async def test_a_copy_that_a_person_withdraws(root: Path) -> None:
    """A converted copy that was moved to done/ is no proof that its original was sent: that is withdrawn as well."""
    for name in ("converting/{}/0001@1_a.avi", "done/{}/0001c_a.mp4"):
        path = root / name.format(JOB)
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode())
    async with running(config(root)) as house:
        await house.until(lambda: "0001_a.avi" in house.lying("done") and house.idle)

    assert [each.fate for each in fates(SpoolLayout(root), JOB)] == ["withdrawn"]
    assert house.arrived == []


async def test_the_last_file_is_taken_away(root: Path) -> None:
    """A job whose last file a person removes, or moves to done/, has its report, though no worker had a part in that."""
    held, done = root / "deferred" / JOB, root / "done" / JOB
    for path in (held / "0001@held_a.jpg", held / "0002@held_b.jpg", done / "members.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
    lines = (f"{n:04d} 0 1 {n:064x} {name}.jpg\n" for n, name in ((1, "a"), (2, "b")))
    (done / "members.txt").write_text(f"{''.join(lines)}complete\n")
    (root / "tmp").mkdir(exist_ok=True)
    sender = ReportSender(Spool(root), config(root), cast("Destination", None))
    await sender.tell()
    (held / "0001@held_a.jpg").rename(done / "0001_a.jpg")
    (held / "0002@held_b.jpg").unlink()
    async with asyncio.timeout(longest(60)):
        while not (done / "report.txt").exists():
            await sender.tell()
            await asyncio.sleep(0.01)

    report = (done / "report.txt").read_text()
    assert "withdrawn: a.jpg (moved to done/ by hand; not sent)" in report
    assert (
        "withdrawn: b.jpg (gone from the spool, and not sent; if nobody removed it, please report that)"
        in report
    )
