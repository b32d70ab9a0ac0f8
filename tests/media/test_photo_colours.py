"""Photos come out in the colours that a colour-managed viewer shows: patches, measured in CIEDE2000."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageCms

from telespool.media.nclx import Nclx, nclx_of
from telespool.media.photo import acceptable_photo, look
from telespool.media.photo_colours import changes_colours
from tests.media.clip_making import ffmpeg
from tests.media.colours import PATCHES, Colour, apart, linear

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 48
P3 = ((0.8225, 0.1774, 0.0), (0.0332, 0.9669, 0.0), (0.0171, 0.0724, 0.9108))
BT2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))


def sheet(codes: list[Colour], mode: str = "RGB") -> Image.Image:
    """A picture with a square of each colour."""
    made = Image.new(mode, (SIDE * len(codes), SIDE))
    for place, code in enumerate(codes):
        made.paste(code, (SIDE * place, 0, SIDE * (place + 1), SIDE))
    return made


def largest(path: Path, wanted: list[Colour]) -> float:
    """The largest difference between a square and what it must be."""
    worst = 0.0
    with Image.open(path) as image:
        picture = image.convert("RGB")
        for place, colour in enumerate(wanted):
            square = picture.crop((SIDE * place + 16, 16, SIDE * place + 32, 32)).resize(
                (1, 1), Image.Resampling.BOX
            )
            seen = square.getpixel((0, 0))
            assert isinstance(seen, tuple)
            worst = max(worst, apart(seen, colour))  # type: ignore[arg-type]
    return worst


def in_space(matrix: tuple[tuple[float, ...], ...], colour: Colour) -> list[float]:
    """The light of an sRGB colour in other primaries."""
    light = [linear(code) for code in colour]
    return [max(0.0, sum(a * b for a, b in zip(row, light, strict=True))) for row in matrix]


def srgb(light: float) -> float:
    """The code of this light, 0 to 1."""
    return 12.92 * light if light <= 0.0031308 else float(1.055 * light ** (1 / 2.4) - 0.055)


def pq(light: float) -> float:
    """The PQ code of light in white papers of 203 candela."""
    part = (light * 203 / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * part) / (1 + 18.6875 * part)) ** 78.84375)


def avif(path: Path, codes: list[list[float]], primaries: str, transfer: str, matrix: str) -> None:
    """A still in 10 bit that names its colours by numbers alone."""
    raw = path.with_suffix(".png")
    sheet([tuple(round(255 * part) for part in code) for code in codes]).save(raw)  # type: ignore[misc]
    named = (
        f"-color_primaries {primaries} -color_trc {transfer} -colorspace {matrix} -color_range pc"
    )
    ffmpeg(
        *(
            "-i",
            raw,
            "-vf",
            f"scale=out_color_matrix={matrix}:out_range=pc,format=yuv444p10le",
            "-frames:v",
            "1",
        ),
        *f"{named} -c:v libaom-av1 -still-picture 1 -cpu-used 8 -crf 1".split(),
        path,
    )


@pytest.mark.media
def test_wide_colours_by_numbers(tmp_path: Path) -> None:
    """An AVIF in P3, by nclx alone, shows the colours it means."""
    path, wanted = tmp_path / "p3.avif", list(PATCHES.values())
    avif(
        path,
        [[srgb(light) for light in in_space(P3, colour)] for colour in wanted],
        *("smpte432", "iec61966-2-1", "bt709"),
    )
    assert nclx_of(path) == Nclx(12, 13)
    assert largest(acceptable_photo(path, tmp_path), wanted) <= 3


@pytest.mark.media
def test_hdr_by_numbers(tmp_path: Path) -> None:
    """An AVIF in PQ that is no brighter than paper shows the colours it means."""
    path, wanted = tmp_path / "hdr.avif", list(PATCHES.values())
    avif(
        path,
        [[pq(light) for light in in_space(BT2020, colour)] for colour in wanted],
        *("bt2020", "smpte2084", "bt2020nc"),
    )
    assert nclx_of(path) == Nclx(9, 16)
    assert largest(acceptable_photo(path, tmp_path), wanted) <= 3


@pytest.mark.media
def test_highlights_leave_paper_white(tmp_path: Path) -> None:
    """Lamps of five times the brightness of paper make it no grey, and are brighter than it."""
    path = tmp_path / "lamp.avif"
    codes = [[pq(light)] * 3 for light in (0.2, 1.0, 5.0)]
    avif(path, codes, "bt2020", "smpte2084", "bt2020nc")
    with Image.open(acceptable_photo(path, tmp_path)) as image:
        plain = image.convert("L").tobytes()
        grey, paper, lamp = (plain[24 * image.width + SIDE * n + 24] for n in range(3))
    assert abs(grey - 124) <= 4
    assert 225 <= paper < lamp


@pytest.mark.parametrize("ending", ["webp", "tif", "heic", "jpg", "png"])
def test_wide_colours_by_profile(tmp_path: Path, ending: str) -> None:
    """A photo with a profile of its own shows the colours that the profile means, in sRGB, and is tagged so."""
    wanted = list(PATCHES.values())
    profile = _wide_profile()
    source = ImageCms.profileToProfile(
        sheet(wanted), ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile))
    )
    assert source is not None
    path = tmp_path / f"wide.{ending}"
    source.save(path, icc_profile=profile, quality=100, lossless=True, subsampling=0)
    made = acceptable_photo(path, tmp_path)
    assert largest(made, wanted) <= 3
    with Image.open(made) as image:
        assert ImageCms.getProfileDescription(
            ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        ).startswith("sRGB")


def test_a_profile_is_judged_by_what_it_does() -> None:
    """A wide profile that calls itself "sRGB …" is wide, one of sRGB changes nothing, and what fits nothing neither."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert changes_colours("RGB", _wide_profile(b"sRGB EOTF with DCI-P3 Color Gamut"))
    assert not changes_colours("RGB", plain)
    assert not changes_colours("L", plain)
    assert not changes_colours("RGB", b"\0" * 16 + b"RGB " + b"x" * 200)


