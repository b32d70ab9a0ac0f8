"""What a picture file holds beside its first picture is sent, or named."""

from __future__ import annotations

import io
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image, TiffImagePlugin

from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.media.pages import extract
from telespool.media.photo import acceptable_photo
from telespool.runtime.gate import PauseGate
from tests.media.measure import see

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings


def frames(count: int, mode: str = "RGB") -> list[Image.Image]:
    """Pictures of different colours."""
    clear = (0,) if mode == "RGBA" else ()
    return [Image.new(mode, (160, 120), (40 * n, 90, 200 - 30 * n, *clear)) for n in range(count)]


@pytest.mark.media
@pytest.mark.parametrize("ending", ["webp", "png", "avif"])
async def test_a_picture_that_moves_becomes_a_film(
    tmp_path: Path, settings: ConvertSettings, ending: str
) -> None:
    """Every frame is shown as long as it was, whatever the format."""
    path = tmp_path / f"dance.{ending}"
    first, *rest = frames(6)
    first.save(path, save_all=True, append_images=rest, duration=[120, 120, 300, 120, 120, 120])
    found = await assess(path, settings)
    assert (found.kind, found.action) == ("video", "encode")
    outcome = await convert(
        path, tmp_path / "out.mp4", settings=settings, state=tmp_path / "state", gate=PauseGate()
    )
    assert outcome.left_behind == ()
    times = see(tmp_path / "out.mp4").times
    assert [round(at - times[0], 2) for at in times] == [0, 0.12, 0.24, 0.54, 0.66, 0.78]
    assert not list((tmp_path / "state").iterdir())
    frame = (await assess(tmp_path / "out.mp4", settings)).frame
    assert frame is not None
    assert frame.duration == pytest.approx(0.9, abs=0.02)


@pytest.mark.media
async def test_a_picture_for_those_who_show_none_moving(
    tmp_path: Path, settings: ConvertSettings
) -> None:
    """The hidden first picture of an APNG is no part of its film."""
    path = tmp_path / "dance.png"
    first, *rest = frames(4)
    first.save(path, save_all=True, append_images=rest, duration=200, default_image=True)
    found = await assess(path, settings)
    assert found.reasons == ("it moves (3 pictures), and Telegram shows that only as a video",)
    await convert(
        path, tmp_path / "out.mp4", settings=settings, state=tmp_path / "state", gate=PauseGate()
    )
    assert len(see(tmp_path / "out.mp4").times) == 3


@pytest.mark.media
async def test_what_is_transparent_becomes_white(tmp_path: Path, settings: ConvertSettings) -> None:
    """A sticker is shown on white, and not on black."""
    path = tmp_path / "sticker.webp"
    first, *rest = frames(3, "RGBA")
    first.save(path, save_all=True, append_images=rest, duration=100, lossless=True)
    await convert(
        path, tmp_path / "out.mp4", settings=settings, state=tmp_path / "state", gate=PauseGate()
    )
    assert all(min(picture) > 240 for picture in see(tmp_path / "out.mp4").pictures)


def tiff(path: Path, count: int) -> None:
    """A TIFF with so many pages."""
    first, *rest = frames(count)
    first.save(path, "TIFF", save_all=True, append_images=rest)


@pytest.mark.media
async def test_pages(tmp_path: Path, settings: ConvertSettings) -> None:
    """Each page of a TIFF becomes a photo, up to as many as an album holds."""
    path = tmp_path / "contract.tif"
    tiff(path, 3)
    found = await assess(path, settings)
    assert (found.kind, found.action, found.pages) == ("photo", "split", (0, 1, 2))
    made = await extract(
        path, tmp_path / "pages", found.pages, settings=settings, gate=PauseGate(), name=path.name
    )
    colours = []
    for page in made:
        with Image.open(page) as image:
            colours.append(image.convert("RGB").resize((1, 1)).tobytes()[0])
    assert [round(red / 40) for red in colours] == [0, 1, 2]
    many = tmp_path / "book.tif"
    tiff(many, 11)
    assert (await assess(many, settings)).action == "document"


async def test_a_preview_is_no_page(tmp_path: Path, settings: ConvertSettings) -> None:
    """A smaller copy that a TIFF holds of its picture is not sent beside it."""
    path = tmp_path / "scan.tif"
    (picture,) = frames(1)
    with TiffImagePlugin.AppendingTiffWriter(path, new=True) as writer:
        picture.save(writer, "TIFF")
        writer.newFrame()
        picture.resize((40, 30)).save(writer, "TIFF", tiffinfo={254: 1})
    with Image.open(path) as image:
        assert getattr(image, "n_frames", 1) == 2
    assert (await assess(path, settings)).action == "send"


