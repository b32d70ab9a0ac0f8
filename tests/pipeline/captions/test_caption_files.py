"""Captions that people write in files beside what they drop, as Telegram received them."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from telespool.archives.members import Member
from telespool.pipeline.captions.text import CaptionText, read_caption
from telespool.pipeline.unpack.caption_files import CaptionFiles
from telespool.pipeline.unpack.sources import ExtractedMember
from telespool.spool.job_captions import CAPTION, NONE, JobCaptions
from tests.faults.support import HASTY, lives
from tests.harness import Home

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.telegram_server import TestTelegram


def _photo(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (shade, 90, 40)).save(path, "JPEG")


def _lay(folder: Path, files: Mapping[str, str | bytes | int]) -> Path:
    """Make a folder: a number is a photo of that shade."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, int):
            _photo(path, content)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def _zip(path: Path, folder: Path, last: tuple[str, ...] = ()) -> Path:
    """Pack a folder; these names come last in the archive."""
    names = [each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()]
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(names, key=lambda name: (name in last, name)):
            archive.write(folder / name, name)
    return path


def _captions(telegram: TestTelegram, chat: str) -> list[str]:
    return [message.caption for message in telegram.in_chat(chat)]


TRIP: dict[str, str | bytes | int] = {
    "caption.txt": "The **whole** trip",
    "1.jpg": 1,
    "2.jpg": 2,
    "2.jpg.caption.txt": "||Second||",
    "sea/3.jpg": 3,
    "sea/3.caption.txt": "Third",
    "sea/Caption.TXT": "By the _sea_",
    "sea/4.jpg": 4,
    "lost.caption.txt": "Nobody's",
}
DEEP: dict[str, str | bytes | int] = {"caption.txt": "Deep", "9.jpg": 9}
EXPECTED = ["The whole trip", "Second", "By the sea\n\nThird", ""]


@pytest.mark.telegram
async def test_captions_of_a_folder_and_an_archive(tmp_path: Path, telegram: TestTelegram) -> None:
    """Each album has the nearest caption.txt, each file its own; they are no files of their own, and each is accounted for."""
    settings: dict[str, dict[str, object]] = {
        "chats.packed": {"to": "@grace", "others": "document"}
    }
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    trip = _lay(tmp_path / "trip", TRIP)
    packed = _zip(tmp_path / "packed.zip", trip, last=("caption.txt", "sea/3.caption.txt"))
    home.drop(packed, "packed")
    home.drop(trip, "family")
    await home.inside(patience=HASTY)

    for chat in ("family", "grace"):
        assert _captions(telegram, chat) == EXPECTED
        groups = [message.grouped_id for message in telegram.in_chat(chat)]
        assert (groups[0] == groups[1], groups[2] == groups[3], groups[1] == groups[2]) == (
            True,
            True,
            False,
        )
    entities = [message.entities for message in telegram.in_chat("family")]
    assert entities[:3] == [(("Bold", 4, 5),), (("Spoiler", 0, 6),), (("Italic", 7, 3),)]
    for job in ("family", "packed"):
        [skipped] = (home.spool / "done").glob(f"*_{job}_*/skipped.txt")
        lines = dict(line.split(": ", 1) for line in skipped.read_text().splitlines())
        assert lines.pop("lost.caption.txt").startswith("a caption of lost, and nothing")
        assert set(lines.values()) == {CAPTION}
    assert home.lying("quarantine") == []


@pytest.mark.telegram
async def test_captions_beside_a_drop(tmp_path: Path, telegram: TestTelegram) -> None:
    """An archive, a folder, a photo alone and loose photos take the captions with them that lie beside them."""
    home = Home.beside(
        tmp_path / "home", telegram, settings={"inbox": {"settle": "0.2s"}, "send": {"album": 10}}
    )
    trip = _lay(tmp_path / "trip", {"1.jpg": 1, "2.jpg": 2})
    _zip(tmp_path / "tour.zip", trip)
    family = home.inbox / "family"
    _lay(family, {"tour.caption.txt": "**Tour**", "trip.caption.txt": "Trip"})
    shutil.copytree(trip, family / "trip")
    shutil.copy(tmp_path / "tour.zip", family)
    friend = home.inbox / "friend"
    _lay(friend, {"a.jpg": 5, "A.jpg.caption.txt": "Alone"})
    _lay(home.inbox, {"b.jpg": 6, "c.jpg": 7, "c.caption.txt": "C", "caption.txt": "Both"})
    shutil.copy(_zip(tmp_path / "deep.zip", _lay(tmp_path / "deep", DEEP)), home.inbox / "friend")
    _lay(friend, {"deep.zip.caption.txt": "superseded"})
    _lay(home.inbox, {"gone.jpg.caption.txt": "late"})
    await home.inside(patience=HASTY)

    assert sorted(_captions(telegram, "family")) == ["", "", "Tour", "Trip"]
    assert sorted(_captions(telegram, "grace")) == ["Alone", "Deep"]
    [skipped] = (home.spool / "done").glob("*_friend_deep/skipped.txt")
    assert "deep.zip.caption.txt: a caption for all of the drop" in skipped.read_text()
    assert _captions(telegram, "media") == ["Both", "C"]
    assert [path.name for path in home.inbox.iterdir() if path.is_file()] == [
        "gone.jpg.caption.txt"
    ]
    assert home.lying("quarantine") == []


