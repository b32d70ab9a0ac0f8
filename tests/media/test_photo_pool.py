"""Photos in children: what fills the memory or crashes its decoder costs itself, and a broken decoder blames no photo."""

from __future__ import annotations

import asyncio
import io
import os
import struct
from typing import TYPE_CHECKING

import pytest
import structlog
from PIL import Image, TiffImagePlugin

from telespool.errors import Permanent, ToolFault
from telespool.media import photo_pool
from telespool.media.known_good import SAMPLES
from telespool.model import Picture
from telespool.runtime.tool_health import HEALTH
from tests.material import make_bomb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CRASHES = """
import os
from PIL import ImageFile

real = ImageFile.ImageFile.load
def load(self):
    if {when}:
        os.kill(os.getpid(), {signal})
    return real(self)
ImageFile.ImageFile.load = load
"""


@pytest.fixture(autouse=True)
def own_children() -> Iterator[None]:
    """No child of another test answers here, and none of ours elsewhere."""
    photo_pool.close()
    HEALTH.reset()
    yield
    photo_pool.close()
    HEALTH.reset()


def _photo(path: Path, size: tuple[int, int] = (160, 120)) -> Path:
    Image.new("RGB", size, "teal").save(path)
    return path


def _patched(directory: Path, patch: pytest.MonkeyPatch, code: str) -> None:
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(code)
    patch.setenv("PYTHONPATH", os.fspath(directory))


async def test_every_sample_is_decoded(tmp_path: Path) -> None:
    """The samples that vouch for the decoders are good themselves."""
    for sample in SAMPLES.glob("photo.*"):
        assert (await photo_pool.look(sample)).width == 32
        made, shown = await photo_pool.acceptable_photo(sample, tmp_path, preview=True)
        assert made.exists()
        assert shown is not None
        assert shown.width == 32


async def test_what_fills_the_memory_costs_itself(tmp_path: Path) -> None:
    """A picture that needs more memory than it gets is refused for that, not as damaged; the next one is decoded."""
    with pytest.raises(Permanent, match=r"bomb\.png .* memory"):
        await photo_pool.acceptable_photo(make_bomb(tmp_path / "bomb.png"), tmp_path)
    good = _photo(tmp_path / "good.jpg")
    assert await photo_pool.acceptable_photo(good, tmp_path) == (good, None)


async def test_what_crashes_its_decoder_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo with which the child dies is refused by its name, those beside it are decoded."""
    code = CRASHES.format(when="tuple(self.size) == (333, 222)", signal=11)
    _patched(tmp_path / "site", monkeypatch, code)
    bad = _photo(tmp_path / "bad.webp", (333, 222))
    several = [_photo(tmp_path / f"{n}.png") for n in range(8)]
    asked = [photo_pool.acceptable_photo(path, tmp_path) for path in (*several, bad)]
    *made, refused = await asyncio.gather(*asked, return_exceptions=True)
    assert made == [(path, None) for path in several]
    assert isinstance(refused, Permanent)
    assert "bad.webp crashes" in refused.reason


@pytest.mark.parametrize("signal", [4, 9, 11])
async def test_a_broken_decoder_blames_no_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal: int
) -> None:
    """Where even the sample is not decoded, the machine is at fault; when it works again the photo is decoded."""
    good = _photo(tmp_path / "good.png")
    _patched(tmp_path / "site", monkeypatch, CRASHES.format(when="True", signal=signal))
    with pytest.raises(ToolFault, match="does not work on this machine"):
        await photo_pool.acceptable_photo(good, tmp_path)
    monkeypatch.delenv("PYTHONPATH")
    (outage,) = HEALTH.outages
    outage.due = 0.0
    assert await photo_pool.acceptable_photo(good, tmp_path) == (good, None)
    assert HEALTH.outages == ()


async def test_a_missing_library_blames_no_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that cannot even start says nothing of the photo, and its last words are told."""
    _patched(tmp_path / "site", monkeypatch, "import sys\nsys.modules['PIL'] = None\n")
    with pytest.raises(ToolFault, match="PIL"):
        await photo_pool.look(_photo(tmp_path / "good.png"))


async def test_warnings_are_counted(tmp_path: Path) -> None:
    """What a library warns of thousands of times is one record with a number."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "TIFF", tiffinfo=tags)
    data = bytearray(stream.getvalue())
    place = struct.unpack("<I", data[4:8])[0]
    (count,) = struct.unpack("<H", data[place : place + 2])
    entries = data[place + 2 : place + 2 + 12 * count]
    # Tags that point behind the end of the file: Pillow warns of each.
    many = b"".join(struct.pack("<HHII", 50000 + n, 2, 1000, 0xFFFFFF) for n in range(5000))
    directory = struct.pack("<H", count + 5000) + bytes(entries) + many + bytes(4)
    data[4:8] = struct.pack("<I", len(data))
    path = tmp_path / "many.tif"
    path.write_bytes(bytes(data) + directory)
    with structlog.testing.capture_logs() as said:
        await photo_pool.look(path)
    warned = [line for line in said if line["event"] == "photo.warned"]
    assert len(warned) <= 1
    assert not warned or warned[0]["count"] > 1


async def test_a_preview_is_made_by_the_child(tmp_path: Path) -> None:
    """A large photo is shown small and upright, of a small one only the size is told; neither is decoded here."""
    exif = Image.Exif()
    exif[0x0112] = 6
    large = tmp_path / "large.jpg"
    Image.effect_noise((1800, 1200), 90).save(large, quality=95, exif=exif)
    made, shown = await photo_pool.acceptable_photo(large, tmp_path, preview=True)
    assert made == large
    assert shown is not None
    assert shown.preview is not None
    with Image.open(io.BytesIO(shown.preview)) as preview:
        assert (preview.width, preview.height) == (853, 1280)
    small = _photo(tmp_path / "small.jpg")
    assert (await photo_pool.acceptable_photo(small, tmp_path, preview=True))[1] == Picture(
        160, 120
    )


async def test_a_preview_is_no_reason_to_refuse(tmp_path: Path) -> None:
    """A film in a GIF of more pixels than is worth the time is shown without a preview."""
    gif = tmp_path / "large.gif"
    Image.new("P", (6000, 6000)).save(gif)
    assert await photo_pool.still(gif) is None
    Image.new("P", (60, 40)).save(gif)
    shown = await photo_pool.still(gif)
    assert shown is not None
    assert shown.preview is not None
