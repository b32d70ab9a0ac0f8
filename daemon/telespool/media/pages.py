"""The pages of a picture file, as photos: of a TIFF with several, or of a format that only ffmpeg reads.

    python -m telespool.media.pages SOURCE RESULT PLACE

makes one of them, as a child with limits. Errors: `Permanent` where a page cannot be decoded; otherwise as
`ffmpeg_process`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import ffmpeg
from telespool.media.ffmpeg_process import PausableClock, Runner
from telespool.media.sniff import HEAD, sniff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.config.schema import ConvertSettings
    from telespool.runtime.gate import PauseGate

FOREIGN = {"jpeg xl": "jpegxl_pipe"}
"""Formats that Pillow does not read, and the demuxer of ffmpeg that does."""


async def extract(
    source: Path,
    folder: Path,
    places: Sequence[int],
    *,
    settings: ConvertSettings,
    gate: PauseGate,
    name: str,
) -> tuple[Path, ...]:
    """Make a JPEG of each of these pages in `folder`, which is made where it is missing.

    While the gate is closed the children stand still.
    """
    runner = Runner(gate, PausableClock(settings.timeout), ffmpeg.limits(settings))
    demuxer = await asyncio.to_thread(_prepare, source, folder)
    if demuxer:
        picture = folder / "picture.png"
        command = [
            *(ffmpeg.program(settings.ffmpeg), "-v", "error", "-nostdin", "-y"),
            *("-max_pixels", str(settings.max_pixels), "-protocol_whitelist", "file"),
            *("-f", demuxer, "-i", ffmpeg.writing(source), "-frames:v", "1"),
            *("-pix_fmt", "rgb24", "-update", "1", "-f", "image2", ffmpeg.writing(picture)),
        ]
        if (await runner.run(command)).code:
            raise Permanent(
                f"{name} cannot be decoded: it is damaged, or this ffmpeg does not read its format"
            )
        source = picture
    made = []
    for number, place in enumerate(places, 1):
        page = folder / f"page-{number:02d}.jpg"
        words = [os.fspath(source), os.fspath(page), str(place)]
        if (await runner.run([sys.executable, "-P", "-m", __name__, *words])).code:
            raise Permanent(f"{name} cannot be decoded as a photo: it is damaged or cut off")
        made.append(page)
    return tuple(made)


def _prepare(source: Path, folder: Path) -> str:
    """Make the folder; the demuxer of ffmpeg for what Pillow does not read, empty for all others."""
    folder.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        return FOREIGN.get(sniff(file.read(HEAD)).name, "")


def main(source: Path, result: Path, place: int) -> int:
    """Make one page, as a child; 1 where it cannot be decoded."""
    from telespool.media import photo  # noqa: PLC0415 - only the child needs Pillow

    try:
        photo.page(source, place, result)
    except Permanent:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
