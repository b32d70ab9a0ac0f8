"""Films come out in the colours that their marks mean: patches, measured in CIEDE2000."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.runtime.gate import PauseGate
from tests.media.clip_making import ffmpeg
from tests.media.colours import PATCHES, Colour, apart, linear

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

pytestmark = pytest.mark.media

_X264 = "-preset ultrafast -crf 1"
SIDE = 64
SIZES = {"SD": (768, 64), "HD": (1280, 720)}


def sheet(path: Path, size: tuple[int, int]) -> Path:
    """A picture with a column of each colour."""
    made = Image.new("RGB", size)
    for place, colour in enumerate(PATCHES.values()):
        made.paste(colour, (SIDE * place, 0, SIDE * (place + 1), size[1]))
    made.save(path)
    return path


def seen(path: Path, marks: dict[str, str], width: int, height: int) -> list[Colour]:
    """The colours as a player shows them that reads the marks, and takes those of the size where there are none."""
    matrix = marks["matrix"] or ("bt709" if width >= 1280 else "smpte170m")
    matrix = {"bt470bg": "bt470"}.get(matrix, matrix)
    out = subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-i", path, "-frames:v", "1"),
            *(
                "-vf",
                f"scale=in_color_matrix={matrix}:flags=accurate_rnd+full_chroma_int,format=rgb24",
            ),
            *("-f", "rawvideo", "-"),
        ],
        check=True,
        capture_output=True,
    ).stdout
    picture = Image.frombytes("RGB", (width, height), out)
    found: list[Colour] = []
    for place in range(len(PATCHES)):
        square = picture.crop((SIDE * place + 24, 24, SIDE * place + 40, 40)).resize(
            (1, 1), Image.Resampling.BOX
        )
        red, green, blue = square.tobytes()
        found.append((red, green, blue))
    return found


@pytest.mark.parametrize(
    ("how", "size"),
    [
        (f"-vf format=bgr0 -c:v libx264rgb {_X264}", "HD"),
        (f"-vf format=bgr0 -c:v libx264rgb {_X264}", "SD"),
        ("-vf format=rgb24 -c:v qtrle", "HD"),
        (
            f"-vf scale=out_color_matrix=bt709,format=yuv444p -colorspace bt709 -c:v libx264 {_X264}",
            "SD",
        ),
        (
            f"-vf scale=out_color_matrix=bt601,format=yuv444p -colorspace smpte170m -c:v libx264 {_X264}",
            "HD",
        ),
        (
            f"-vf scale=out_color_matrix=bt709:out_range=pc,format=yuv444p -colorspace bt709 -color_range pc -c:v libx264 {_X264}",
            "HD",
        ),
        ("-vf scale=out_color_matrix=bt601:out_range=pc,format=yuvj444p -c:v mjpeg -q:v 1", "HD"),
        (f"-vf scale=out_color_matrix=bt709,format=yuv444p -c:v libx264 {_X264}", "HD"),
    ],
)
async def test_the_matrix(tmp_path: Path, settings: ConvertSettings, how: str, size: str) -> None:
    """RGB, and each matrix and range, marked or as its size lets players guess, comes out as it was meant."""
    source = tmp_path / "film.mov"
    picture = sheet(tmp_path / "sheet.png", SIZES[size])
    ffmpeg("-loop", "1", "-t", "0.2", "-i", picture, *how.split(), source)
    await compare(source, tmp_path, settings, list(PATCHES.values()), 5)


BT2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))


async def test_wide_colours(tmp_path: Path, settings: ConvertSettings) -> None:
    """BT.2020 at an ordinary brightness becomes BT.709."""
    picture = Image.new("RGB", SIZES["HD"])
    for place, colour in enumerate(PATCHES.values()):
        light = [linear(code) for code in colour]
        wide = [max(0.0, sum(a * b for a, b in zip(row, light, strict=True))) for row in BT2020]
        code = tuple(round(255 * part ** (1 / 2.4)) for part in wide)
        picture.paste(code, (SIDE * place, 0, SIDE * (place + 1), SIZES["HD"][1]))
    picture.save(tmp_path / "sheet.png")
    source = tmp_path / "film.mkv"
    ffmpeg(
        *("-loop", "1", "-t", "0.2", "-i", tmp_path / "sheet.png"),
        *["-vf", "scale=out_color_matrix=bt2020,format=yuv444p10le"],
        *["-color_primaries", "bt2020", "-color_trc", "bt2020-10", "-colorspace", "bt2020nc"],
        *f"-c:v libx264 {_X264}".split(),
        source,
    )
    # A player shows BT.709 by a curve of 2.4; the patches are noted in that of sRGB.
    wanted = [
        tuple(round(255 * linear(code) ** (1 / 2.4)) for code in colour)
        for colour in PATCHES.values()
    ]
    await compare(source, tmp_path, settings, wanted, 5)


async def compare(
    source: Path, folder: Path, settings: ConvertSettings, wanted: list[Colour], most: float
) -> None:
    """Convert it and measure the largest difference."""
    result = folder / "out.mp4"
    await convert(
        source,
        result,
        settings=settings,
        state=folder / "state",
        gate=PauseGate(),
        at_least="encode",
    )
    probe = (await assess(result, settings)).probe
    assert probe is not None
    video = probe.video
    assert video is not None
    assert video.matrix
    assert not video.full_range
    shown = seen(result, {"matrix": video.matrix}, video.width, video.height)
    far = {
        name: round(apart(one, other), 1)
        for name, one, other in zip(PATCHES, shown, wanted, strict=True)
    }
    assert max(far.values()) <= most, far
