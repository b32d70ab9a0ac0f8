"""What photos are sent as, as Telegram received them: `photos = "photo" | "hd" | "file" | "both"`."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.faults.support import HASTY, lives
from tests.harness import Home
from tests.material import make_zip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.telegram_server import Message, TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]
QUALITIES = ("photo", "hd", "file", "both")
SIDES = (3200, 2400)


def _home(directory: Path, telegram: TestTelegram) -> Home:
    """A daemon with a chat for each of the qualities."""
    settings: dict[str, dict[str, object]] = {
        f"chats.{each}": {"to": "@family", "photos": each, "caption": each} for each in QUALITIES
    }
    return Home.beside(directory, telegram, chats={"default": "@media"}, settings=settings)


def _photo(path: Path) -> bytes:
    Image.linear_gradient("L").resize(SIDES).convert("RGB").save(path, "JPEG", quality=95)
    return path.read_bytes()


def _received(telegram: TestTelegram, message: Message) -> Image.Image:
    return Image.open(io.BytesIO(telegram.content(message)))


def _reports(home: Home) -> dict[str, str]:
    """The report of each job, by the chat of the job."""
    found = home.spool.glob("done/*/report.txt")
    return {path.parent.name.split("_")[1]: path.read_text() for path in found}


async def test_a_photo_in_each_quality(tmp_path: Path, telegram: TestTelegram) -> None:
    """As it is, as HD, as a file, as both: the bytes, the pixels and the names, and what the report says of them."""
    home = _home(tmp_path / "home", telegram)
    source = tmp_path / "IMG_1.jpg"
    data = _photo(source)
    for quality in QUALITIES:
        home.drop(source, quality)
    await home.inside(patience=HASTY)

    by_number = sorted(telegram.in_chat("family"), key=lambda message: message.id)
    photo, hd, file, both, behind = sorted(by_number, key=_quality(by_number))
    assert [each.kind for each in (photo, hd, file, both, behind)] == [
        *("photo", "photo", "document", "photo", "document")
    ]
    assert {each.sha256 for each in (photo, file, both, behind)} == {sha256(data).hexdigest()}
    assert (file.name, behind.name, behind.caption) == ("IMG_1.jpg", "IMG_1.jpg", "")
    assert (both.silent, behind.silent) == (False, True)
    assert behind.id > both.id
    image = _received(telegram, hd)
    assert (image.format, image.size) == ("JPEG", (2560, 1920))
    assert image.info["progressive"]
    reports = _reports(home)
    for quality in ("photo", "hd", "both"):
        assert "1 of 1 photo kept at 2560 px" in reports[quality]
    assert "kept at" not in reports["file"]


def _quality(messages: list[Message]) -> Callable[[Message], tuple[int, int]]:
    """Sorts messages by the quality they were asked for, which stands in the caption of the first of a post."""
    places: dict[int, tuple[int, int]] = {}
    for message in messages:
        known = message.caption in QUALITIES
        place = QUALITIES.index(message.caption) if known else QUALITIES.index("both")
        places[message.id] = (place, message.id)
    return lambda message: places[message.id]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_file_behind_its_photo_stands_there_once(
    tmp_path: Path, telegram: TestTelegram, when: str
) -> None:
    """The process ends at each post of a pair in turn: two photos with two files behind them, once."""
    home = _home(tmp_path / "home", telegram)
    folder = tmp_path / "trip"
    folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (64, 48 + number)).save(folder / f"IMG_{number}.jpg")
    home.drop(folder, "both")
    nth = 1
    while await lives(home, telegram, hang=when, nth=nth, method="messages.sendMultiMedia"):
        nth += 1
    messages = telegram.in_chat("family")
    assert [message.kind for message in messages] == ["photo", "photo", "document", "document"]
    assert [message.name for message in messages[2:]] == ["IMG_1.jpg", "IMG_2.jpg"]
    assert len({message.grouped_id for message in messages}) == 2
    assert nth > 2
    assert home.at_work() == []


async def test_a_refused_file_is_told(tmp_path: Path, telegram: TestTelegram) -> None:
    """A file that Telegram refuses costs its photo nothing, and the report names it."""
    home = _home(tmp_path / "home", telegram)
    source = tmp_path / "IMG_1.jpg"
    Image.new("RGB", (64, 48)).save(source)
    home.drop(source, "both")
    telegram.faults.add(
        "messages.uploadMedia",
        error=(400, "FILE_CONTENT_TYPE_INVALID"),
        times=None,
        where=lambda request: hasattr(request.media, "mime_type"),
    )
    await home.inside(patience=HASTY)
    assert [message.kind for message in telegram.in_chat("family")] == ["photo"]
    assert "the file of IMG_1.jpg is not behind its photo" in _reports(home)["both"]


async def test_the_file_of_several_pages_goes_once(tmp_path: Path, telegram: TestTelegram) -> None:
    """As it was dropped, behind all its pages, in its place among the other files of the story."""
    settings: dict[str, dict[str, object]] = {"send": {"order": "name", "photos": "both"}}
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    folder = tmp_path / "trip"
    folder.mkdir()
    for name in ("1.jpg", "3.jpg"):
        Image.new("RGB", (64, 48), (int(name[0]), 9, 9)).save(folder / name)
    pages = [Image.new("RGB", (64, 48), (shade, 90, 30)) for shade in (50, 150)]
    pages[0].save(folder / "2.tif", save_all=True, append_images=pages[1:])
    home.drop(folder)
    await home.inside(patience=HASTY)

    messages = telegram.in_chat("media")
    assert [message.kind for message in messages] == [*["photo"] * 4, *["document"] * 3]
    assert [message.name for message in messages[4:]] == ["1.jpg", "2.tif", "3.jpg"]
    assert messages[5].sha256 == sha256((folder / "2.tif").read_bytes()).hexdigest()
    assert home.at_work() == []


@pytest.mark.parametrize("way", ["folder", "archive"])
async def test_pictures_that_are_not_read_are_named_as_what_they_are(
    tmp_path: Path, telegram: TestTelegram, way: str
) -> None:
    """Drawings, documents of painters and icons are left out, each with its kind; a photo that is cut is sent, and told."""
    home = Home.beside(tmp_path / "home", telegram)
    Image.effect_noise((800, 600), 80).convert("RGB").save(tmp_path / "a.jpg")
    Image.new("RGB", (32, 32)).save(tmp_path / "a.ico")
    files = {
        "cut.jpg": (tmp_path / "a.jpg").read_bytes()[:-2500],
        "icon.ico": (tmp_path / "a.ico").read_bytes(),
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "layers.psd": b"8BPS\0\1" + bytes(900),
    }
    made = tmp_path / "made"
    made.mkdir()
    for name, data in files.items():
        (made / name).write_bytes(data)
    paths = {name: made / name for name in files}
    home.drop(made if way == "folder" else make_zip(home.directory / "made.zip", paths))
    await home.inside(patience=HASTY)

    assert [message.kind for message in telegram.in_chat("media")] == ["photo"]
    (report,) = _reports(home).values()
    for name, kind in (
        ("icon.ico", "an icon (ICO)"),
        ("drawing.svg", "a drawing (SVG)"),
        ("layers.psd", "a Photoshop document (PSD)"),
    ):
        assert f"{name}: it is {kind}, which is not read" in report
    assert "cut.jpg: its last bytes are missing" in report
