"""Camera raws: left and named, as documents behind the photos, or as the photo inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests import live
from tests.harness import Home
from tests.material import Material, make_zip, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


def raw(path: Path) -> tuple[Path, Path]:
    """A camera raw, and the photo inside it."""
    inner = path.with_suffix(".inner.jpg")
    Image.effect_noise((800, 600), 50).save(inner)
    path.write_bytes(b"II*\0\x10\0\0\0CR\2\0" + inner.read_bytes() + b"\0" * 9)
    return path, inner


@pytest.mark.parametrize("rule", ["leave", "document", "jpeg", "jpeg as a file"])
async def test_raws(tmp_path: Path, telegram: TestTelegram, material: Material, rule: str) -> None:
    """One alone and one beside its photo, by each rule; none is sent twice, each that is not sent is named."""
    send: dict[str, object] = {"raw": rule.split(maxsplit=1)[0]}
    if "file" in rule:
        send["photos"] = "file"
    home = Home.beside(tmp_path / "home", telegram, settings={"send": send})
    alone, inner = raw(tmp_path / "alone.CR2")
    beside, _ = raw(tmp_path / "beside.CR2")
    files = {"a.CR2": alone, "b.CR2": beside, "b.JPG": material.photo(1)}
    home.drop(make_zip(home.directory / "raws.zip", files))

    await home.inside()

    messages = telegram.in_chat("media")
    sent = [(message.kind, message.sha256) for message in messages]
    photo = ("photo", sha256(material.photo(1)))
    report = next((home.spool / "done").glob("*/report.txt")).read_text()
    left = [name for name in ("a.CR2", "b.CR2") if f"{name}:" in report]
    if rule == "leave":
        assert (sent, left) == ([photo], ["a.CR2", "b.CR2"])
    elif rule == "document":
        documents = [("document", sha256(alone)), ("document", sha256(beside))]
        assert (sent, left) == ([photo, *documents], [])
    else:
        kind = "document" if "file" in rule else "photo"
        assert (sent, left) == ([(kind, sha256(inner)), (kind, photo[1])], ["b.CR2"])
        assert rule == "jpeg" or [message.name for message in messages] == ["a.jpg", "b.JPG"]
        assert messages[0].grouped_id == messages[1].grouped_id
    assert home.lying("quarantine") == []


@pytest.mark.parametrize("wanted", ["both", "edited", "original"])
async def test_versions_and_clips_of_raws(
    tmp_path: Path, telegram: TestTelegram, wanted: str
) -> None:
    """A raw is half of a live photo, and the original of what was edited of it, as the JPEG inside."""
    send: dict[str, object] = {"raw": "jpeg", "edited": wanted, "order": "name"}
    home = Home.beside(tmp_path / "home", telegram, settings={"send": send})
    files = {name: raw(tmp_path / name)[0] for name in ("IMG_4.dng", "IMG_7.dng", "IMG_8.dng")}
    files["IMG_4-Edit.jpg"] = live.still(tmp_path / "edit.jpg", 4)
    files["IMG_7.mov"] = live.clip(tmp_path / "7.mov", 7, codec="h264")
    files["IMG_8.mov"] = live.clip(tmp_path / "8.mov", 8, codec="h264")
    files["IMG_E8.jpg"] = live.still(tmp_path / "e8.jpg", 8)
    home.drop(make_zip(home.directory / "raws.zip", files))

    await home.inside()

    sent = [(message.name, message.clip is not None) for message in telegram.in_chat("media")]
    originals = [("IMG_4.jpg", False), ("IMG_7.jpg", True), ("IMG_8.jpg", True)]
    edited = [("IMG_4-Edit.jpg", False), ("IMG_E8.jpg", False)]
    assert sorted(sent) == sorted(
        {"both": originals + edited, "edited": [originals[1], *edited], "original": originals}[
            wanted
        ]
    )
    assert home.lying("quarantine") == []