@pytest.mark.parametrize(("primaries", "transfer"), [(9, 16), (12, 13)])
def test_a_png_of_colours_by_numbers(tmp_path: Path, primaries: int, transfer: int) -> None:
    """The chunk cICP goes before a profile: a PNG in PQ or P3 comes out as it means to be shown."""
    wanted = list(PATCHES.values())
    matrix, curve = (BT2020, pq) if transfer == 16 else (P3, srgb)
    codes = [
        tuple(round(255 * curve(light)) for light in in_space(matrix, colour)) for colour in wanted
    ]
    stream = io.BytesIO()
    sheet(codes).save(stream, "PNG", icc_profile=_wide_profile())  # type: ignore[arg-type]
    data, path = stream.getvalue(), tmp_path / "shot.png"
    body = b"cICP" + bytes((primaries, transfer, 0, 1))
    chunk = b"\0\0\0\4" + body + zlib.crc32(body).to_bytes(4, "big")
    path.write_bytes(data[:33] + chunk + data[33:])
    assert nclx_of(path) == Nclx(primaries, transfer)
    assert look(path).reasons
    assert largest(acceptable_photo(path, tmp_path), wanted) <= 3


def test_a_profile_that_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    """A torn profile, or one of another kind of picture, changes nothing."""
    wanted = list(PATCHES.values())
    for name, profile in (
        ("torn", b"\0" * 16 + b"RGB " + b"x" * 200),
        ("grey", b"\0" * 16 + b"GRAY"),
    ):
        path = tmp_path / f"{name}.webp"
        sheet(wanted).save(path, icc_profile=profile, lossless=True)
        assert largest(acceptable_photo(path, tmp_path), wanted) <= 3


def test_inks_without_a_profile(tmp_path: Path) -> None:
    """Of inks without a profile each takes its part of the light away."""
    path = tmp_path / "print.tif"
    sheet([(255, 0, 0, 0), (0, 0, 0, 255), (0, 0, 0, 0)], "CMYK").save(path)  # type: ignore[list-item]
    assert (
        largest(acceptable_photo(path, tmp_path), [(0, 255, 255), (0, 0, 0), (255, 255, 255)]) <= 3
    )


def _wide_profile(called: bytes = b"wide") -> bytes:
    """A profile with the primaries of Display P3 and the curve of sRGB, built tag by tag."""
    import struct  # noqa: PLC0415 - only here

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65_536) for value in values))

    curve = (
        b"para"
        + bytes(4)
        + struct.pack(">HH", 3, 0)
        + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    )
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(called) + 1) + called + bytes(13 + 67),
        b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249),
        b"rXYZ": b"XYZ " + bytes(4) + fixed(0.51512, 0.24120, -0.00105),
        b"gXYZ": b"XYZ " + bytes(4) + fixed(0.29198, 0.69225, 0.04189),
        b"bXYZ": b"XYZ " + bytes(4) + fixed(0.15710, 0.06657, 0.78407),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    place, body, index = 132 + 12 * len(tags), b"", struct.pack(">I", len(tags))
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        index += name + struct.pack(">2I", place + len(body), len(value))
        body += padded
    head = struct.pack(
        ">I4sI4s4s4s", place + len(body), bytes(4), 0x04200000, b"mntr", b"RGB ", b"XYZ "
    )
    head += struct.pack(">6H", 2020, 1, 2, 3, 4, 5) + b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249)
    return head + bytes(128 - len(head)) + index + body
