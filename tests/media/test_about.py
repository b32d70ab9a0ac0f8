"""What files say of themselves."""

from __future__ import annotations

import asyncio
import random
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from telespool.belonging.story import Taken
from telespool.config.schema import ConvertSettings
from telespool.media import raw_preview
from telespool.media.about import Motion, from_iso, identifier, motion, taken
from telespool.media.probe import probe
from tests import live

if TYPE_CHECKING:
    from pathlib import Path

NAME = "9C4F1C52-8E5B-4C7E-8B0D-6A5B2D0E7F11"
HALF_PAST_ONE = 1_087_047_000.0


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of Apple's."""
    path = tmp_path_factory.mktemp("about") / "a.mov"
    return live.clip(path, 1, NAME, codec="h264", created="2004-06-12T15:30:00+0200")


@pytest.mark.parametrize("ending", ["heic", "jpg"])
def test_the_identifier_of_a_live_photo(tmp_path: Path, film: Path, ending: str) -> None:
    """Apple writes the same identifier into the photo and into its clip; other files have none."""
    photo = live.still(tmp_path / f"a.{ending}", 1, NAME)

    assert identifier(photo) == NAME
    assert identifier(film) == NAME
    assert identifier(live.still(tmp_path / f"b.{ending}", 1)) == ""


def test_the_bits_of_a_picture_are_no_tags(tmp_path: Path) -> None:
    """Of a JPEG only what stands before its picture is read: what lies behind it says nothing."""
    with_tags = live.still(tmp_path / "a.jpg", 1, NAME).read_bytes()
    without = live.still(tmp_path / "b.jpg", 1).read_bytes()
    scan = without.index(b"\xff\xda")
    plain = b"\xff\xd8" + without[without.index(b"\xff\xdb") : scan + 14]
    (tmp_path / "c.jpg").write_bytes(plain + with_tags[2:])

    assert identifier(tmp_path / "c.jpg") == ""
    assert taken(tmp_path / "c.jpg") is None


def test_when_a_photo_and_a_film_were_taken(tmp_path: Path, film: Path) -> None:
    """With its zone where the file has one, else as the wrist showed it."""
    assert taken(live.still(tmp_path / "a.heic", 1)) == Taken(HALF_PAST_ONE, True, 7200.0)
    assert taken(film) == Taken(HALF_PAST_ONE, True, 7200.0)
    assert taken(live.still(tmp_path / "b.jpg", 1, zone="")) == Taken(HALF_PAST_ONE + 7200, False)
    plain, xmp = Image.new("RGB", (8, 8)), b'<x xmp:CreateDate="2004-06-12T15:30:00+02:00"/>'
    plain.save(tmp_path / "d.jpg", xmp=xmp)
    assert taken(tmp_path / "d.jpg") == Taken(HALF_PAST_ONE, True, 7200.0)
    tags = Image.Exif()
    tags[0x0132] = "2004:06:12 15:30:00"
    tags.get_ifd(0x8769)[0x9003] = "0000:00:00 00:00:00"
    plain.save(tmp_path / "e.jpg", exif=tags)
    assert taken(tmp_path / "e.jpg") == Taken(HALF_PAST_ONE + 7200, False)
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8\xff\xe0 no EXIF")
    assert taken(tmp_path / "c.jpg") is None


@pytest.mark.parametrize("ending", ["heic", "avif", "webp", "tif", "png"])
def test_tags_that_lie_behind_a_large_picture(tmp_path: Path, ending: str) -> None:
    """Wherever in a file its tags lie: some programs write them last."""
    path = tmp_path / f"a.{ending}"
    more: dict[str, Any] = {"quality": 100, "exif": live.exif()}
    if ending in {"heic", "avif"}:
        more |= {"enc_params": {"preset": "ultrafast"}} if ending == "heic" else {"speed": 10}
    noise = Image.frombytes("RGB", (1000, 1000), random.Random(1).randbytes(3_000_000))
    moment = HALF_PAST_ONE
    zone: tuple[bool, float | None] = (True, 7200.0)
    if ending == "tif":
        more = {"compression": "tiff_lzw", "tiffinfo": {306: live.MOMENT}}
        zone, moment = (False, None), HALF_PAST_ONE + 7200
    noise.save(path, **more)
    assert path.stat().st_size > 1 << 20

    assert taken(path) == Taken(moment, *zone)


