"""What Telegram does not take, against the real daemon: the others are posted, in order, as an album."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.support import HASTY, photos
from tests.material import make_zip, sha256

if TYPE_CHECKING:
    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


async def test_one_of_an_album_is_refused(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """MEDIA_INVALID for one of ten: nine are posted as an album, the one is converted and posted after them."""
    files = {f"VID_{n}.mp4": material.clip("mp4", n) for n in range(1, 11)}
    home.drop(make_zip(home.directory / "clips.zip", files), "family")
    telegram.faults.refuse("VID_4.mp4", times=1)
    await home.inside(patience=HASTY)
    album, copy = telegram.messages[:9], telegram.messages[9:]
    assert len({message.grouped_id for message in album}) == 1
    assert [message.name for message in album] == [name for name in files if name != "VID_4.mp4"]
    assert [(message.name, message.kind) for message in copy] == [("VID_4.mp4", "video")]
    assert copy[0].sha256 != sha256(files["VID_4.mp4"])
    assert home.at_work() == []
    assert home.lying("quarantine") == []


async def test_refused_only_when_it_is_posted(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A culprit that only the post itself refuses is found; the others are posted, it is converted."""
    files = {f"VID_{n}.mp4": material.clip("mp4", n) for n in range(1, 6)}
    home.drop(make_zip(home.directory / "clips.zip", files), "family")
    for method in ("sendMultiMedia", "sendMedia"):
        telegram.faults.refuse(sha256(files["VID_4.mp4"]), at=method)
    await home.inside(patience=HASTY)
    names = [message.name for message in telegram.messages]
    assert {*names} == {*files}
    assert len(names) == len(files)
    digests = {message.name: message.sha256 for message in telegram.messages}
    assert [name for name in files if digests[name] != sha256(files[name])] == ["VID_4.mp4"]
    assert home.at_work() == []


async def test_refused_twice(home: Home, telegram: TestTelegram, material: Material) -> None:
    """Refused as it is and converted: the original lies in quarantine byte for byte, its note names the error, no copy is left."""
    original = material.clip("mp4", 4)
    home.drop(original, "family", "VID_4.mp4")
    telegram.faults.refuse("VID_4.mp4", "VIDEO_FILE_INVALID")
    await home.inside(patience=HASTY)
    (kept,) = (home.spool / "quarantine").rglob("*VID_4.mp4")
    assert sha256(kept) == sha256(original)
    assert "VIDEO_FILE_INVALID" in home.notes()[kept.name]
    assert not list(home.spool.rglob("*c_VID_4*"))
    assert telegram.messages == []
    assert home.at_work() == []


async def test_photo_that_is_refused(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A photo that is refused is made anew; refused again, it goes as a document; the others are an album."""
    files = photos(material, 4)
    home.drop(make_zip(home.directory / "photos.zip", files), "family")
    telegram.faults.refuse("IMG_2.jpg", "IMAGE_PROCESS_FAILED", times=2)
    await home.inside(patience=HASTY)
    kinds = {message.name: message.kind for message in telegram.messages}
    assert len(telegram.messages) == 4
    assert kinds.pop("IMG_2.jpg") in {"photo", "document"}
    assert set(kinds.values()) == {"photo"}
    assert home.at_work() == []
    assert home.lying("quarantine") == []


async def test_unknown_error(home: Home, telegram: TestTelegram, material: Material) -> None:
    """An error nobody knows ends in quarantine with its name, and the others are posted."""
    files = photos(material, 4)
    home.drop(make_zip(home.directory / "photos.zip", files), "family")
    telegram.faults.refuse("IMG_2.jpg", "BAD_HAIR_DAY")
    await home.inside(patience=HASTY)
    assert [message.name for message in telegram.messages] == [
        "IMG_1.jpg",
        "IMG_3.jpg",
        "IMG_4.jpg",
    ]
    (note,) = home.notes().values()
    assert "BAD_HAIR_DAY" in note
