"""What is to be done with a file, by its content."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pillow_heif
import pytest
from PIL import Image

from telespool.errors import ToolFault
from telespool.media.compatibility import assess
from tests.media.clips import CLIPS, ONE_OF_EACH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

pytestmark = pytest.mark.media

pillow_heif.register_heif_opener()


@pytest.mark.parametrize("name", ONE_OF_EACH)
async def test_odd_videos(
    clip: Callable[[str], Path], settings: ConvertSettings, name: str
) -> None:
    """Every odd video gets its verdict, and all but those that play as they are get reasons."""
    verdict = await assess(clip(name), settings)
    assert verdict.action == CLIPS[name].verdict
    assert bool(verdict.reasons) == (verdict.action != "send")


async def test_json(clip: Callable[[str], Path], settings: ConvertSettings) -> None:
    """The verdict can be printed as JSON, with kind, verdict, reasons and streams."""
    told = json.loads(json.dumps((await assess(clip("opus.mkv"), settings)).to_json()))
    assert (told["kind"], told["verdict"]) == ("video", "audio")
    assert any("opus" in reason for reason in told["reasons"])
    assert len(told["streams"]) == 2


@pytest.mark.parametrize(
    ("name", "width", "height", "silent"),
    [
        ("plain.mp4", 160, 120, False),
        ("silent.mp4", 160, 120, True),
        ("turned-90.mp4", 120, 160, False),
        ("wide-pixels.mp4", 213, 120, False),
    ],
)
async def test_frame(
    clip: Callable[[str], Path],
    settings: ConvertSettings,
    name: str,
    width: int,
    height: int,
    silent: bool,
) -> None:
    """A video's frame is what is seen on the screen: turned, with square pixels."""
    frame = (await assess(clip(name), settings)).frame
    assert frame is not None
    assert (frame.width, frame.height, frame.silent) == (width, height, silent)
    assert frame.duration == pytest.approx(4.0, abs=0.1)


async def test_too_large_for_one_message(
    clip: Callable[[str], Path], settings: ConvertSettings
) -> None:
    """A video that plays as it is but is too large is split."""
    path = clip("plain.mp4")
    size = path.stat().st_size
    assert (await assess(path, settings, max_bytes=size)).action == "send"
    assert (await assess(path, settings, max_bytes=size - 1)).action == "split"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no-index.mp4", "ends before its index"),
        ("empty.mp4", "is empty"),
        ("playlist.mp4", "is a playlist"),
        ("concat.avi", "is a playlist"),
        ("protected.mp4", "protected against copying"),
        ("text.mp4", "no photo or video"),
    ],
)
async def test_sentences(
    clip: Callable[[str], Path], settings: ConvertSettings, name: str, words: str
) -> None:
    """Who is refused is told in a sentence that names the file and what is wrong with it."""
    (reason,) = (await assess(clip(name), settings)).reasons
    assert name in reason
    assert words in reason


async def test_a_huge_picture_is_refused_before_it_is_decoded(
    clip: Callable[[str], Path], settings: ConvertSettings
) -> None:
    """A video whose pictures are larger than the limit is refused."""
    verdict = await assess(clip("plain.mp4"), replace(settings, max_pixels=160 * 120 - 1))
    assert verdict.action == "refuse"
    assert "160 × 120" in verdict.reasons[0]


async def test_photos(tmp_path: Path, settings: ConvertSettings) -> None:
    """Photos are sent, those of an extreme shape as documents; GIFs that move are GIFs, others are photos."""
    picture = Image.new("RGB", (300, 10))
    picture.save(tmp_path / "long.png")
    picture.resize((30, 20)).save(tmp_path / "a.heic")
    picture.resize((30, 20)).save(tmp_path / "still.gif")
    picture.save(
        tmp_path / "moves.gif", save_all=True, append_images=[Image.new("RGB", (300, 10), "red")]
    )
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    found = {path.name: await assess(path, settings) for path in sorted(tmp_path.iterdir())}
    told = {name: (verdict.kind, verdict.action) for name, verdict in found.items()}
    assert told == {
        "a.heic": ("photo", "send"),
        "broken.jpg": ("unreadable", "refuse"),
        "long.png": ("photo", "document"),
        "moves.gif": ("gif", "send"),
        "still.gif": ("photo", "send"),
    }
    assert found["a.heic"].reasons


async def test_content_counts_and_not_the_name(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """A video is one under any name, and a text is none even where it is unknown."""
    video = tmp_path / "letter.txt"
    video.write_bytes(clip("h264.mkv").read_bytes())
    assert (await assess(video, settings)).kind == "video"
    noise = tmp_path / "data.bin"
    noise.write_bytes(clip("noise.mp4").read_bytes())
    assert (await assess(noise, settings)).action == "skip"


async def test_without_ffprobe(clip: Callable[[str], Path], settings: ConvertSettings) -> None:
    """Where ffprobe is missing a sentence says so."""
    with pytest.raises(ToolFault, match=r"no-such-program.* is not installed"):
        await assess(clip("plain.mp4"), replace(settings, ffprobe="no-such-program"))
