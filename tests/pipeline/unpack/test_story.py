"""A drop told as a story, end to end: the real daemon, real ffmpeg, real Telethon, and the test Telegram."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests import live
from tests.harness import Home
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


def tiff(path: Path, pages: int) -> Path:
    """A picture of several pages."""
    first, *rest = (Image.new("RGB", (64, 48), (n * 60, 90, 30)) for n in range(pages))
    first.save(path, save_all=True, append_images=rest)
    return path


def told(telegram: TestTelegram, chat: str = "media") -> list[list[str]]:
    """What stands in a chat, album by album, by the names without their endings."""
    posts = albums(telegram.in_chat(chat))
    return [[str(message.name or message.kind).rpartition(".")[0] for message in p] for p in posts]


async def test_all_that_becomes_something_else_keeps_its_place(
    tmp_path: Path, telegram: TestTelegram, material: Material, hevc: Path
) -> None:
    """Pages, a panorama that goes as a file, a film, the clip of a photo that nobody can read: each where it stood."""
    settings: dict[str, dict[str, object]] = {"send": {"order": "name"}}
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    panorama = tmp_path / "panorama.jpg"
    Image.new("RGB", (4000, 100)).save(panorama)
    whole = live.still(tmp_path / "whole.heic", 1, "IDENTIFIER-ONE").read_bytes()
    broken = tmp_path / "broken.heic"
    broken.write_bytes(whole[:-200] + bytes(200))
    files = {
        "01.mp4": material.clip("mp4", 1),
        "02.tif": tiff(tmp_path / "02.tif", 3),
        "03.mp4": material.clip("mp4", 2),
        "04.jpg": panorama,
        "05.mov": hevc,
        "06.HEIC": broken,
        "06.MOV": live.clip(tmp_path / "06.mov", 2, "IDENTIFIER-ONE"),
        "07.mp4": material.clip("mp4", 3),
        "08.txt": material.named(tmp_path / "text", {"08.txt": home.config}) / "08.txt",
    }
    home.drop(make_zip(home.directory / "story.zip", files))

    await home.inside()

    kinds = [[message.kind for message in post] for post in albums(telegram.in_chat("media"))]
    assert kinds == [
        ["video", "photo", "photo", "photo", "video"],
        ["document"],
        ["video", "video", "video"],
    ]
    assert told(telegram)[1:] == [["04"], ["05", "06", "07"]]
    assert [path.rpartition("/")[2] for path in home.lying("quarantine")] == ["0006_06.HEIC"]
    assert home.at_work() == []


@pytest.mark.parametrize("album", [3, 10])
async def test_clips_that_go_apart_follow_their_photos(
    tmp_path: Path, telegram: TestTelegram, material: Material, album: int
) -> None:
    """Where live photos are refused a clip stands behind its photo, whatever their album holds."""
    telegram.storage.live_photos = False
    send: dict[str, object] = {"order": "name", "album": album}
    home = Home.beside(tmp_path / "home", telegram, settings={"send": send})
    files = {
        "1.heic": live.still(tmp_path / "1.heic", 1),
        "1.mov": live.clip(tmp_path / "1.mov", 1),
        "2.jpg": live.motion(tmp_path / "2.jpg", 2, material.clip("mp4", 2).read_bytes()),
        "3.jpg": live.still(tmp_path / "3.jpg", 3),
        "3.mp4": live.clip(tmp_path / "3.mp4", 3, codec="h264"),
        "4.jpg": material.photo(4),
        "5.mp4": material.clip("mp4", 5),
    }
    home.drop(make_zip(home.directory / "story.zip", files))

    await home.inside()

    kinds = [[message.kind for message in post] for post in albums(telegram.in_chat("media"))]
    if album == 10:
        assert kinds == [[*["photo", "video"] * 3, "photo", "video"]]
        assert told(telegram)[0][1::2] == ["1", "2", "3", "5"]
    else:
        assert kinds == [["photo", "video"]] * 4
        assert [post[1] for post in told(telegram)] == ["1", "2", "3", "5"]
    assert home.lying("quarantine") == []
    assert home.at_work() == []


def note(path: Path, name: str, seconds: int) -> Path:
    """What Google's Takeout lays beside a photo."""
    said = {"title": name, "photoTakenTime": {"timestamp": str(seconds), "formatted": "…"}}
    path.write_text(json.dumps(said))
    return path


