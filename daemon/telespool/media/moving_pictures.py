"""Pictures that move (animated WebP, PNG, AVIF), as a file that ffmpeg reads.

ffmpeg knows no animated WebP, and takes what is transparent for black. So Pillow decodes frame by frame, in a child
with limits, lays each on white, and writes an APNG with the time of each; from there on it is a film like any other.

    python -m telespool.media.moving_pictures SOURCE RESULT

Errors: `Permanent` where not one frame can be decoded; otherwise as `ffmpeg_process`.
"""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from telespool.errors import Permanent

if TYPE_CHECKING:
    from PIL import Image

    from telespool.media.ffmpeg_process import Runner

_HASTE = 10  # milliseconds: what is faster than that, browsers show at a tenth of a second
_USUAL = 100
_LONGEST = 65_535


async def unroll(source: Path, result: Path, runner: Runner, name: str) -> tuple[str, ...]:
    """Write the frames of a moving picture into `result`; a sentence on those that are missing."""
    # -P: the folder we happen to stand in holds no modules of ours.
    command = [sys.executable, "-P", "-m", __name__, os.fspath(source), os.fspath(result)]
    told: list[str] = []
    said = await runner.run(command, on_line=told.append)
    if said.code:
        raise Permanent(f"{name} cannot be decoded as a moving picture: it is damaged or cut off")
    made, promised = map(int, told[0].split())
    return (f"it breaks off: {made} of {promised} pictures are there",) if made < promised else ()


def main(source: Path, result: Path) -> int:
    """Do it, as a child; 1 where not one frame can be decoded."""
    from PIL import Image  # noqa: PLC0415 - only the child needs Pillow

    from telespool.media.nclx import nclx_of  # noqa: PLC0415 - the same
    from telespool.media.photo import BROKEN, FORMATS, flat  # noqa: PLC0415 - the same
    from telespool.media.photo_colours import to_srgb  # noqa: PLC0415 - the same
    from telespool.media.photo_info import shown_pictures  # noqa: PLC0415 - the same

    frames = promised = 0
    try:
        with Image.open(source, formats=FORMATS) as image, result.open("wb") as file:
            nclx = nclx_of(source) if image.format == "AVIF" else None
            profile = image.info.get("icc_profile")
            writer = _Writer(file, image.size)
            pictures = shown_pictures(image)
            promised = len(pictures)
            for number in pictures:
                image.seek(number)
                image.load()
                duration = float(image.info.get("duration", 0) or 0)
                writer.add(to_srgb(flat(image), profile, nclx).convert("RGB"), duration)
                frames += 1
            writer.close()
    except BROKEN:
        if not frames:
            return 1
        with result.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            _Writer.end(file, frames)
    print(frames, promised)  # noqa: T201 - for our parent
    return 0


class _Writer:
    """An APNG under way: every frame whole, in true colours."""

    def __init__(self, file: BinaryIO, size: tuple[int, int]) -> None:
        self._file = file
        self._size = size
        self._number = self._frames = 0
        file.write(b"\x89PNG\r\n\x1a\n")
        _chunk(file, b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
        _chunk(file, b"acTL", struct.pack(">II", 0, 1))

    def add(self, frame: Image.Image, milliseconds: float) -> None:
        """Write a frame that is shown for so long."""
        lasting = round(milliseconds if milliseconds > _HASTE else _USUAL)
        control = (*self._size, 0, 0, min(lasting, _LONGEST), 1000, 0, 0)
        _chunk(self._file, b"fcTL", struct.pack(">IIIIIHHBB", self._next(), *control))
        width = frame.width * 3
        raw = frame.tobytes()
        lines = b"".join(b"\0" + raw[at : at + width] for at in range(0, len(raw), width))
        data = zlib.compress(lines, 1)
        if self._frames:
            _chunk(self._file, b"fdAT", struct.pack(">I", self._next()) + data)
        else:
            _chunk(self._file, b"IDAT", data)
        self._frames += 1

    def close(self) -> None:
        """Write the end."""
        self.end(self._file, self._frames)

    @staticmethod
    def end(file: BinaryIO, frames: int) -> None:
        """Write the end and, into the header, how many frames there are."""
        _chunk(file, b"IEND", b"")
        file.seek(8 + 25)
        _chunk(file, b"acTL", struct.pack(">II", frames, 1))

    def _next(self) -> int:
        self._number += 1
        return self._number - 1


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + kind + data)
    file.write(struct.pack(">I", zlib.crc32(kind + data)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
