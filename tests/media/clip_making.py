"""How odd videos are made by ffmpeg, in a fraction of a second each.

Every clip shows ffmpeg's test picture and hums softly; at second `FLASH` the picture turns white and a loud tone
begins, both for `FLASH_LENGTH`: so anybody can measure whether picture and sound are in step.
"""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.material import new

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


LENGTH = 4.0
FLASH = 2.0
FLASH_LENGTH = 0.4

X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 25"
AAC = "-c:a aac -b:a 64k"
FAST = "-movflags +faststart"


@dataclass(frozen=True, slots=True)
class Clip:
    """One odd video.

    `verdict` is what `judge` must say. The file is made by `options` of ffmpeg behind the two inputs, or by
    `build`. `flashes` tells whether flash and tone can be looked for in it, `sound_behind` by how many seconds the
    tone is later than the flash; `frames` whether all of its frames can
    be decoded and counted on; `same_picture` whether the result looks like the source; `suffices` whether what the verdict
    says is enough.
    """

    name: str
    verdict: str
    options: str = ""
    size: str = "160x120"
    rate: str = "25"
    audio: str = "s=44100"
    build: Callable[[Path], None] | None = None
    flashes: bool = True
    sound_behind: float = 0.0
    frames: bool = True
    same_picture: bool = True
    straight: bool = True
    suffices: bool = True


def source(clip: Clip) -> list[str]:
    """The two inputs of a clip: picture and sound."""
    flash = f"between(t,{FLASH},{FLASH + FLASH_LENGTH})"
    picture = (
        f"testsrc2=s={clip.size}:r={clip.rate}:d={LENGTH},"
        f"drawbox=enable='{flash}':color=white:t=fill"
    )
    tone = f"0.6*sin(2*PI*880*t)*{flash}+0.01*sin(2*PI*220*t)"
    layout = clip.audio.partition(":c=")[2]
    channels = {"": 1, "stereo": 2, "5.1": 6, "7.1": 8, "mono": 1}.get(layout, 1)
    sound = f"aevalsrc='{'|'.join([tone] * channels)}':d={LENGTH}:{clip.audio}"
    return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]


def ffmpeg(*words: object) -> None:
    """Run ffmpeg; its complaint is the error."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, words)],
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise AssertionError(f"{shlex.join(map(str, words))}: {done.stderr[-600:]}")


def made(clip: Clip, folder: Path) -> Path:
    """The file of this clip, made in `folder` unless it is there."""
    path = folder / clip.name
    with new(path) as making:
        if making is not None:
            if clip.build is not None:
                clip.build(making)
            else:
                ffmpeg(*source(clip), *shlex.split(clip.options), making)
    return path


def in_two_steps(options: str, then: str, suffix: str) -> Callable[[Path], None]:
    """A clip made in two steps: encoded as a `suffix`, then copied with other options."""

    def build(path: Path) -> None:
        first = path.with_name(f"first-{path.name}{suffix}")
        ffmpeg(*source(Clip("", "")), *shlex.split(options), first)
        ffmpeg(*(first if word == "IN" else word for word in shlex.split(then)), path)
        first.unlink()

    return build


def cut_off(options: str, keep: float, suffix: str) -> Callable[[Path], None]:
    """A clip of which only the first part is there."""

    def build(path: Path) -> None:
        whole = path.with_name(f"whole-{path.name}{suffix}")
        ffmpeg(*source(Clip("", "")), *shlex.split(options), whole)
        data = whole.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])
        whole.unlink()

    return build


def joined(options: str, suffix: str, skip: int = 0) -> Callable[[Path], None]:
    """The same recording twice behind each other, byte for byte: its clock begins anew in the midst."""

    def build(path: Path) -> None:
        half = path.with_name(f"half-{path.name}{suffix}")
        ffmpeg(*source(Clip("", "")), *shlex.split(options), half)
        data = half.read_bytes()
        path.write_bytes(data + data[skip:])
        half.unlink()

    return build


def damaged(options: str, suffix: str) -> Callable[[Path], None]:
    """A clip with a hole of zeros in the midst."""

    def build(path: Path) -> None:
        whole = path.with_name(f"whole-{path.name}{suffix}")
        ffmpeg(*source(Clip("", "")), *shlex.split(options), whole)
        data = bytearray(whole.read_bytes())
        at = int(len(data) * 0.45)
        data[at : at + 1500] = bytes(1500)
        path.write_bytes(data)
        whole.unlink()

    return build


def with_input(extra: str, options: str) -> Callable[[Path], None]:
    """A clip with a further input: its text is written into a file EXTRA first."""

    def build(path: Path) -> None:
        text = path.with_name(f"extra-{path.name}.txt")
        text.write_text(extra)
        words = [str(text) if word == "EXTRA" else word for word in shlex.split(options)]
        ffmpeg(*source(Clip("", "")), *words, path)
        text.unlink()

    return build


def made_of(data: bytes) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        path.write_bytes(data)

    return build


def with_cover(options: str, *, audio_only: bool = False) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        cover = path.with_name(f"cover-{path.name}.png")
        ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", cover)
        maps = ["-map", "1:a"] if audio_only else ["-map", "0:v", "-map", "1:a"]
        number = "0" if audio_only else "1"
        ffmpeg(
            *source(Clip("", "")),
            *("-i", cover, *maps, "-map", "2:v", *shlex.split(options)),
            *(f"-c:v:{number}", "png", f"-disposition:v:{number}", "attached_pic", path),
        )
        cover.unlink()

    return build


def late(
    options: str, then: str, suffix: str, *, picture: float, sound: float
) -> Callable[[Path], None]:
    """A clip whose picture and sound begin at these seconds."""
    return in_two_steps(
        options,
        f"-itsoffset {picture} -i IN -itsoffset {sound} -i IN -map 0:v -map 1:a {then}",
        suffix,
    )


def without_box(box: bytes, options: str) -> Callable[[Path], None]:
    """An MP4 one of whose boxes is there, and means nothing; of its data, nothing is there at all."""

    def build(path: Path) -> None:
        ffmpeg(*source(Clip("", "")), *shlex.split(options), "-f", "mp4", path)
        data = path.read_bytes()
        at = data.index(box)
        path.write_bytes(data[: at - 4] if box == b"mdat" else data[:at] + b"free" + data[at + 4 :])

    return build


def sizes_change(path: Path) -> None:
    parts = []
    for size in ("160x120", "120x160"):
        part = path.with_name(f"part-{size}-{path.name}.ts")
        ffmpeg(*source(Clip("", "", size=size)), "-c:v", "mpeg2video", "-c:a", "mp2", part)
        parts.append(part)
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()


def varying(options: str) -> Callable[[Path], None]:
    """Frames at uneven times, as screen recorders and phones make them."""

    def build(path: Path) -> None:
        ffmpeg(
            *source(Clip("", "")),
            *("-vf", "select='not(mod(n,7))+not(mod(n,3))+between(t,1,2.5)'"),
            *("-fps_mode", "vfr", "-enc_time_base", "1:1000", *shlex.split(options), path),
        )

    return build
