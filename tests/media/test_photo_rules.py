"""Photos that few cameras make: floating point, sixteen bits, inks, profiles, numbers for colours, and what is broken."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageCms

from telespool.errors import Permanent
from telespool.media import photo, photo_colours
from telespool.media.nclx import HLG, PQ, Nclx
from telespool.media.photo_colours import srgb_profile, to_srgb

if TYPE_CHECKING:
    from pathlib import Path


def _noise(width: int = 40, height: int = 40) -> Image.Image:
    """The same each time: of some noise the last bits lie in bytes that a decoder can do without."""
    grey = random.Random(1).randbytes(width * height)
    return Image.frombytes("L", (width, height), grey).convert("RGB")


@pytest.mark.parametrize(
    ("mode", "end"),
    [
        ("I;16", "L"),
        ("I", "L"),
        ("1", "RGB"),
        ("RGBA", "RGB"),
        ("LA", "RGB"),
        ("P", "RGB"),
        ("L", "L"),
        ("CMYK", "CMYK"),
    ],
)
def test_what_is_transparent_becomes_white(mode: str, end: str) -> None:
    """Sixteen bits of grey are scaled; the inks of a print stay inks."""
    assert photo.flat(Image.new(mode, (4, 4))).mode == end


def test_sixteen_bits_are_scaled() -> None:
    """Half as bright stays half as bright."""
    made = photo.flat(Image.new("I;16", (2, 2), 0x8000))
    assert made.getpixel((0, 0)) == 128


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("count", "value"), [(1, 3), (3, 60), (1, 1)])
def test_floating_point_is_told(tmp_path: Path, order: str, count: int, value: int) -> None:
    """A TIFF that cannot be read is told for what it is, by its tags."""
    path = tmp_path / "a.tif"
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    kept = value if count > 1 or order == "<" else value << 16
    tag = struct.pack(f"{order}HHHII", 1, 339, 3, count, kept)
    body = (head + tag).ljust(60, b"\0") + struct.pack(f"{order}HHH", 3, 3, 3)
    path.write_bytes(body)
    assert photo._is_floating(path) == (value != 1)
    if value != 1:
        with pytest.raises(Permanent, match="floating-point"):
            photo.look(path)
    path.write_bytes(body[:12])
    assert not photo._is_floating(path)
    path.write_bytes(head[:2] + struct.pack(f"{order}HI", 43, 8) + bytes(20))
    assert not photo._is_floating(path)


def test_what_is_no_photo(tmp_path: Path) -> None:
    """Each way to decode it says so; its header claims nothing."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"no photo at all")
    assert photo.pixels(path) == 0
    for call in (
        lambda: photo.look(path),
        lambda: photo.decode(path),
        lambda: photo.page(path, 0, tmp_path / "page.jpg"),
        lambda: photo.acceptable_photo(path, tmp_path),
    ):
        with pytest.raises(Permanent, match="damaged or cut off"):
            call()
    assert "more memory" in photo._unreadable(path, MemoryError())
    _noise().save(path)
    assert photo.pixels(path) == 1600
    assert photo.decode(path) == (40, 40)


def test_a_jpeg_without_its_end(tmp_path: Path) -> None:
    """What lacks its last bytes alone gets its end mark; made anew where that is wanted; more is damage."""
    path = tmp_path / "a.jpg"
    _noise(200, 200).save(path, quality=90)
    whole = path.read_bytes()
    path.write_bytes(whole[:-2])
    assert photo.acceptable_photo(path, tmp_path / "out").read_bytes() == whole
    made = photo.acceptable_photo(path, tmp_path / "out", longest=100)
    with Image.open(made) as image:
        assert max(image.size) == 100
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Permanent):
        photo.acceptable_photo(path, tmp_path / "out")
    low = tmp_path / "low.jpg"
    _noise(200, 8).save(low, quality=90)
    low.write_bytes(low.read_bytes()[:-2])
    assert photo.acceptable_photo(low, tmp_path / "out") != low
    path.write_bytes(b"\xff\xd8\xff" + bytes(50))
    assert photo._with_its_end(path) is None


def test_a_photo_that_is_too_large_is_made_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lower quality first, fewer pixels then, until it fits."""
    monkeypatch.setattr(photo, "MAX_BYTES", 9000)
    path = tmp_path / "a.bmp"
    _noise(300, 300).save(path)
    made = photo.acceptable_photo(path, tmp_path / "out")
    assert made.stat().st_size <= 9000
    with Image.open(made) as image:
        assert image.width < 300


@pytest.mark.parametrize("primaries", [1, 4, 5, 6, 9, 11, 12])
@pytest.mark.parametrize("transfer", [1, 4, 5, 8, PQ, HLG])
def test_grey_stays_grey_by_numbers(
    monkeypatch: pytest.MonkeyPatch, primaries: int, transfer: int
) -> None:
    """Whatever the colours are noted in: grey stays grey, and black black. A coarse table is made faster."""
    monkeypatch.setattr(photo_colours, "_GRID", 5)
    photo_colours._table.cache_clear()
    picture = Image.new("RGB", (8, 8), (128, 128, 128))  # a step of the table
    picture.paste((0, 0, 0), (0, 0, 4, 4))
    made = to_srgb(picture, None, Nclx(primaries, transfer))
    photo_colours._table.cache_clear()
    grey, black = made.getpixel((6, 6)), made.getpixel((1, 1))
    assert isinstance(grey, tuple)
    assert isinstance(black, tuple)
    assert max(grey) - min(grey) <= 8
    assert max(black) <= 8


def test_highlights_are_pressed() -> None:
    """What is brighter than paper stays below white, in its order; where nothing is, nothing changes."""
    assert photo_colours._pressed(0.5, 16.0) == 0.5
    assert photo_colours._pressed(0.9, 1.0) == 0.9
    values = [photo_colours._pressed(light, 16.0) for light in (0.8, 1.0, 4.0, 16.0)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(1.0, abs=0.01)
    encoded = [photo_colours._encoded(value) for value in (-1.0, 0.001, 1.0)]
    assert encoded == pytest.approx([0.0, 0.01292, 1.0])
    assert photo_colours._hlg(1.0) == pytest.approx(1.0, abs=0.01)


def _lab() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


@pytest.mark.parametrize(
    ("mode", "profile", "end"),
    [
        ("RGB", b"broken", "RGB"),
        ("RGB", srgb_profile()[:200], "RGB"),
        ("RGB", srgb_profile(), "RGB"),
        ("P", srgb_profile(), "RGB"),
        ("RGB", _lab(), "RGB"),
        ("LAB", _lab(), "RGB"),
        ("LAB", None, "RGB"),
        ("L", None, "L"),
        ("CMYK", None, "RGB"),
    ],
)
def test_profiles(mode: str, profile: bytes | None, end: str) -> None:
    """One that is broken, or of another kind of picture, is passed over."""
    assert to_srgb(Image.new(mode, (4, 4)), profile, None).mode == end
    assert not photo_colours.changes_colours("RGB", profile or b"")
    broken = bytes(16) + b"RGB " + bytes(200)
    assert not photo_colours.changes_colours("RGB", broken)
    assert not photo_colours.changes_colours("CMYK", broken)
