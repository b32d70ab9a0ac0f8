"""What is converted goes in albums and keeps its place: the real daemon, real ffmpeg, real Telethon, the test Telegram."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests import live
from tests.harness import Home, eventually
from tests.material import Material, make_zip
from tests.pipeline.test_main_job import albums

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


@pytest.fixture(scope="module")
def hevc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that must be converted, as short as can be."""
    return live.clip(tmp_path_factory.mktemp("hevc") / "clip.mov", 1, seconds=0.2)


async def test_many_clips_become_few_albums(
    tmp_path: Path, telegram: TestTelegram, hevc: Path
) -> None:
    """Nine HEVC clips are three albums, in order; one that is refused is missing in its album and holds up none."""
    telegram.faults.refuse("clip_3.mp4")
    home = Home.beside(tmp_path / "home", telegram, settings={"send": {"album": 4}})
    names = [f"clip_{n}.mov" for n in range(1, 10)]
    home.drop(make_zip(home.directory / "clips.zip", dict.fromkeys(names, hevc)))

    await home.inside()

    posts = albums(telegram.in_chat("media"))
    assert [len(post) for post in posts] == [3, 4, 1]
    sent = [message.name for post in posts for message in post]
    assert sent == [f"clip_{n}.mp4" for n in range(1, 10) if n != 3]
    assert [path.rpartition("/")[2] for path in home.lying("quarantine")] == ["0003_clip_3.mov"]
    assert home.at_work() == []


async def test_all_of_many_clips_become_full_albums(
    tmp_path: Path, telegram: TestTelegram, hevc: Path
) -> None:
    """Twenty-three HEVC clips, none of which is refused: ten, ten and three."""
    home = Home.beside(tmp_path / "home", telegram)
    names = [f"clip_{n}.mov" for n in range(1, 24)]
    home.drop(make_zip(home.directory / "clips.zip", dict.fromkeys(names, hevc)))

    await home.inside()

    posts = albums(telegram.in_chat("media"))
    assert [len(post) for post in posts] == [10, 10, 3]
    assert [m.name for post in posts for m in post] == [f"clip_{n}.mp4" for n in range(1, 24)]
    assert home.at_work() == []


async def test_what_is_converted_keeps_its_place_in_a_story(
    tmp_path: Path, telegram: TestTelegram, material: Material, hevc: Path
) -> None:
    """By name, with a clip among them that must be converted: one album, 1 to 5; and more than one, in their order."""
    home = Home.beside(tmp_path / "home", telegram, settings={"send": {"order": "name"}})
    plain, photo = material.clip("mp4", 1), material.photo(1)
    five = {"IMG_1.jpg": photo, "2.mp4": hevc, "3.jpg": photo, "4.mp4": plain, "5.jpg": photo}
    home.drop(make_zip(home.directory / "five.zip", five))
    photos = {f"{n}.jpg": photo for n in (*range(1, 14), 15)}
    more = photos | {"12.mov": hevc, "14.mov": hevc, "16.gif": tmp_path / "x.gif", "17.mov": hevc}
    del more["12.jpg"]
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    home.drop(make_zip(home.directory / "more.zip", more), "family")

    await home.inside()

    # In natural order numbers come before words.
    assert [[m.kind for m in post] for post in albums(telegram.in_chat("media"))] == [
        ["video", "photo", "video", "photo", "photo"]
    ]
    posts = albums(telegram.in_chat("family"))
    assert [len(post) for post in posts] == [10, 5, 1, 1]
    kinds = [message.kind for post in posts for message in post]
    assert kinds == [*["photo"] * 11, "video", "photo", "video", "photo", "gif", "video"]
    assert home.at_work() == []


async def test_a_wait_is_told(
    tmp_path: Path, telegram: TestTelegram, material: Material, hevc: Path
) -> None:
    """While a story waits for a film, status and explain say for what and until when; what was patient enough goes on."""
    settings: dict[str, dict[str, object]] = {
        "send": {"order": "name", "patience": "1h"},
        "convert": {"preset": "placebo"},  # so that it is not over before it was asked for
    }
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    long = material.clip("avi", 1, seconds=40.0, size=(640, 480))
    files = {"1.jpg": material.photo(1), "2.avi": long, "3.jpg": material.photo(3), "4.mov": hevc}
    home.drop(make_zip(home.directory / "story.zip", files))

    async with home.working() as service:
        await eventually(lambda: list((home.spool / "converting").glob("*/*@1_2.avi")))
        await eventually(lambda: [w for w in service.activity.waits.now(0) if w.kind == "album"])
        (wait,) = [w for w in service.activity.waits.now(0) if w.kind == "album"]
        (waiting,) = (home.spool / "deferred").glob("*/*_open")
        assert wait.until is not None
        assert wait.reason.startswith("2 files to keep their order with what is converted")
        assert sorted(path.name for path in waiting.iterdir()) == [
            "0001=0001_1.jpg",
            "0003=0003_3.jpg",
        ]
        told = await asyncio.to_thread(home.command_output, "explain", "default_story")
        assert "Waits until" in told.stdout
        assert "its album waits for what is converted" in told.stdout
        status = await asyncio.to_thread(home.command_output, "status")
        assert "files to keep their order with what is converted" in status.stdout
        await asyncio.to_thread(home.command_output, "retry", "default_story")
        await telegram.until(lambda: len(telegram.messages) >= 2)
        assert len({message.grouped_id for message in telegram.messages}) == 1