@pytest.mark.parametrize("ending", ["mkv", "mp4", "mov"])
def test_when_other_films_were_taken(tmp_path: Path, ending: str) -> None:
    """By the header of any container; a Z says nothing of where that was."""
    path = tmp_path / f"a.{ending}"
    words = ("-metadata", "creation_time=2004-06-12T13:30:00Z")
    subprocess.run(
        [*("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.2"), *words, path],
        check=True,
    )

    created = asyncio.run(probe(path, ConvertSettings())).created
    assert from_iso(created) == Taken(HALF_PAST_ONE, zoned=True)
    assert taken(path) == (Taken(HALF_PAST_ONE, zoned=True) if ending != "mkv" else None)
    assert from_iso("no time") is None


@pytest.mark.parametrize("maker", ["google", "micro", "samsung"])
def test_the_clip_within_a_motion_photo(tmp_path: Path, film: Path, maker: Any) -> None:
    """It is found by the words of its maker, to the byte."""
    path = live.motion(tmp_path / "a.jpg", 1, film.read_bytes(), maker=maker)

    place = motion(path).place

    assert place is not None
    assert path.read_bytes()[place[0] : sum(place)] == film.read_bytes()
    assert motion(live.still(tmp_path / "b.jpg", 1)) == Motion()


@pytest.mark.parametrize("maker", ["google", "micro", "samsung"])
@pytest.mark.parametrize("rest", [0, 4, 0.5])
def test_a_clip_that_is_cut_off(tmp_path: Path, film: Path, maker: Any, rest: float) -> None:
    """A motion photo says that it has a clip, also where that is cut; what is left of it is found."""
    path, size = tmp_path / "a.jpg", film.stat().st_size
    whole = live.motion(path, 1, film.read_bytes(), maker=maker).read_bytes()
    begin = whole.index(film.read_bytes())
    left = int(size * rest) if rest < 1 else int(rest)
    path.write_bytes(whole[: begin + left])

    seen = motion(path)

    assert seen.said
    assert seen.place == ((begin, left) if rest == 0.5 else None)


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_files_say_nothing_and_raise_nothing(
    tmp_path: Path, film: Path, data: st.DataObject
) -> None:
    """Whatever bytes stand where words were."""
    photo = live.still(tmp_path / "a.jpg", 1, NAME)
    moving = live.motion(tmp_path / "b.jpg", 1, film.read_bytes(), maker="micro")
    whole = bytearray(data.draw(st.sampled_from([photo, film, moving])).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])

    assert isinstance(identifier(path), str)
    assert taken(path) is None or isinstance(taken(path), Taken)
    motion(path)
    raw_preview.find(path)


def test_the_photo_inside_a_raw(tmp_path: Path) -> None:
    """The largest picture that is shown is taken; the thumbnail and the raw data are not."""
    large, small = tmp_path / "large.jpg", tmp_path / "small.jpg"
    Image.effect_noise((800, 600), 50).save(large)
    Image.new("RGB", (160, 120)).save(small)
    lossless = b"\xff\xd8\xff\xc3\0\x0b\x0e\x10\0\x10\0\1\1\x11\0" + b"\x55" * 99
    raw = tmp_path / "IMG_1.CR2"
    raw.write_bytes(
        b"II*\0\x10\0\0\0CR\2\0" + small.read_bytes() + large.read_bytes() + b"\0" * 9 + lossless
    )

    made = raw_preview.extract(raw, tmp_path / "made")

    assert made is not None
    assert made.read_bytes() == large.read_bytes()
    assert raw_preview.extract(small, tmp_path / "made") is None
