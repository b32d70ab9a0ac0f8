"""Every key of [chats.NAME] in effect, as Telegram received it; and wrong values, with their places."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from telespool.config import loader
from telespool.config.schema import ChatSettings
from telespool.errors import ConfigError
from telespool.spool.names import Job
from tests.faults.support import HASTY, lives
from tests.harness import Home
from tests.telegram_server.forums import Forum

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.material import Material
    from tests.telegram_server import Message, TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]

FIRST_TOPIC, SECOND_TOPIC = 2, 3


@dataclass(frozen=True)
class Row:
    """A value of a key, what is dropped for a chat that has it, and what must be true of its messages."""

    value: object
    holds: Callable[[list[Message]], bool]
    drops: dict[str, str] = field(default_factory=lambda: {"trip/1.jpg": "photo"})
    also: dict[str, object] = field(default_factory=dict)
    wrong: object = 7


def _kinds(messages: list[Message]) -> list[str]:
    return [message.kind for message in messages]


ROWS = {
    "to": Row("@grace", lambda found: [each.chat for each in found] == ["grace"], wrong=True),
    "topic": Row(
        "First", lambda found: [each.topic for each in found] == [FIRST_TOPIC], wrong=True
    ),
    "subfolders": Row(
        "topics",
        lambda found: [each.topic for each in found] == [SECOND_TOPIC],
        {"Second/trip/1.jpg": "photo"},
    ),
    "send_as": Row(
        "@media", lambda found: [each.send_as for each in found] == ["media"], wrong="?"
    ),
    "caption": Row(
        "**{archive}** {count}",
        lambda found: (found[0].caption, found[0].entities) == ("trip 1", (("Bold", 0, 4),)),
        wrong="{nonsense}",
    ),
    "album": Row(
        2,
        lambda found: [each.grouped_id is not None for each in found] == [True, True, False],
        {f"trip/{n}.jpg": "photo" for n in (1, 2, 3)},
        wrong=11,
    ),
    "order": Row(
        "name",
        lambda found: _kinds(found) == ["photo", "video", "photo"],
        {"trip/1.jpg": "photo", "trip/2.mp4": "video", "trip/3.jpg": "photo"},
    ),
    "patience": Row(
        0,
        lambda found: [each.grouped_id for each in found] == [None, None],
        {"trip/1.avi": "film", "trip/2.avi": "film"},
        wrong=-1,
    ),
    "live_photos": Row(
        "still",
        lambda found: _kinds(found) == ["photo"],
        {"trip/IMG_1.jpg": "photo", "trip/IMG_1.mp4": "video"},
    ),
    "edited": Row(
        "edited",
        lambda found: len(found) == 1,
        {"trip/IMG_0001.jpg": "photo", "trip/IMG_E0001.jpg": "photo"},
    ),
    "raw": Row(
        "document",
        lambda found: sorted(_kinds(found)) == ["document", "photo"],
        {"trip/1.jpg": "photo", "trip/2.dng": "raw"},
    ),
    "silent": Row(
        "after-first",
        lambda found: [each.silent for each in found] == [False, True],
        {"trip/1.jpg": "photo", "trip/2.jpg": "photo"},
        {"album": 1},
    ),
    "photos": Row("file", lambda found: _kinds(found) == ["document"]),
    "video_cover": Row(
        value=True,
        holds=lambda found: [each.cover is not None for each in found] == [True],
        drops={"trip/1.mp4": "video"},
    ),
    "spoiler": Row(value=True, holds=lambda found: all(each.spoiler for each in found)),
    "protect": Row(value=True, holds=lambda found: all(each.protected for each in found)),
    "caption_above": Row(value=True, holds=lambda found: all(each.caption_above for each in found)),
    "duplicates": Row(
        "skip", lambda found: len(found) == 1, {"trip/1.jpg": "photo", "tour/1.jpg": "photo"}
    ),
    "others": Row(
        "document",
        lambda found: sorted(_kinds(found)) == ["document", "photo"],
        {"trip/1.jpg": "photo", "trip/2.txt": "text"},
    ),
}


def _alias(key: str) -> str:
    return f"key-{key.replace('_', '-')}"


def _lay(path: Path, what: str, number: int, material: Material | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if what == "video" and material is not None:
        path.write_bytes(material.clip("mp4", 1).read_bytes())
    elif what == "film" and material is not None:
        path.write_bytes(material.clip("avi", 1).read_bytes())
    elif what == "raw":
        path.write_bytes(b"")
        Image.new("RGB", (16, 12)).save(path, "TIFF", tiffinfo={50706: b"\x01\x04\x00\x00"})
    elif what == "text":
        path.write_text("notes")
    else:
        Image.new("RGB", (40, 30), (number, 90, 40)).save(path, "JPEG")


def test_every_key_has_a_row() -> None:
    """A key that nobody looks at here is no key."""
    assert set(ROWS) == {each.name for each in dataclasses.fields(ChatSettings)}


async def test_every_key_is_in_effect(
    tmp_path: Path, telegram: TestTelegram, material: Material
) -> None:
    """A chat for each key, all in one run: what arrived is as the key says, and would be otherwise without it."""
    forum = telegram.chat("family").forum = Forum()
    for title in ("First", "Second"):
        forum.add(telegram.chat("family"), title)
    settings: dict[str, dict[str, object]] = {
        f"chats.{_alias(key)}": {"to": "@family", **row.also, key: row.value}
        for key, row in ROWS.items()
    }
    home = Home.beside(tmp_path / "home", telegram, chats={"default": "@media"}, settings=settings)
    for place, (key, row) in enumerate(ROWS.items()):
        made = tmp_path / key
        for number, (name, what) in enumerate(row.drops.items()):
            _lay(made / name, what, place * 10 + (0 if key == "duplicates" else number), material)
        for drop in sorted(made.iterdir()):
            if key == "subfolders":
                home.drop(drop / "trip", f"{_alias(key)}/{drop.name}")
            else:
                home.drop(drop, _alias(key))
    await home.inside(patience=HASTY)

    chats = {}
    for path in (home.spool / "done").glob("*/**/*+*"):
        job = next(Job.parse(part) for part in path.parts if Job.parse(part))
        receipt = path.name.partition("+")[2].partition("_")[0]
        if job is not None and receipt.isdecimal():
            chats[int(receipt), "grace" if job.chat == _alias("to") else "family"] = job.chat
    found: dict[str, list[Message]] = {}
    for message in telegram.messages:
        found.setdefault(chats.get((message.id, message.chat), ""), []).append(message)
    wrong = {
        key: found.get(_alias(key), [])
        for key, row in ROWS.items()
        if not found.get(_alias(key)) or not row.holds(found[_alias(key)])
    }
    assert not wrong
    others = [each for alias, messages in found.items() for each in messages]
    general = [
        key for key, row in ROWS.items() if not row.drops.keys() - {"trip/1.jpg"} and not row.also
    ]
    for key in general:
        assert sum(ROWS[key].holds([each]) for each in others) < len(others), f"{key} shows nothing"


@pytest.mark.parametrize("key", ROWS)
def test_a_wrong_value_is_named_with_its_place(key: str) -> None:
    """The line of the key, the chat and the key stand in the sentence."""
    values: dict[str, Any] = {"to": "@family", key: ROWS[key].wrong}
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    before = (
        'destination = "telegram"\n[telegram]\napi_id = 1\n[chats]\ndefault = "me"\n[chats.club]'
    )
    text = "\n".join([before, *lines])
    line = text.splitlines().index(next(each for each in lines if each.startswith(f"{key} = "))) + 1
    with pytest.raises(ConfigError) as refused:
        loader.parse(text, "config.toml")
    assert f"config.toml:{line}: chats.club.{key}: " in refused.value.reason


async def test_forty_albums_ring_once(tmp_path: Path, telegram: TestTelegram) -> None:
    """With "after-first" the first album of a job rings and the others do not, also after the process ended."""
    settings: dict[str, dict[str, object]] = {"send": {"silent": "after-first", "album": 2}}
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    trip = tmp_path / "trip"
    for number in range(1, 81):
        _lay(trip / f"{number}.jpg", "photo", number, None)
    home.drop(trip, "family")
    assert await lives(home, telegram, "messages.sendMultiMedia", hang="after", nth=20)
    await home.inside(patience=HASTY)
    silent: dict[int | None, bool] = {}
    for message in telegram.in_chat("family"):
        silent.setdefault(message.grouped_id, message.silent)
    assert [*silent.values()] == [False] + [True] * 39


async def test_the_fields_of_captions(
    tmp_path: Path, telegram: TestTelegram, material: Material
) -> None:
    """Each field stands for what is true of its post; of a caption that is too long the report has the rest."""
    template = (
        "{archive};{name};{names};{chat};{topic};{folder};{first};{last};{count};{photos};{videos};{size};{duration}"
        ";{taken};{counter}"
    )
    settings: dict[str, dict[str, object]] = {
        "send": {"caption": template},
        "chats.long": {"to": "@family", "caption": "start " + "word " * 300 + "end"},
    }
    home = Home.beside(tmp_path / "home", telegram, chats={"default": "@media"}, settings=settings)
    trip = tmp_path / "trip"
    for number in (1, 2):
        _lay(trip / "DCIM" / f"IMG_20010203_101112_{number}.jpg", "photo", number, None)
    _lay(trip / "DCIM" / "VID_20010203_101112.mp4", "video", 3, material)
    home.drop(trip)
    home.drop(trip, "long")
    await home.inside(patience=HASTY)

    photos, film = (each.caption.split(";") for each in telegram.in_chat("media") if each.caption)
    assert photos[0] == film[0] == "trip"
    assert photos[1] == "IMG_20010203_101112_1.jpg"
    assert film[1] == "VID_20010203_101112.mp4"
    assert photos[2] == "IMG_20010203_101112_1.jpg, IMG_20010203_101112_2.jpg"
    assert photos[3:11] == ["default", "", "DCIM", "1", "2", "2", "2", "0"]
    assert film[3:11] == ["default", "", "DCIM", "3", "3", "1", "0", "1"]
    assert (photos[12], film[12]) == ("", "0:01")
    assert (photos[13], photos[14], film[14]) == ("2001-02-03", "1", "2")
    [report] = (home.spool / "done").glob("*_long_*/report.txt")
    assert "the caption was too long; left out of it: " in report.read_text()
    assert report.read_text().count("end") >= 1
    longest = max(len(each.caption) for each in telegram.in_chat("family"))
    assert 1000 < longest <= 1024
