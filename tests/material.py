"""Small real media to test with: photos by Pillow, clips by ffmpeg, archives of them.

All is made once and kept for the whole session of tests, for all of its workers; each clip that is asked for by another
number has bytes of its own (a number in the file's metadata), so that what arrives can be told apart by its SHA-256.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import shutil
import struct
import subprocess
import tarfile
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

Clip = Literal["mp4", "silent", "avi", "mkv", "webm"]

_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"]
_AAC = ["-c:a", "aac", "-ac", "2", "-b:a", "64k"]
_CODECS: dict[Clip, tuple[str, list[str]]] = {
    "mp4": ("mp4", [*_H264, *_AAC, "-movflags", "+faststart"]),
    "silent": ("mp4", [*_H264, "-an", "-movflags", "+faststart"]),
    "avi": (
        "avi",
        ["-c:v", "mpeg4", "-vtag", "XVID", "-q:v", "5", "-c:a", "libmp3lame", "-b:a", "64k"],
    ),
    "mkv": ("mkv", [*_H264, *_AAC]),
    "webm": (
        "webm",
        ["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "300k", "-c:a", "libopus"],
    ),
}


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that all workers of this session of tests have in common."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def new(path: Path) -> Iterator[Path | None]:
    """Give the name under which to make `path`, None where it is there; one worker at a time makes it."""
    if path.exists():
        yield None
        return
    # Beside it, a lock would be one of the files that tests count.
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    with Path(tempfile.gettempdir(), f"telespool-tests-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            yield None
            return
        making = path.with_name(f"making-{path.name}")
        yield making
        making.rename(path)


class Material:
    """Makes media in `directory` and remembers what it has made."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def photo(self, number: int, size: tuple[int, int] = (320, 240)) -> Path:
        """A JPEG with its number on it."""
        path = self.directory / f"photo-{number}-{size[0]}x{size[1]}.jpg"
        with new(path) as making:
            if making is not None:
                colour = tuple(random.Random(number).randbytes(3))
                image = Image.new("RGB", size, colour)
                ImageDraw.Draw(image).text((9, 9), str(number), fill="white", stroke_width=1)
                image.save(making, comment=f"number {number}")
        return path

    def clip(
        self, kind: Clip, number: int = 0, seconds: float = 1.0, size: tuple[int, int] = (320, 240)
    ) -> Path:
        """A clip of moving bars with a tone: `mp4` and `silent` play as they are, the others must be converted."""
        suffix, _ = _CODECS[kind]
        stem = f"{kind}-{seconds}-{size[0]}x{size[1]}"
        path = self.directory / f"{stem}-{number}.{suffix}"
        with new(path) as making:
            if making is not None:
                first = self._first(stem, kind, seconds, size)
                fast = ["-movflags", "+faststart"] * (suffix == "mp4")
                title = ["-metadata", f"title=number {number}"]
                _ffmpeg("-i", first, "-c", "copy", "-map", "0", *title, *fast, making)
        return path

    def _first(self, stem: str, kind: Clip, seconds: float, size: tuple[int, int]) -> Path:
        suffix, codecs = _CODECS[kind]
        path = self.directory / f"{stem}-first.{suffix}"
        with new(path) as making:
            if making is not None:
                bars = f"testsrc2=size={size[0]}x{size[1]}:rate=25:duration={seconds}"
                tone = f"sine=frequency=440:duration={seconds}"
                _ffmpeg("-f", "lavfi", "-i", bars, "-f", "lavfi", "-i", tone, *codecs, making)
        return path

    def broken(self, number: int = 0) -> Path:
        """An MP4 without its index: nobody can play it."""
        path = self.directory / f"broken-{number}.mp4"
        with new(path) as making:
            if making is not None:
                whole = self.clip("mp4", number).read_bytes()
                making.write_bytes(whole[:32] + whole[len(whole) // 2 :])
        return path

    def named(self, directory: Path, files: Mapping[str, Path]) -> Path:
        """A folder with copies of these files under these names."""
        for name, source in files.items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        return directory


def make_zip(path: Path, files: Mapping[str, Path]) -> Path:
    """A ZIP archive; media hardly shrinks, so it is stored."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, source in files.items():
            archive.write(source, name)
    return path


def make_tar(path: Path, files: Mapping[str, Path]) -> Path:
    """A tar archive, compressed by gzip if its name ends in gz."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, source in files.items():
            archive.add(source, name)
    return path


def make_bomb(path: Path, width: int = 14_000, height: int = 15_000) -> Path:
    """A picture of one colour: a few hundred kilobytes that become 840 MB."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    packer = zlib.compressobj(1)
    row = bytes(4 * width + 1)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    return path


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(
        ["ffmpeg", "-hide_banner", "-v", "error", "-nostdin", "-y", *arguments], check=True
    )
