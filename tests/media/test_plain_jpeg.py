"""JPEGs that are known to be whole without a decoder: where it says so, the decoder says the same."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageCms

from telespool.errors import Permanent
from telespool.media import photo, photo_pool, plain_jpeg

if TYPE_CHECKING:
    from pathlib import Path


def _jpeg(mode: str = "RGB", **how: Any) -> bytes:
    chance = random.Random(1)
    noise = Image.frombytes(
        mode, (60, 45), chance.randbytes(60 * 45 * len(mode.rstrip("L") or "L"))
    )
    stream = io.BytesIO()
    noise.resize((150, 110)).save(stream, "JPEG", **how)
    return stream.getvalue()


def _header(path: Path) -> plain_jpeg.Header | None:
    with path.open("rb") as file:
        return plain_jpeg.header(file, path.stat().st_size)


USUAL = {
    "baseline": _jpeg(),
    "progressive": _jpeg(progressive=True),
    "grey": _jpeg("L"),
    "full": _jpeg(subsampling=0, optimize=True),
    "restarts": _jpeg(restart_marker_blocks=3),
}


@pytest.mark.parametrize("kind", USUAL)
def test_usual_ones_are_known(tmp_path: Path, kind: str) -> None:
    """What cameras and programs make needs no decoder, and the header says what the decoder would."""
    path = tmp_path / "a.jpg"
    path.write_bytes(USUAL[kind] + b"what a phone puts behind it")
    header = plain_jpeg.whole(path.read_bytes())
    assert header is not None
    assert header == _header(path)
    assert header.info == photo.look(path)


@pytest.mark.parametrize("kind", USUAL)
def test_it_is_never_more_lenient_than_the_decoder(tmp_path: Path, kind: str) -> None:
    """However a file is damaged: what is called whole is decoded to its end, and the headers agree."""
    chance = random.Random(kind)
    known = 0
    path = tmp_path / "a.jpg"
    for _ in range(120):
        path.write_bytes(_damaged(USUAL[kind], chance))
        header = _header(path)
        if header is not None:
            assert header.info == photo.look(path)
        if plain_jpeg.whole(path.read_bytes()) is not None:
            known += 1
            assert photo.acceptable_photo(path, tmp_path / "made") == path
    assert known > 5


def _damaged(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    place = chance.randrange(2, len(data))
    match chance.randrange(5):
        case 0:
            return data[:place]
        case 1:
            changed[place : place + 200] = bytes(200)
        case 2:
            del changed[place : place + chance.randrange(1, 60)]
        case 3:
            changed[chance.randrange(2, 700)] = chance.randrange(256)
        case _:
            changed[place] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("cut", [2, 40, 2000])
def test_what_breaks_off_is_decoded(tmp_path: Path, cut: int) -> None:
    """A file without its end mark is never called whole."""
    path = tmp_path / "a.jpg"
    path.write_bytes(USUAL["baseline"][:-cut])
    assert plain_jpeg.whole(path.read_bytes()) is None


def test_unusual_ones_are_left_to_the_decoder(tmp_path: Path) -> None:
    """Inks, films behind the picture, and what breaks a rule of Telegram's are not plain."""
    clip = b"http://ns.adobe.com/xap/1.0/\x00<x GCamera:MotionPhoto='1'/>"
    segment = b"\xff\xe1" + (len(clip) + 2).to_bytes(2, "big") + clip
    data = USUAL["baseline"]
    stream = io.BytesIO()
    Image.new("CMYK", (20, 20)).save(stream, "JPEG")
    wide = io.BytesIO()
    Image.new("L", (10_001, 8)).save(wide, "JPEG")
    for content in (stream.getvalue(), wide.getvalue(), data[:2] + segment + data[2:]):
        path = tmp_path / "a.jpg"
        path.write_bytes(content)
        assert _header(path) is None
        assert plain_jpeg.whole(path.read_bytes()) is None


async def test_a_profile_is_asked_about_once(tmp_path: Path) -> None:
    """The child says of the first photo with a profile that it changes nothing; the next need no child."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    first, second, broken = (tmp_path / f"{name}.jpg" for name in ("first", "second", "broken"))
    first.write_bytes(_jpeg(icc_profile=profile))
    second.write_bytes(_jpeg(icc_profile=profile, quality=50))
    broken.write_bytes(second.read_bytes()[:-2000])
    header = _header(first)
    assert header is not None
    assert header.profile
    assert await photo_pool.look(first) == header.info
    assert photo_pool.as_it_is(plain_jpeg.whole(second.read_bytes())) is not None
    assert photo_pool.as_it_is(plain_jpeg.whole(broken.read_bytes())) is None
    with pytest.raises(Permanent):
        await photo_pool.acceptable_photo(broken, tmp_path)
