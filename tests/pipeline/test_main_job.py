"""The main job, end to end: the real daemon, real ffmpeg, real 7-Zip, real Telethon, and the test Telegram."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.harness import Home, eventually
from tests.material import Material, make_tar, make_zip, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram
    from tests.telegram_server.records import Message

pytestmark = [pytest.mark.telegram, pytest.mark.media]


def albums(messages: list[Message]) -> list[list[Message]]:
    """Messages as posts: runs with the same group, singles alone."""
    keys = ((m.grouped_id or -m.id, m) for m in messages)
    return [[m for _, m in run] for _, run in itertools.groupby(keys, key=lambda each: each[0])]


async def test_an_archive_becomes_posts(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """Photos come first in albums of ten in natural order, then videos, then converted copies, all true."""
    photos = {f"DCIM/IMG_{n}.jpg": material.photo(n) for n in range(1, 13)}
    videos = {
        "clip1.mp4": material.clip("mp4", 1),
        "clip2.mp4": material.clip("silent", 2, size=(160, 120)),
        "a_old.avi": material.clip("avi", 3),
        "b_box.mkv": material.clip("mkv", 4),
    }
    home.drop(make_zip(home.directory / "holiday.zip", photos | videos), "family")

    await home.inside()

    posts = albums(telegram.in_chat("family"))
    assert [[m.kind for m in post] for post in posts] == [
        ["photo"] * 10,
        ["photo"] * 2,
        ["video"] * 2,
        ["video"] * 2,
    ]
    sent = [m for post in posts for m in post]
    assert [m.sha256 for m in sent[:12]] == [sha256(path) for path in photos.values()]
    assert [m.sha256 for m in sent[12:14]] == [
        sha256(videos["clip1.mp4"]),
        sha256(videos["clip2.mp4"]),
    ]
    assert [(m.width, m.height) for m in sent[12:]] == [
        (320, 240),
        (160, 120),
        (320, 240),
        (320, 240),
    ]
    for video in sent[12:]:
        assert video.duration == pytest.approx(1.0, abs=0.1)
        assert video.thumbnail
        assert video.supports_streaming
    assert [m.name for m in sent[14:]] == ["a_old.mp4", "b_box.mp4"]
    assert [post[0].caption for post in posts] == ["holiday"] * 4
    assert not any(m.caption for post in posts for m in post[1:])
    assert home.at_work() == []
    assert home.lying("quarantine") == []


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "7z"])
async def test_other_archives(
    home: Home, telegram: TestTelegram, material: Material, ending: str
) -> None:
    """A tar, a compressed tar and a 7z are posted like a zip."""
    files = {f"IMG_{n}.jpg": material.photo(n) for n in (1, 2, 10)}
    path = home.directory / f"trip.{ending}"
    if ending == "7z":
        folder = material.named(home.directory / "in", files)
        process = await asyncio.create_subprocess_exec(
            "7zz", "a", "-bd", path, f"{folder}/.", stdout=-3
        )
        assert await process.wait() == 0
    else:
        make_tar(path, files)
    home.drop(path)

    await home.inside()

    assert [m.sha256 for m in telegram.in_chat("media")] == [sha256(p) for p in files.values()]
    assert {m.caption for m in telegram.in_chat("media")} == {"trip", ""}


async def test_folders_and_single_files(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A folder dropped whole is one job; a single photo needs no archive."""
    files = {"b/IMG_10.jpg": material.photo(10), "b/IMG_9.jpg": material.photo(9)}
    home.drop(material.named(home.directory / "walk", files), "family")
    home.drop(material.photo(3))

    await home.inside()

    assert [m.sha256 for m in telegram.in_chat("family")] == [
        sha256(material.photo(9)),
        sha256(material.photo(10)),
    ]
    assert telegram.in_chat("family")[0].caption == "walk"
    assert [m.sha256 for m in telegram.in_chat("media")] == [sha256(material.photo(3))]


