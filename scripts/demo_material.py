"""What the demo drops: pictures and clips that are made here, each with its number to be seen.

`make(directory)` writes an archive such as a phone and two old cameras fill: photos whose names sort wrongly
as text, one too large for Telegram, clips that play as they are, clips that do not, one that never will.
"""

from __future__ import annotations

import colorsys
import math
import random
import subprocess
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    from pathlib import Path

PHOTOS = 14
PANORAMA = 12
FOLDER = "Summer by the lake"

_SHAPES = [(1500, 1000), (1000, 1500), (1500, 1000), (1200, 1200), (1600, 900)]


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of it, in files."""

    delivered: int = PHOTOS + 3 + 2 + 1
    recovered: int = 2
    quarantined: int = 1


def make(directory: Path) -> Path:
    """Write the archive; its path."""
    material = directory / FOLDER
    material.mkdir(parents=True)
    for number in range(1, PHOTOS + 1):
        size = (8400, 1800) if number == PANORAMA else _SHAPES[number % len(_SHAPES)]
        landscape(size, number).save(material / f"IMG_{number}.jpg", quality=88)
    _clips(material)
    _wave(material / "wave.gif")
    (material / "notes.txt").write_text("Neither photo nor video: left out unless configured.\n")

    archive = directory / f"{FOLDER}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(material.iterdir()):  # as text: IMG_1, IMG_10, IMG_11, …, IMG_2
            file.write(path, f"{FOLDER}/{path.name}")
    return archive


def landscape(size: tuple[int, int], number: int) -> Image.Image:
    """The view at the hour of this number, with the number on it large."""
    picture = _view(size, number)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=int(min(size) * 0.36))
    spot = (int(min(size) * 0.07), size[1] - int(min(size) * 0.08))
    edge = max(3, min(size) // 110)
    draw.text(spot, str(number), "white", font, "ls", stroke_width=edge, stroke_fill=(40, 40, 60))
    return picture


def _view(size: tuple[int, int], number: int) -> Image.Image:
    """A sky, a sun, hills and a lake; each number has its own hills and its own hour."""
    width, height = size
    chance = random.Random(number)  # noqa: S311 - the same pictures each time
    hour = (number - 1) / (PHOTOS - 1)
    hue = (0.58 + 0.45 * hour) % 1.0
    picture = _gradient(size, _colour(hue, 0.55, 0.62), _colour(hue + 0.09, 0.42, 0.97))

    sun = (int(width * (0.12 + 0.76 * hour)), int(height * (0.5 - 0.34 * math.sin(math.pi * hour))))
    glow = Image.new("L", (width // 8, height // 8), 0)
    reach = min(size) // 30
    ImageDraw.Draw(glow).ellipse(_circle((sun[0] // 8, sun[1] // 8), reach), fill=200)
    glow = glow.filter(ImageFilter.GaussianBlur(reach)).resize(size)
    picture.paste((255, 244, 214), mask=glow)
    draw = ImageDraw.Draw(picture)
    draw.ellipse(_circle(sun, min(size) // 17), fill=(255, 250, 232))

    shore = height * 0.78
    for layer in range(4):
        depth = layer / 3
        ridge = shore - height * (0.34 - 0.26 * depth)
        waves = [(chance.uniform(0.6, 1.6) * 2**k, chance.random() * 7) for k in range(5)]
        line = [
            (x, ridge + _ridge(x / min(size), waves) * height * 0.09)
            for x in range(0, width + 9, 8)
        ]
        draw.polygon(
            [*line, (width, height), (0, height)],
            fill=_colour(hue + 0.06, 0.22 + 0.4 * depth, 0.68 - 0.42 * depth),
        )
    lake = _gradient(
        (width, int(height - shore)), _colour(hue + 0.05, 0.45, 0.75), _colour(hue, 0.62, 0.42)
    )
    picture.paste(lake, (0, int(shore)))
    for _ in range(60):
        y = chance.uniform(shore + 4, height)
        length = chance.uniform(0.01, 0.05) * width * (y - shore + 20) / (height - shore)
        x = sun[0] + chance.gauss(0, 0.07) * width
        draw.line((x - length, y, x + length, y), fill=(255, 246, 222), width=max(1, height // 500))
    return picture


def _clips(material: Path) -> None:
    stereo = ["-f", "lavfi", "-i", "sine=frequency=330:beep_factor=4"]
    h264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-pix_fmt", "yuv420p"]
    aac = ["-c:a", "aac", "-ac", "2", "-b:a", "96k"]
    fast = ["-movflags", "+faststart"]
    _clip(material / "VID_1.mp4", 1, (960, 540), [*h264, *aac, *fast], stereo)
    _clip(material / "VID_2.mp4", 2, (540, 960), [*h264, *aac, *fast], stereo)
    _clip(material / "VID_3 silent.mp4", 3, (960, 540), [*h264, "-an", *fast])
    old = [
        "-c:v",
        "mpeg4",
        "-vtag",
        "XVID",
        "-bf",
        "2",
        "-q:v",
        "4",
        "-c:a",
        "libmp3lame",
        "-b:a",
        "128k",
    ]
    _clip(material / "VID_4 old camera.avi", 4, (720, 576), old, stereo)
    _clip(material / "VID_10 from the web.mkv", 5, (960, 540), [*h264, *aac], stereo)
    whole = (material / "VID_1.mp4").read_bytes()
    # The index of an MP4 says where each picture lies; without it nobody can play the rest.
    (material / "VID_11 broken.mp4").write_bytes(whole[:32] + whole[len(whole) // 2 :])


def _clip(
    path: Path,
    number: int,
    size: tuple[int, int],
    codecs: list[str],
    sound: list[str] | None = None,
) -> None:
    """Four seconds of a landscape that drifts by, with a ball that bounces."""
    width, height = size
    edge = min(size) // 5
    ball = Image.new("RGBA", (edge, edge))
    draw = ImageDraw.Draw(ball)
    draw.ellipse((2, 2, edge - 3, edge - 3), fill=(255, 255, 255, 230))
    font = ImageFont.load_default(size=edge * 0.6)
    draw.text((edge / 2, edge / 2), str(number), font=font, fill=(30, 60, 90), anchor="mm")

    pictures = [path.with_suffix(".view.png"), path.with_suffix(".ball.png")]
    _view((width * 5 // 4, height), 2 * number).save(pictures[0], compress_level=1)
    ball.save(pictures[1])
    # Each picture is read once and repeated by the filter: reading it for every frame takes longer than encoding.
    again = "loop=loop=-1:size=1,setpts=N/25/TB"
    drift = f"[0:v]{again},crop={width}:{height}:x='(iw-ow)*t/4':y=0[far]"
    bounce = "[far][near]overlay=x='(W-w)*t/4':y='(H-h)*(1-abs(sin(3*t)))',fps=25[out]"
    inputs = ["-i", str(pictures[0]), "-i", str(pictures[1]), *(sound or [])]
    maps = ["-map", "[out]", *(["-map", "2:a"] if sound else [])]
    line = ["ffmpeg", "-hide_banner", "-v", "error", "-y", *inputs]
    line += ["-filter_complex", f"{drift};[1:v]{again}[near];{bounce}", *maps, "-t", "4", *codecs]
    subprocess.run([*line, str(path)], check=True)
    for picture in pictures:
        picture.unlink()


def _wave(path: Path) -> None:
    frames = []
    for step in range(16):
        frame = _gradient((320, 240), (28, 84, 128), (120, 190, 220))
        draw = ImageDraw.Draw(frame)
        for layer in range(3):
            phase = 2 * math.pi * (step / 16 * (1 if layer % 2 else -1) + layer / 3)
            line = [(x, 110 + 40 * layer + 14 * math.sin(x / 51 + phase)) for x in range(0, 321, 4)]
            draw.polygon(
                [*line, (320, 240), (0, 240)],
                fill=(30 + 20 * layer, 110 - 20 * layer, 160 - 25 * layer),
            )
        frames.append(frame)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=70, loop=0)


def _gradient(size: tuple[int, int], top: tuple[int, ...], bottom: tuple[int, ...]) -> Image.Image:
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(saturation, 1.0), max(value, 0.0))
    return int(red * 255), int(green * 255), int(blue * 255)


def _circle(middle: tuple[int, int], radius: int) -> tuple[int, int, int, int]:
    return middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius


def _ridge(x: float, waves: list[tuple[float, float]]) -> float:
    return sum(math.sin(x * speed * 3 + phase) / (k + 1) for k, (speed, phase) in enumerate(waves))
