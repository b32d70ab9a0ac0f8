"""What is taken from the inbox, when, and together with what."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from telespool.clutter import clutter, ignored, unfinished
from telespool.config.schema import InboxSettings
from telespool.pipeline.claim.drops import find
from telespool.runtime.write_signs import WriteSigns
from tests.crash.media import photo
from tests.faults.house import config, running

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("fast_media")
LONG = 3600.0


def put(path: Path, content: bytes) -> None:
    """Move a finished file there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}")
    staged.write_bytes(content)
    staged.rename(path)


@pytest.mark.parametrize("name", ["Family", "famly", "familly", "fmaily"])
async def test_what_is_nearly_a_chat_is_left(root: Path, name: str) -> None:
    """A folder that differs from a chat's name by case or a letter is named, also in what `status` reads."""
    put(root / "inbox" / name / "a.jpg", photo(b"a"))
    put(root / "inbox" / "holiday" / "b.jpg", photo(b"b"))
    async with running(config(root)) as house:
        await house.until(lambda: house.arrived and house.idle)
        waits = [wait.to_json() for wait in house.service.activity.waits.now(0)]

    assert house.arrived == [photo(b"b")]
    assert (root / "inbox" / name / "a.jpg").exists()
    assert [wait["whom"] for wait in waits if "nearly the chat family" in wait["reason"]] == [
        f"inbox/{name}"
    ]


@pytest.mark.parametrize(
    "kept", ["film.mkv.part", "clip.mp4.download", "a.jpg.!qB", "sub/x.partial"]
)
def test_an_unfinished_file_holds_up_its_folder_for_a_while(tmp_path: Path, kept: str) -> None:
    """The sentence names the file; after a day without a change the rest is taken."""
    put(tmp_path / "inbox" / "trip" / "a.jpg", photo(b"a"))
    put(tmp_path / "inbox" / "trip" / kept, b"half")
    inbox = tmp_path / "inbox"
    (drop,) = find(inbox, ["family"], [])
    assert f"because {kept} looks unfinished" in drop.obstacle
    (drop,) = find(inbox, ["family"], [], patience=0.0)
    assert not drop.obstacle


async def test_an_archive_that_lacks_its_end_waits_for_a_sender_that_resumes(root: Path) -> None:
    """Closed in the midst (wget -c, a resumed upload), it is not taken for whole, as a photo is; then it is one job."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a", "b"):
            archive.writestr(f"{name}.jpg", photo(name.encode()))
    data, target = packed.getvalue(), root / "inbox" / "trip.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    async with running(config(root, settle=InboxSettings().settle)) as house:
        target.write_bytes(data[: len(data) // 2])
        put(root / "inbox" / "c.jpg", photo(b"c"))
        await house.until(lambda: house.arrived and house.idle)
        assert (house.arrived, target.exists()) == ([photo(b"c")], True)
        with target.open("ab") as file:
            file.write(data[len(data) // 2 :])
        await house.until(lambda: len(house.arrived) == 3 and house.idle)
    assert sorted(house.arrived) == sorted(photo(name) for name in (b"a", b"b", b"c"))
    assert not house.lying("quarantine")


async def test_loose_files_of_one_moment_are_one_job(root: Path) -> None:
    """They are sent in natural order, as full albums of one job; what is no photo or video is a drop of its own."""
    for number in random.Random(1).sample(range(1, 101), 100):
        put(root / "inbox" / "family" / f"IMG_{number}.jpg", photo(f"{number}".encode()))
    put(root / "inbox" / "family" / "notes.txt", b"text")
    async with running(config(root)) as house:
        await house.until(
            lambda: len(house.arrived) == 100 and house.lying("quarantine") and house.idle
        )

    assert house.arrived == [photo(f"{number}".encode()) for number in range(1, 101)]
    assert [*Counter(message.album for message in house.chat.messages).values()] == [10] * 10
    captions = [message.caption for message in house.chat.messages]
    assert captions == [r"IMG\_1 – IMG\_100", *[""] * 9] * 10
    assert "0000_notes.txt" in house.lying("quarantine")


async def test_what_was_moved_here_need_not_settle(root: Path) -> None:
    """An archive that came by one rename is not left for the settling time, however long that is."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.jpg", photo(b"a"))
    async with running(config(root, settle=LONG)) as house:
        await house.until((root / "inbox" / "family").is_dir)
        put(root / "inbox" / "family" / "moved.zip", packed.getvalue())
        await house.until(lambda: len(house.arrived) == 1 and house.idle)