@pytest.mark.parametrize("others", ["skip", "document"])
async def test_takeout_tells_when_photos_were_taken(
    tmp_path: Path, telegram: TestTelegram, material: Material, others: str
) -> None:
    """By its notes, however their names are cut; they count before what the files say, and are left out, and named."""
    settings: dict[str, dict[str, object]] = {
        "send": {"order": "taken"},
        "inbox": {"others": others},
    }
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    long = "a_screenshot_of_an_app_with_a_very_long_name_that_is_cut"
    moments = {"a.mp4": 40, f"{long}_1.mp4": 30, f"{long}_2.mp4": 10, "IMG_4.mp4": 20, "IMG_4(1).mp4": 50}  # fmt: skip
    notes = ["a.mp4.json", f"{long[:46]}.json", f"{long[:46]}(1).json", "IMG_4.mp4.supplemental-metadata.json", "IMG_4.mp4.suppl(1).json"]  # fmt: skip
    files = {}
    for number, (name, said) in enumerate(zip(moments, notes, strict=True)):
        files[f"Takeout/{name}"] = material.clip("mp4", number)
        files[f"Takeout/{said}"] = note(
            tmp_path / f"{number}.json", name.replace("(1)", ""), 1_000_000_000 + moments[name]
        )
    files["Takeout/b.json"] = material.named(tmp_path / "more", {"b": home.config}) / "b"
    home.drop(make_zip(home.directory / "takeout.zip", files))

    await home.inside()

    videos = [message.name for message in telegram.in_chat("media") if message.kind == "video"]
    assert videos == sorted(moments, key=lambda name: moments[name])
    report = next((home.spool / "done").glob("*/report.txt")).read_text()
    assert ("notes that belong to IMG_4(1).mp4" in report) == (others == "skip")
    documents = [message for message in telegram.in_chat("media") if message.kind == "document"]
    assert len(documents) == (0 if others == "skip" else len(notes) + 1)
    assert home.lying("quarantine") == []


async def test_chapters_are_sent_in_order_in_one_album(
    tmp_path: Path, telegram: TestTelegram, material: Material, hevc: Path
) -> None:
    """A GoPro's chapters share an album, whether they play as they are or are converted; a dashcam's by lens, a burst."""
    home = Home.beside(tmp_path / "home", telegram)
    plain, photo = material.clip("mp4", 1), material.photo(1)
    gopro = {f"{name}.MP4": plain for name in ("GX010001", "GX010002", "GX020001")}
    home.drop(make_zip(home.directory / "gopro.zip", gopro))
    converted = {f"A{n}.MOV": hevc for n in range(1, 10)} | dict.fromkeys(gopro, hevc)
    home.drop(make_zip(home.directory / "converted.zip", converted), "family")
    lenses = {f"20040612_153000_{lens}_00{n}.mp4": plain for lens in "RF" for n in (1, 2)}
    shots = {f"IMG_{n}.jpg": photo for n in range(8)}
    shots |= {f"IMG_9_BURST00{n}.jpg": photo for n in (1, 2, 3)}
    home.drop(make_zip(home.directory / "more.zip", lenses | shots), "friend")

    await home.inside()

    in_order = ["GX010001", "GX020001", "GX010002"]
    assert told(telegram) == [in_order]
    assert told(telegram, "family") == [[f"A{n}" for n in range(1, 10)], in_order]
    burst, more, cameras = albums(telegram.in_chat("grace"))
    assert (len(burst), len(more)) == (8, 3)
    assert [message.name for message in cameras] == sorted(lenses)
