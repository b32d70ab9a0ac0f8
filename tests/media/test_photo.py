"""Photos within Telegram's rules."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from telespool.errors import Permanent
from telespool.media.photo import acceptable_photo, look
from telespool.media.photo_info import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

_TURNED_RIGHT = 6  # EXIF: the top of the scene is at the right of the picture


def _picture(width: int = 60, height: int = 40) -> Image.Image:
    """Noise with a red corner at the top left."""
    picture = Image.effect_noise((width, height), 60).convert("RGB")
    picture.paste((255, 0, 0), (0, 0, width // 3, height // 3))
    return picture


def _corner(path: Path) -> tuple[int, ...]:
    """The colour near the top right corner, with the picture as a viewer shows it."""
    with Image.open(path) as image:
        assert image.getexif().get(0x112, 1) == 1
        pixel = image.convert("RGB").getpixel((image.width - 3, 3))
    assert isinstance(pixel, tuple)
    return tuple(int(value) for value in pixel)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "turned.jpg"])
def test_taken_as_it_is(tmp_path: Path, name: str) -> None:
    """A JPEG or PNG within the limits is sent byte for byte, turned or not."""
    exif = Image.Exif()
    exif[0x112] = _TURNED_RIGHT
    path = tmp_path / name
    _picture().save(path, exif=exif if "turned" in name else Image.Exif())
    assert look(path).reasons == ()
    assert acceptable_photo(path, tmp_path) == path


@pytest.mark.parametrize("suffix", ["webp", "heic", "avif", "bmp", "tif", "gif", "jp2"])
def test_other_formats_become_jpeg(tmp_path: Path, suffix: str) -> None:
    """What Telegram would turn into a document becomes a JPEG of the same size."""
    path = tmp_path / f"a.{suffix}"
    _picture().save(path)
    made = acceptable_photo(path, tmp_path)
    assert look(path).reasons
    assert made != path
    with Image.open(made) as image:
        assert (image.format, image.size) == ("JPEG", (60, 40))


def test_a_still_gif_is_one_picture(tmp_path: Path) -> None:
    """A GIF with one frame is told from one that moves."""
    still, moves = tmp_path / "still.gif", tmp_path / "moves.gif"
    _picture().save(still)
    _picture().save(moves, save_all=True, append_images=[_picture().rotate(90)])
    assert look(still).frames == 1
    assert look(moves).frames == 2


@pytest.mark.parametrize("suffix", ["jpg", "webp", "tif"])
def test_upright(tmp_path: Path, suffix: str) -> None:
    """A turned photo that is made anew is upright without its EXIF mark."""
    exif = Image.Exif()
    exif[0x112] = _TURNED_RIGHT
    path = tmp_path / f"turned.{suffix}"
    _picture(90, 60).save(path, exif=exif)
    made = acceptable_photo(path, tmp_path, again=True)
    with Image.open(made) as image:
        assert image.size == (60, 90)
    red, green, _ = _corner(made)
    assert red > 150
    assert green < 100


def test_transparency_becomes_white(tmp_path: Path) -> None:
    """What is transparent in a picture is white in its JPEG."""
    path = tmp_path / "clear.webp"
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(path)
    assert min(_corner(acceptable_photo(path, tmp_path))) > 240


def test_print_colours_become_screen_colours(tmp_path: Path) -> None:
    """A CMYK photo is made anew in RGB."""
    path = tmp_path / "print.jpg"
    _picture().convert("CMYK").save(path)
    with Image.open(acceptable_photo(path, tmp_path)) as image:
        assert image.mode == "RGB"


def test_too_many_pixels_for_telegram(tmp_path: Path) -> None:
    """Sides of more than 10 000 together are scaled down, in shape."""
    path = tmp_path / "large.png"
    Image.new("L", (9000, 3000)).save(path)
    with Image.open(acceptable_photo(path, tmp_path)) as image:
        assert image.width + image.height <= 10_000
        assert abs(image.width / image.height - 3) < 0.01


def test_too_many_bytes(tmp_path: Path) -> None:
    """More than 10 MB become less."""
    path = tmp_path / "heavy.bmp"
    Image.effect_noise((2600, 2600), 120).convert("RGB").save(path)
    assert path.stat().st_size > MAX_BYTES
    made = acceptable_photo(path, tmp_path)
    assert made.stat().st_size <= MAX_BYTES


def test_shape(tmp_path: Path) -> None:
    """Twenty times as wide as high is a photo, more is not."""
    for width, narrow in ((2000, False), (2001, True)):
        path = tmp_path / f"{width}.png"
        Image.new("L", (width, 100)).save(path)
        assert look(path).too_narrow is narrow


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "heic", "gif", "tif"])
def test_broken(tmp_path: Path, suffix: str) -> None:
    """A photo of which the end is missing is refused with a sentence that names it."""
    path = tmp_path / f"broken.{suffix}"
    _picture(400, 300).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(Permanent, match=rf"broken\.{suffix} cannot be decoded"):
        acceptable_photo(path, tmp_path)


def test_bomb(tmp_path: Path) -> None:
    """A photo that claims 3.6 gigapixels is refused before it is decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(Permanent, match="60000 × 60000"):
        acceptable_photo(path, tmp_path)


def test_the_source_is_never_written_to(tmp_path: Path) -> None:
    """A photo that is made anew in its own folder stays as it was."""
    path = tmp_path / "a.jpg"
    _picture().save(path)
    before = path.read_bytes()
    made = acceptable_photo(path, tmp_path, again=True)
    assert made != path
    assert path.read_bytes() == before