def test_events_tell_who_writes_where_no_lease_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changed and not closed is being written; where nothing was heard nobody can tell."""
    from watchdog.events import (  # noqa: PLC0415 - only here
        FileClosedEvent,
        FileCreatedEvent,
        FileModifiedEvent,
        FileMovedEvent,
    )

    monkeypatch.setattr("telespool.runtime.write_signs.is_leasable", lambda _: None)
    signs, path = WriteSigns(), tmp_path / "a.jpg"

    def written() -> bool | None:
        return signs.is_written(path, lambda: os.open(path, os.O_RDONLY))

    assert written() is None
    signs.heard(FileCreatedEvent(str(path)))
    assert written() is False
    signs.heard(FileModifiedEvent(str(path)))
    assert written() is True
    signs.heard(FileClosedEvent(str(path)))
    assert written() is False
    signs.heard(FileModifiedEvent(str(tmp_path / "b.jpg")))
    signs.heard(FileMovedEvent(str(tmp_path / "b.jpg"), str(path)))
    assert written() is True


async def test_late_files_are_a_drop_of_their_own(root: Path) -> None:
    """What is written into a folder that was taken already goes back to the inbox and is sent."""
    trip = root / "inbox" / "family" / "trip"
    put(trip / "1.jpg", photo(b"1"))
    handle = os.open(trip, os.O_RDONLY | os.O_DIRECTORY)
    try:
        async with running(config(root)) as house:
            await house.until(lambda: list(root.glob("done/*/0000_trip")) and house.idle)
            late = os.open("2.jpg", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=handle)
            os.write(late, photo(b"2"))
            os.close(late)
            await house.until(lambda: len(house.arrived) == 2 and house.idle)
    finally:
        os.close(handle)

    assert house.arrived == [photo(b"1"), photo(b"2")]
    assert not list(root.glob("done/*/0000_trip/2.jpg"))[1:]


async def test_one_drop_that_the_kernel_refuses_holds_up_nobody(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named and left, and the others are taken."""
    from telespool.spool import Spool  # noqa: PLC0415 - only its method is replaced here

    claim = Spool.claim

    def refuse(self: Spool, drop: Path, *rest: object, **named: object) -> object:
        if drop.name == "stick":
            raise OSError(16, "Device or resource busy", str(drop))
        return claim(self, drop, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Spool, "claim", refuse)
    put(root / "inbox" / "stick" / "a.jpg", photo(b"a"))
    put(root / "inbox" / "trip" / "b.jpg", photo(b"b"))
    async with running(config(root)) as house:
        await house.until(lambda: house.arrived and house.idle)
        reasons = [wait.reason for wait in house.service.activity.waits.now(0)]

    assert house.arrived == [photo(b"b")]
    assert any("stick cannot be taken out of the inbox" in reason for reason in reasons)


@pytest.mark.parametrize(
    "path",
    [
        "#recycle/a.jpg",
        "x/@eaDir/a.jpg/SYNO.jpg",
        "$RECYCLE.BIN/a.jpg",
        "GX.THM",
        "a/IMG.JPG_original",
        "Icon\r",
    ],
)
def test_clutter_is_known_everywhere(path: str) -> None:
    """What systems and NAS leave behind has a reason; what people send has none."""
    assert clutter(path)
    assert not clutter("./DCIM/IMG_1.jpg")


def test_patterns_of_ignore() -> None:
    """Names, endings, folders and paths can be ignored; unfinished names are known without that."""
    assert ignored("raw/IMG_1.jpg", ["raw/"])
    assert ignored("IMG_1.AAE", [".aae"])
    assert ignored("a/b.log", ["*.log"])
    assert ignored("a/b.log", ["a/*"])
    assert not ignored("a.jpg", ["raw/", ".aae", "b/*"])
    assert unfinished("Unconfirmed 123.crdownload")
    assert not unfinished("party.jpg")