async def test_one_refused_item_holds_up_nobody(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """MEDIA_INVALID for one of ten: nine are an album; the one is deferred, converted, and posted."""
    files = {f"clip_{n}.mp4": material.clip("mp4", n) for n in range(1, 11)}
    telegram.faults.refuse("clip_4.mp4", times=1)
    home.drop(make_zip(home.directory / "ten.zip", files))

    await home.inside()

    posts = albums(telegram.in_chat("media"))
    assert [len(post) for post in posts] == [9, 1]
    assert [m.name for m in posts[0]] == [name for name in files if name != "clip_4.mp4"]
    assert posts[1][0].sha256 != sha256(files["clip_4.mp4"])
    assert posts[1][0].width == 320
    assert home.lying("quarantine") == []


async def test_a_second_refusal_ends_in_quarantine(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """Refused as it was and converted: the original lies in quarantine byte for byte, with the error's name."""
    clip = material.clip("mp4", 7)
    telegram.faults.refuse("seven.mp4")
    home.drop(make_zip(home.directory / "one.zip", {"seven.mp4": clip, "1.jpg": material.photo(1)}))

    await home.inside()

    (lying,) = home.lying("quarantine")
    assert sha256(home.spool / "quarantine" / lying) == sha256(clip)
    (note,) = home.notes().values()
    assert "MEDIA_INVALID" in note
    assert [m.kind for m in telegram.in_chat("media")] == ["photo"]
    assert home.at_work() == []
    assert not [
        name for name in home.lying("done") if "c" in name.rpartition("/")[2].partition("_")[0]
    ]


async def test_ffmpeg_stands_still_while_something_waits_to_be_sent(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """While uploading/ holds something ffmpeg is stopped (state T); when it is empty again it goes on."""
    home.drop(material.clip("avi", 1, seconds=40.0, size=(640, 480)), name="long.avi")

    def states() -> set[str]:
        found: set[str] = set()
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # others look at the source for a moment
                if "segment" in child.cmdline():  # the one that encodes
                    found.add(child.status())
        return found

    async with home.working():
        await eventually(lambda: states() & {psutil.STATUS_RUNNING, psutil.STATUS_SLEEPING})
        fault = telegram.faults.add("messages.uploadMedia", hang="before")
        home.drop(material.photo(1))
        await telegram.until(lambda: fault.seen)
        await eventually(lambda: states() == {psutil.STATUS_STOPPED})
        telegram.faults.clear()
        telegram.drop_connections()
        await telegram.until(lambda: [m.kind for m in telegram.messages] == ["photo", "video"])


async def test_what_must_not_be_claimed_is_left(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A file being written, a .part file, a dotfile and an empty file stay in the inbox, untouched."""
    photo = material.photo(1).read_bytes()
    with (home.inbox / "writing.jpg").open("wb") as writer:
        writer.write(photo)
        writer.flush()
        (home.inbox / "loading.jpg.part").write_bytes(photo)
        (home.inbox / ".hidden.jpg").write_bytes(photo)
        (home.inbox / "empty.zip").touch()
        home.drop(material.photo(2))

        await home.inside()

        left = sorted(path.name for path in home.inbox.iterdir() if path.is_file())
        assert left == [".hidden.jpg", "empty.zip", "loading.jpg.part", "writing.jpg"]
        assert [m.sha256 for m in telegram.messages] == [sha256(material.photo(2))]

    await home.inside()

    assert [m.sha256 for m in telegram.messages][1:] == [sha256(material.photo(1))]


async def test_too_large_photos_are_made_acceptable(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A photo of more than 10,000 pixels around is scaled; one that is too narrow goes as a document."""
    home.drop(
        make_zip(
            home.directory / "big.zip",
            {
                "1.jpg": material.photo(1, (7000, 4000)),
                "2.jpg": material.photo(2),
                "3.jpg": material.photo(3, (2100, 100)),
            },
        )
    )

    await home.inside()

    kinds = {m.kind: m for m in telegram.messages}
    assert [m.kind for m in telegram.messages] == ["photo", "photo", "document"]
    assert kinds["document"].sha256 == sha256(material.photo(3, (2100, 100)))


def test_the_daemon_as_a_process(tmp_path: Path, material: Material) -> None:
    """`telespool run --until-idle` as people run it: exit 0, a line a transition, a summary."""
    from tests.telegram_server.control import TelegramProcess  # noqa: PLC0415 - only here

    with TelegramProcess(tmp_path / "telegram") as telegram:
        home = Home.for_process(tmp_path / "home", telegram)
        words = home.directory / "x.txt"
        words.write_text("not for a chat\n")
        files = {"1.jpg": material.photo(1), "2.avi": material.clip("avi", 2), "x.txt": words}
        home.drop(make_zip(home.directory / "mix.zip", files))

        finished = home.run()

        assert finished.code == 0, finished.output
        (complete,) = finished.events("job.completed")
        outcome = {key: complete[key] for key in ("sent", "recovered", "quarantined", "skipped")}
        assert outcome == {"sent": 2, "recovered": 1, "quarantined": 0, "skipped": 1}
        report = next((home.spool / "done").glob("*/report.txt")).read_text()
        assert "x.txt" in report
        status = home.command_output("status", "--json")
        assert status.returncode == 0
