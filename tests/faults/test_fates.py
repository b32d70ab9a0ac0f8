"""Every file of a drop has one fate, and the account says which."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from telespool.pipeline.unpack.sources.base import TOO_DEEP
from telespool.spool.account import Account, LeftOut, fates
from telespool.spool.layout import SpoolLayout
from tests.archives import making
from tests.crash.media import BROKEN, photo
from tests.faults.house import config, running
from tests.jobs import job_name
from tests.material import make_tar, make_zip

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.pipeline.worker import Worker
    from telespool.spool.layout import Entry

pytestmark = pytest.mark.usefixtures("fast_media")


def told(root: Path) -> dict[str, str]:
    """What became of each file of the only job, by name."""
    folders = SpoolLayout(root)
    (job,) = {job for folder in ("done", "quarantine") for job in folders.jobs(folder)}
    return {each.name: each.fate for each in fates(folders, job)}


def notes(root: Path) -> dict[str, str]:
    """What the notes in quarantine say, by file."""
    return {
        path.name.removesuffix(".txt").partition("_")[2]: path.read_text()
        for path in root.glob("quarantine/*/0*.txt")
        if path.with_suffix("").exists()
    }


@pytest.mark.parametrize("name", ["notes.txt", "form.pdf", "fake.zip"])
async def test_a_lone_file_that_is_no_media(root: Path, name: str) -> None:
    """It is refused once, unchanged, with a sentence that names it; and what comes after it is posted."""
    content = b"%PDF-1.4\n" if name.endswith("pdf") else b"hello\n"
    async with running(config(root)) as house:
        (root / "inbox" / name).write_bytes(content)
        await house.until(lambda: house.lying("quarantine") and house.idle)
        (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
        await house.until(lambda: house.arrived and house.idle)

    assert name in notes(root)[name]
    assert "died" not in notes(root)[name]
    assert next(root.glob(f"quarantine/*/0000_{name}")).read_bytes() == content


@pytest.mark.parametrize("way", ["folder", "archive"])
async def test_a_drop_without_media(root: Path, way: str, tmp_path: Path) -> None:
    """A folder or an archive of papers goes to quarantine whole, and its note names them."""
    source = tmp_path / "papers"
    source.mkdir()
    (source / "letter.txt").write_text("Dear Ann")
    (source / "bill.pdf").write_bytes(b"%PDF-1.4\n")
    async with running(config(root)) as house:
        if way == "folder":
            source.rename(root / "inbox" / "papers")
        else:
            make_tar(
                root / "inbox" / "papers", {path.name: path for path in sorted(source.iterdir())}
            )
        await house.until(lambda: house.lying("quarantine") and house.idle)

    (note,) = notes(root).values()
    assert "There is no photo or video in papers, only" in note
    assert "letter.txt" in note


async def test_what_is_left_out_is_named(root: Path, tmp_path: Path) -> None:
    """Of a folder what is hidden, junk, a link, empty or something else is told with its reason; the sum comes out."""
    source = tmp_path / "trip"
    (source / "@eaDir").mkdir(parents=True)
    (source / "IMG_1.jpg").write_bytes(photo(b"1"))
    (source / "IMG_1.CR2").write_bytes(b"II*\0\x10\0\0\0CR\2\0raw")
    (source / ".hidden.jpg").write_bytes(photo(b"2"))
    (source / "@eaDir" / "thumb.jpg").write_bytes(photo(b"3"))
    (source / "empty.jpg").touch()
    (source / "two\nlines.txt").write_text("text")
    (source / "link.jpg").symlink_to(source / "IMG_1.jpg")
    async with running(config(root)) as house:
        source.rename(root / "inbox" / "trip")
        await house.until(lambda: list(root.glob("done/*/report.txt")))

    assert house.arrived == [photo(b"1")]
    assert told(root) == {
        "IMG_1.jpg": "delivered",
        "IMG_1.CR2": "left out",
        ".hidden.jpg": "left out",
        "@eaDir/thumb.jpg": "left out",
        "empty.jpg": "left out",
        "two\\nlines.txt": "left out",
        "link.jpg": "left out",
    }
    report = next(root.glob("done/*/report.txt")).read_text()
    assert "link.jpg: a link" in report
    assert "@eaDir/thumb.jpg: thumbnails" in report


async def test_an_archive_that_lies_too_deep_is_named_as_one(root: Path, tmp_path: Path) -> None:
    """What `archives.depth` keeps from being opened is not called "neither a photo nor a video"."""
    (tmp_path / "a.jpg").write_bytes(photo(b"1"))
    inner: Path = tmp_path / "a.jpg"
    for name in ("one.zip", "two.zip", "three.zip"):
        inner = make_zip(tmp_path / name, {inner.name: inner, f"{name}.jpg": tmp_path / "a.jpg"})
    (root / "inbox").mkdir(parents=True, exist_ok=True)
    inner.rename(root / "inbox" / "three.zip")
    async with running(config(root)) as house:
        await house.until(lambda: list(root.glob("done/*/report.txt")))

    (skipped,) = root.glob("done/*/skipped.txt")
    assert skipped.read_text() == f"one.zip: {TOO_DEEP}\n"


async def test_quarantine_holds_no_more_than_was_dropped(root: Path) -> None:
    """Padded files that nobody can read stay in their small archive, which is kept, named one by one; the good one is sent."""
    padded = {f"p{n}.jpg": BROKEN + bytes([n]) + bytes(400_000) for n in range(8)}
    data = making.simple_zip({**padded, "good.jpg": photo(b"good")}, method=8)
    async with running(config(root)) as house:
        (root / "inbox" / "x.zip").write_bytes(data)
        await house.until(lambda: house.arrived and house.idle)

    kept = [path for path in root.glob("quarantine/*/0*_p?.jpg") if path.stat().st_size > 1000]
    assert sum(path.stat().st_size for path in kept) <= (1 << 20) + len(data)
    assert kept
    (archive,) = root.glob("quarantine/*/0000_x.zip")
    assert archive.read_bytes() == data
    note = notes(root)["x.zip"]
    assert all(name in note or any(name in path.name for path in kept) for name in padded)
    assert sorted(told(root)) == ["good.jpg", *padded]
    assert told(root)["good.jpg"] == "delivered"


async def test_a_step_that_changes_nothing_is_stopped(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose step leaves its unit as it was stops after three times; the unit lies in quarantine."""
    times = 0

    async def idly(self: Worker, drop: Entry) -> None:
        nonlocal times
        times += 1
        await asyncio.to_thread(self.spool.begin, drop)

    monkeypatch.setattr("telespool.pipeline.unpack.intake.Intake._take_in", idly)
    async with running(config(root)) as house:
        (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
        await house.until(lambda: house.lying("quarantine") and house.idle)

    assert times == 3
    assert "nothing came of it" in notes(root)["a.jpg"]


async def test_a_repaired_photo_keeps_its_bytes(root: Path, tmp_path: Path) -> None:
    """What a person adds to a job, or repairs, is not emptied after it was sent: no archive holds it."""
    source = tmp_path / "a.jpg"
    source.write_bytes(photo(b"a"))
    async with running(config(root)) as house:
        make_tar(root / "inbox" / "t.tar", {"a.jpg": source})
        await house.until(lambda: house.arrived and house.idle)
        (job,) = house.spool.jobs("done")
        (tmp_path / job).mkdir()
        (tmp_path / job / "0009_own.jpg").write_bytes(photo(b"own"))
        (tmp_path / job).rename(root / "uploading" / job)
        await house.until(lambda: len(house.arrived) == 2 and house.idle)

    sizes = {path.name: path.stat().st_size for path in root.glob("done/*/000*")}
    assert sizes["0001+1_a.jpg"] == 0
    assert sizes["0009+2_own.jpg"] == len(photo(b"own"))


async def test_a_note_is_no_post(root: Path, tmp_path: Path) -> None:
    """A note that is moved out of quarantine without its file is removed, also with documents; the file is sent."""
    source = tmp_path / "trip"
    source.mkdir()
    (source / "ok.jpg").write_bytes(photo(b"ok"))
    (source / "bad.jpg").write_bytes(BROKEN)
    async with running(config(root, others="document")) as house:
        source.rename(root / "inbox" / "trip")
        await house.until(lambda: len(house.lying("quarantine")) == 2 and house.idle)
        (job,) = house.spool.jobs("quarantine")
        unit = next(path for path in (root / "quarantine" / job).iterdir() if path.suffix == ".jpg")
        unit.write_bytes(photo(b"repaired"))
        (tmp_path / job).mkdir()
        unit.rename(tmp_path / job / unit.name)
        (tmp_path / job).rename(root / "uploading" / job)
        await house.until(lambda: len(house.arrived) == 2 and house.idle)
        await house.until(lambda: not (root / "uploading" / job).exists())
        (root / "quarantine" / job).rename(root / "uploading" / job)
        await house.until(lambda: house.idle)

    assert sorted(house.arrived) == [photo(b"ok"), photo(b"repaired")]


def test_an_account_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Lines that a person or a crash broke off are passed over, and such an account is not complete."""
    job = job_name()
    folders = SpoolLayout(tmp_path)
    folder = folders.job_folder("done", job)
    folder.mkdir(parents=True)
    text = f"0001 0 3 {'a' * 64} x: y.jpg\n- z.txt\tempty\n- d.jpg\tsent before\t7\t3\t{'b' * 64}\n0002 0 3"
    (folder / "members.txt").write_text(text)
    account = Account.read(folders, job)
    assert [each.name for each in account.members.values()] == ["x: y.jpg"]
    assert account.left_out == (
        LeftOut("z.txt", "empty"),
        LeftOut("d.jpg", "sent before", 3, "b" * 64, 7),
    )
    assert not account.complete