@pytest.mark.telegram
@pytest.mark.parametrize("method", ["messages.sendMultiMedia", "upload.saveFilePart"])
async def test_a_caption_outlives_the_process(
    tmp_path: Path, telegram: TestTelegram, method: str
) -> None:
    """Whoever posts after a death knows the captions still, and none is posted twice."""
    home = Home.beside(tmp_path / "home", telegram)
    trip = _lay(tmp_path / "trip", TRIP)
    home.drop(_zip(tmp_path / "trip.zip", trip), "family")
    assert await lives(home, telegram, method, hang="after", nth=2)
    await home.inside(patience=HASTY)
    assert _captions(telegram, "family") == EXPECTED


@pytest.mark.telegram
async def test_captions_that_cannot_be_used_whole(tmp_path: Path, telegram: TestTelegram) -> None:
    """What is too long, too large, no text, or in other letters is told of; the files are posted all the same."""
    home = Home.beside(tmp_path / "home", telegram, settings={"send": {"album": 1}})
    files: dict[str, str | bytes | int] = {f"{n}.jpg": n for n in range(1, 7)}
    files |= {
        "1.jpg.caption.txt": "word " * 400 + "end",
        "2.jpg.caption.txt": b"x" * 70_000,
        "3.jpg.caption.txt": "Größe".encode("latin-1"),
        "4.jpg.caption.txt": b"\xff\xfe" + "Ähre".encode("utf-16-le"),
        "5.jpg.caption.txt": b"\x01\x02\x03 binary",
        "6.jpg.caption.txt": "\N{ZERO WIDTH NO-BREAK SPACE}Mark\r\nTwo",
    }
    home.drop(_lay(tmp_path / "odd", files), "family")
    await home.inside(patience=HASTY)

    captions = _captions(telegram, "family")
    assert 1000 < len(captions[0]) <= 1024
    assert captions[1:] == ["odd", "Größe", "Ähre", "odd", "Mark\nTwo"]
    [report] = (home.spool / "done").glob("*/report.txt")
    text = report.read_text()
    assert "the caption of 1.jpg was too long; left out of it:" in text
    assert f"3.jpg.caption.txt: {CAPTION}; it is not in UTF-8" in text
    assert f"2.jpg.caption.txt: {CAPTION}" not in text
    for said in ("more than 64 KiB", "not in UTF-8", "holds no text"):
        assert said in text


def test_what_captions_are_for() -> None:
    """By the whole name before the name without its ending; in archives inside as outside; the nearest one counts."""
    captions = CaptionFiles(JobCaptions(), "drop")
    names = {
        1: "a.jpg",
        2: "a.jpg.caption.txt",
        3: "a.caption.txt",
        4: "a.mov",
        5: "more.zip",
        6: "more.zip.caption.txt",
        7: "sub.caption.txt",
        8: "sub/deep/b.jpg",
        5_000_001: "c.jpg",
        5_000_002: "in/caption.txt",
        5_000_003: "in/d.jpg",
    }
    captions.expect(names)
    assert captions.waits(1, names.__contains__)
    for number in (2, 3, 6, 7, 5_000_002):
        member = Member(number, names[number], None)
        captions.came(ExtractedMember(member, left_out=CAPTION, caption=CaptionText("text")))
    assert not captions.waits(1, names.__contains__)
    found = {number: captions.of(number) for number in (1, 4, 8, 5_000_001, 5_000_003)}
    assert found == {
        1: (2, NONE),
        4: (3, NONE),
        8: (NONE, 7),
        5_000_001: (NONE, 6),
        5_000_003: (NONE, 5_000_002),
    }


def test_an_empty_caption_is_none(tmp_path: Path) -> None:
    """An empty file is a caption of no signs, not the caption of the configuration."""
    path = tmp_path / "caption.txt"
    path.write_bytes(b" \n")
    assert read_caption(path) == CaptionText("")