async def test_a_motion_photo_is_told(tmp_path: Path, settings: ConvertSettings) -> None:
    """The clip behind a photo is not shown, and that is said."""
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description GCamera:MotionPhoto="1"/></x:xmpmeta>'
    path = tmp_path / "PXL_1.MP.jpg"
    frames(1)[0].save(path, xmp=xmp)
    (told,) = (await assess(path, settings)).left_behind
    assert "clip" in told


@pytest.mark.parametrize(
    ("ending", "format_"), [("j2k", "JPEG2000"), ("ppm", "PPM"), ("tga", "TGA"), ("qoi", "QOI")]
)
async def test_formats_of_other_programs(
    tmp_path: Path, settings: ConvertSettings, ending: str, format_: str
) -> None:
    """What Pillow reads is sent as a JPEG, whatever its name."""
    path = tmp_path / f"picture.{ending}"
    frames(2)[1].save(path, format_)
    found = await assess(path, settings)
    assert (found.kind, found.action) == ("photo", "send")
    with Image.open(acceptable_photo(path, tmp_path)) as image:
        assert (image.format, image.size) == ("JPEG", (160, 120))


@pytest.mark.media
async def test_jpeg_xl(tmp_path: Path, settings: ConvertSettings) -> None:
    """JPEG XL is read by ffmpeg, where it can."""
    path, plain = tmp_path / "picture.jxl", tmp_path / "picture.png"
    frames(2)[1].save(plain)
    making: list[str | Path] = ["ffmpeg", "-v", "error", "-i", plain, "-c:v", "libjxl", path]
    if subprocess.run(making, check=False, capture_output=True).returncode:
        pytest.skip("this ffmpeg makes no JPEG XL")
    found = await assess(path, settings)
    assert (found.kind, found.action) == ("photo", "encode")
    (made,) = await extract(
        path, tmp_path / "made", found.pages, settings=settings, gate=PauseGate(), name=path.name
    )
    with Image.open(made) as image:
        assert (image.format, image.size) == ("JPEG", (160, 120))


async def test_sentences(tmp_path: Path, settings: ConvertSettings) -> None:
    """What is known and not read is called by its name."""
    drawing, exr, floating = (tmp_path / name for name in ("logo.svg", "sky.jpg", "depth.tif"))
    drawing.write_text('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>')
    exr.write_bytes(b"v/1\x01" + bytes(100))
    Image.new("F", (30, 20), 0.5).save(floating)
    zeros, noise = tmp_path / "zero.jpg", tmp_path / "noise.png"
    zeros.write_bytes(bytes(5000))
    noise.write_bytes(bytes(range(7, 250)) * 50)
    told = {
        path.name: (await assess(path, settings, name="IMG_1")).reasons[0]
        for path in (drawing, exr, floating)
    }
    assert "drawing (SVG)" in told["logo.svg"]
    for path, words in (
        (exr, "OpenEXR"),
        (floating, "floating-point"),
        (zeros, "nothing but zeros"),
        (noise, "unknown format"),
    ):
        (reason,) = (await assess(path, settings)).reasons
        assert words in reason
        assert path.name in reason
        assert str(tmp_path) not in reason
        assert "whitelist" not in reason


@pytest.mark.parametrize("lost", [2, 30])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_last_bytes(tmp_path: Path, lost: int, *, progressive: bool) -> None:
    """A JPEG that lacks its end is sent as viewers show it; one that lacks much is not (see the broken ones)."""
    path = tmp_path / "IMG_1.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path, progressive=progressive)
    path.write_bytes(path.read_bytes()[:-lost])
    made = acceptable_photo(path, tmp_path)
    with Image.open(io.BytesIO(made.read_bytes())) as image:
        image.load()
        assert image.size == (640, 480)


async def test_a_photo_of_240_megapixels_is_no_bomb(
    tmp_path: Path, settings: ConvertSettings
) -> None:
    """What cameras make by shifting their sensor is sent, made smaller."""
    path = tmp_path / "shift.bmp"
    head = struct.pack("<2sIHHI", b"BM", 54 + 18_000 * 13_400 * 3, 0, 0, 54)
    path.write_bytes(
        head + struct.pack("<IiiHHIIiiII", 40, 18_000, 13_400, 1, 24, 0, 0, 0, 0, 0, 0)
    )
    found = await assess(path, settings)
    assert (found.kind, found.action) == ("photo", "send")
