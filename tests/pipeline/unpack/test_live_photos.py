"""Live photos, end to end: the real daemon, real ffmpeg, real Telethon, and the test Telegram."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
from typing import TYPE_CHECKING, Any, Literal

import pytest
from telethon.tl import types

from telespool.destinations.folder.destination import FolderDestination
from telespool.pipeline.send.live_photos import DAMAGED
from telespool.service.service import Service
from tests import live
from tests.harness import Home
from tests.material import make_zip, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram
    from tests.telegram_server.records import Message

pytestmark = [pytest.mark.telegram, pytest.mark.media]

NAMES = ["IMG_1.HEIC", "IMG_2.HEIC", "IMG_3.HEIC", "PXL_4.MP.jpg"]


def shown(messages: list[Message]) -> list[tuple[str, bool]]:
    """What stands in the chat: the kind, and whether it is a live photo."""
    return [(message.kind, message.clip is not None) for message in messages]


async def test_live_photos_are_one_album(
    tmp_path: Path, telegram: TestTelegram, phones: dict[str, Path]
) -> None:
    """Four live photos in one post, and nothing else; every file has its receipt, and each clip its caption."""
    home = Home.beside(tmp_path / "home", telegram)
    captions = {
        "IMG_1.MOV": "the clip",
        "IMG_2.HEIC": "the still",
        "IMG_2.MOV": "its clip",
        "IMG_3": "both",
    }
    texts = {}
    for name, text in captions.items():
        texts[f"{name}.caption.txt"] = tmp_path / name
        (tmp_path / name).write_text(text)
    home.drop(make_zip(home.directory / "phones.zip", {**phones, **texts}))

    await home.inside()

    messages = telegram.in_chat("media")
    assert shown(messages) == [("photo", True)] * 4
    told = ["the clip", "the still\n\nits clip", "both", ""]
    assert [message.caption for message in messages] == told
    assert len({message.grouped_id for message in messages}) == 1
    assert len({message.clip for message in messages}) == 4
    assert all(0 < (message.clip_seconds or 0) <= 1 for message in messages)
    assert home.at_work() == []
    assert home.lying("quarantine") == []
    receipts = [path.rpartition("/")[2] for path in home.lying("done")]
    for name in NAMES[:3]:
        still = next(each for each in receipts if each.endswith(f"_{name}"))
        number, _, message = still.partition("_")[0].partition("+")
        clip = f"~{number}+{message}_{name.replace('.HEIC', '.MOV')}"
        assert any(each.endswith(clip) for each in receipts)
    verified = await asyncio.to_thread(home.command_output, "verify", "--all")
    assert verified.returncode == 0, verified.stdout


@pytest.mark.parametrize("at", ["uploadMedia", "sendMultiMedia"])
async def test_refused_they_go_apart(
    tmp_path: Path, telegram: TestTelegram, phones: dict[str, Path], at: str
) -> None:
    """A server that takes no live photos, from the start or in posts alone: four photos, then their clips, nothing twice."""
    if at == "uploadMedia":
        telegram.storage.live_photos = False
    else:

        def is_live(request: Any) -> bool:
            return any(getattr(one.media, "live_photo", None) for one in request.multi_media)

        telegram.faults.add(
            "sendMultiMedia", where=is_live, error=(400, "MEDIA_INVALID"), times=None
        )
    home = Home.beside(tmp_path / "home", telegram)
    home.drop(make_zip(home.directory / "phones.zip", phones))

    await home.inside()

    messages = telegram.in_chat("media")
    assert sorted(shown(messages)) == [("photo", False)] * 4 + [("video", False)] * 4
    assert shown(messages)[:4] == [("photo", False)] * 4
    assert len({message.grouped_id for message in messages[:4]}) == 1
    clips = [message.name for message in messages[4:]]
    assert clips == ["IMG_1.mp4", "IMG_2.mp4", "IMG_3.mp4", "PXL_4.MP.mp4"]
    assert len({message.grouped_id for message in messages[4:]}) == 1
    assert home.at_work() == []
    assert home.lying("quarantine") == []


@pytest.mark.parametrize(
    ("order", "culprit", "at"),
    [
        ("name", "IMG_1_E.jpg", "uploadMedia"),
        ("kind", "IMG_1_E.jpg", "uploadMedia"),
        ("name", "IMG_1_E.jpg", "sendMultiMedia"),
        ("name", "IMG_2.jpg", "sendMultiMedia"),
    ],
)
async def test_a_neighbour_that_is_refused_costs_nobody_its_clip(
    tmp_path: Path,
    telegram: TestTelegram,
    phones: dict[str, Path],
    order: str,
    culprit: str,
    at: str,
) -> None:
    """A photo that becomes a file, or for which an album is refused, goes behind: the others are one album, alive."""
    send: dict[str, object] = {"order": order, "photos": "both"}
    home = Home.beside(tmp_path / "home", telegram, settings={"send": send})
    files = {name: path for name, path in phones.items() if "_3" not in name}
    files["IMG_1_E.jpg"] = live.still(tmp_path / "e.jpg", 5)
    files["IMG_1_F.jpg"] = live.still(tmp_path / "f.jpg", 6)
    files["IMG_1_F.jpg.caption.txt"] = tmp_path / "told"
    files["IMG_1_F.jpg.caption.txt"].write_text("its own")

    def is_refused(request: Any) -> bool:
        if at == "uploadMedia":
            return isinstance(request.media, types.InputMediaUploadedPhoto)
        media = [one.media for one in getattr(request, "multi_media", [request])]
        mine = next(each for each in media if telegram.storage.media[each.id.id].name == culprit)
        return culprit == "IMG_1_E.jpg" or bool(mine.live_photo)

    for method in {at, "sendMedia" if culprit == "IMG_2.jpg" else at}:
        error = (400, "PHOTO_INVALID_DIMENSIONS")
        telegram.faults.add(method, file=culprit, where=is_refused, error=error, times=None)
    home.drop(make_zip(home.directory / "mix.zip", files))

    await home.inside()

    messages = telegram.in_chat("media")
    innocent = ["IMG_1.jpg", "IMG_1_E.jpg", "IMG_1_F.jpg", "IMG_2.jpg", "PXL_4.MP.jpg"]
    innocent.remove(culprit)
    album = [message for message in messages if message.grouped_id == messages[0].grouped_id]
    assert [message.name for message in album] == innocent
    assert all((each.clip is None) == ("_1_" in str(each.name)) for each in album)
    assert album[innocent.index("IMG_1_F.jpg")].caption == "its own"
    behind = [message for message in messages[len(album) :] if not message.silent]
    kinds = {"IMG_2.jpg": ["photo", "video"]}.get(
        culprit, ["document" if at == "uploadMedia" else "photo"]
    )
    assert [message.kind for message in behind] == kinds
    assert f"+{messages[0].id}_album/" in home.lying("done")[1]
    assert home.lying("quarantine") == []
    assert home.at_work() == []


async def test_a_single_motion_photo_needs_no_archive(
    tmp_path: Path, telegram: TestTelegram, phones: dict[str, Path]
) -> None:
    """Dropped alone it is a live photo as well; where that is refused, a photo and a video."""
    home = Home.beside(tmp_path / "home", telegram)
    home.drop(phones["PXL_4.MP.jpg"])
    await home.inside()
    telegram.storage.live_photos = False
    home.drop(phones["PXL_4.MP.jpg"], name="other.jpg")
    await home.inside()

    assert shown(telegram.in_chat("media")) == [("photo", True), ("photo", False), ("video", False)]
    assert home.lying("quarantine") == []


@pytest.mark.parametrize("maker", ["google", "samsung"])
async def test_a_clip_that_is_cut_off_is_told(
    tmp_path: Path, telegram: TestTelegram, maker: Literal["google", "samsung"]
) -> None:
    """The photo is sent; the report, and explain before, say that its clip is damaged, missing, or breaks off."""
    film = live.clip(tmp_path / "film.mp4", 4, codec="h264", seconds=2.0)
    fast = tmp_path / "fast.mp4"
    plain = ("ffmpeg", "-v", "error", "-i", str(film), "-c", "copy")
    subprocess.run([*plain, "-movflags", "faststart", str(fast)], check=True)
    files = {}
    for name, whole, cut in (
        ("a.jpg", film.read_bytes(), film.stat().st_size // 2),
        ("b.jpg", fast.read_bytes(), fast.stat().st_size // 3),
        ("c.jpg", film.read_bytes(), film.stat().st_size - 4),
    ):
        files[name] = live.motion(tmp_path / name, 4, whole, maker=maker)
        files[name].write_bytes(files[name].read_bytes()[:-cut])
    home = Home.beside(tmp_path / "home", telegram)
    home.drop(make_zip(home.directory / "cut.zip", files))

    await home.inside()

    assert shown(telegram.in_chat("media")) == [("photo", False), ("photo", True), ("photo", False)]
    report = next((home.spool / "done").glob("*/report.txt")).read_text()
    assert f"a.jpg: {DAMAGED}" in report
    assert "b.jpg, the clip: it breaks off" in report
    assert "c.jpg: it " in report
    assert home.lying("quarantine") == []
    told = [await asyncio.to_thread(home.command_output, "explain", str(files[n])) for n in files]
    assert DAMAGED in told[0].stdout
    assert "its clip" in told[1].stdout
    assert "the photo alone" in told[2].stdout


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [("both", ["photo", "photo", "video"]), ("still", ["photo", "photo"])],
)
async def test_other_rules(
    tmp_path: Path, telegram: TestTelegram, phones: dict[str, Path], rule: str, kinds: list[str]
) -> None:
    """Both halves as messages of their own; or the stills alone, and what is left out is named."""
    home = Home.beside(tmp_path / "home", telegram, settings={"send": {"live_photos": rule}})
    film = live.clip(tmp_path / "b.mov", 7, codec="h264")
    files = {
        "a.jpg": live.still(tmp_path / "a.jpg", 7),
        "b.jpg": live.still(tmp_path / "b.jpg", 8),
        "b.mov": film,
    }
    home.drop(make_zip(home.directory / "b.zip", files))

    await home.inside()

    assert [message.kind for message in telegram.in_chat("media")] == kinds
    report = next((home.spool / "done").glob("*/report.txt")).read_text()
    assert ("b.mov: the clip of a live photo" in report) == (rule == "still")


async def test_a_long_film_beside_a_photo_is_none_of_its_own(
    tmp_path: Path, telegram: TestTelegram
) -> None:
    """What plays for more than ten seconds, or has another identifier, is a video."""
    files = {
        "a.jpg": live.still(tmp_path / "a.jpg", 1),
        "a.mov": live.clip(tmp_path / "a.mov", 1, codec="h264", seconds=11.0),
        "b.jpg": live.still(tmp_path / "b.jpg", 2, "IDENTIFIER-ONE"),
        "b.mov": live.clip(tmp_path / "b.mov", 2, "IDENTIFIER-TWO", codec="h264"),
        "c.jpg": live.still(tmp_path / "c.jpg", 3, "IDENTIFIER-TWO"),
    }
    home = Home.beside(tmp_path / "home", telegram)
    home.drop(make_zip(home.directory / "some.zip", files))

    await home.inside()

    messages = telegram.in_chat("media")
    assert shown(messages) == [
        ("photo", False),
        ("photo", False),
        ("photo", True),
        ("video", False),
    ]
    assert messages[0].sha256 == sha256(files["a.jpg"])


async def test_a_folder_shows_the_clip_beside_its_still(
    tmp_path: Path, telegram: TestTelegram, phones: dict[str, Path]
) -> None:
    """The folder destination keeps both files of a live photo in its post, and says which belongs to which."""
    home = Home.beside(tmp_path / "home", telegram)
    service = home.service()
    posts = tmp_path / "posts"
    config = dataclasses.replace(service.config, chats={"default": "me"})
    home.drop(
        make_zip(
            home.directory / "phones.zip",
            {n: p for n, p in phones.items() if "_1" in n or "PXL" in n},
        )
    )

    await Service(config, FolderDestination(posts, config.chats)).run(until_idle=True)

    (record,) = posts.glob("default/*/post.json")
    media = json.loads(record.read_text())["media"]
    assert [medium["clip"] for medium in media] == ["IMG_1.mp4", "PXL_4.MP.mp4"]
    assert all((record.parent / medium["clip"]).stat().st_size for medium in media)
