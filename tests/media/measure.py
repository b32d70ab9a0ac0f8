"""What a video shows and when, measured by decoding it: independent of the program under test."""

from __future__ import annotations

import array
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SIDE = 16
_RATE = 8000


@dataclass(frozen=True, slots=True)
class Seen:
    """Decoded: when each frame is shown (seconds from time zero of the file), and a tiny grey copy of each."""

    times: list[float]
    pictures: list[bytes]

    @property
    def flash(self) -> float | None:
        """When the picture first turns white after it was not."""
        bright = [sum(picture) / len(picture) > 225 for picture in self.pictures]
        for at in range(1, len(bright)):
            if bright[at] and not bright[at - 1]:
                return self.times[at]
        return None


def _run(*words: str | Path) -> tuple[bytes, str]:
    done = subprocess.run(
        ["ffmpeg", "-nostdin", *map(str, words)], capture_output=True, check=False
    )
    return done.stdout, done.stderr.decode("utf-8", "replace")


def see(path: Path) -> Seen:
    """Decode the picture."""
    out, said = _run(
        *("-v", "info", "-copyts", "-start_at_zero", "-i", path, "-map", "0:V:0"),
        *("-vf", f"scale={_SIDE}:{_SIDE},format=gray,showinfo=checksum=0"),
        *("-fps_mode", "passthrough", "-f", "rawvideo", "-"),
        *("-map", "0:a:0?", "-c", "copy", "-f", "null", "/dev/null"),
    )
    times = [float(at) for at in re.findall(r"showinfo.* pts_time:\s*(-?[\d.e-]+)", said)]
    size = _SIDE * _SIDE
    return Seen(times, [out[at : at + size] for at in range(0, len(out), size)])


def hear(path: Path) -> list[int]:
    """Decode the sound: its loudest sample in each millisecond from time zero of the file."""
    out, _ = _run(
        *("-v", "error", "-copyts", "-start_at_zero", "-i", path),
        # Where only the sound is asked for, ffmpeg may count from its beginning instead.
        *("-map", "0:V:0?", "-c", "copy", "-f", "null", "/dev/null", "-map", "0:a:0"),
        *("-af", f"aresample={_RATE}:async=1:min_hard_comp=0.03:first_pts=0"),
        *("-ac", "1", "-f", "s16le", "-"),
    )
    samples = array.array("h", out[: len(out) // 2 * 2])
    step = _RATE // 1000
    return [
        max(abs(sample) for sample in samples[at : at + step])
        for at in range(0, len(samples), step)
    ]


def tone(loudness: list[int]) -> float | None:
    """When the loud tone begins, in seconds."""
    if not loudness:
        return None
    limit = max(loudness) / 2
    return next((at / 1000 for at, loud in enumerate(loudness) if loud > limit), None)


def difference(one: bytes, other: bytes) -> float:
    """How far two tiny pictures are apart, 0 to 255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def ssim(path: Path, source: Path) -> list[float]:
    """How alike each frame is to that of the source, 0 to 1."""
    out, _ = _run(
        *("-v", "error", "-i", path, "-i", source),
        "-filter_complex",
        "[0:v:0]settb=1/25,setpts=N[a];[1:v:0]settb=1/25,setpts=N[b];[a][b]ssim=stats_file=-",
        *("-fps_mode", "passthrough", "-f", "null", "/dev/null"),
    )
    return [float(at) for at in re.findall(r"Y:([\d.]+)", out.decode())]


def sound(path: Path) -> str:
    """A digest of the decoded sound."""
    out, _ = _run("-v", "error", "-i", path, "-map", "0:a", "-f", "md5", "-")
    return out.decode().strip()
