"""The little picture in front of a video.

Telegram makes one by itself only for small files. `thumbnail` decodes one frame near the beginning, upright and
with square pixels, and makes a JPEG of at most 320 x 320 and 200 KB of it. Errors: `Permanent` where no frame can
be decoded.
"""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

from PIL import Image

from telespool.errors import Permanent
from telespool.media import ffmpeg
from telespool.media.known_good import PATIENCE, ffmpeg_tool
from telespool.runtime import subprocesses
from telespool.runtime.tool_health import HEALTH

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.model import VideoInfo

SIDE = 320
MAX_BYTES = 200_000
COVER_SIDE = 1280
COVER_BYTES = 1_000_000
_TIMEOUT = 60.0


async def cover(path: Path, frame: VideoInfo, settings: ConvertSettings) -> bytes:
    """Make the picture that stands for a video until it plays: at most as large as Telegram's apps show photos."""
    return await thumbnail(path, frame, settings, side=COVER_SIDE, most=COVER_BYTES)


async def thumbnail(
    path: Path,
    frame: VideoInfo,
    settings: ConvertSettings,
    *,
    side: int = SIDE,
    most: int = MAX_BYTES,
) -> bytes:
    """Make the thumbnail of a video, a JPEG of at most `most` bytes. `frame` is its true size and duration."""
    # A second in, because many videos fade in from black; the first frame where that gives none.
    async with HEALTH.vouched(ffmpeg_tool(settings), patience=PATIENCE):
        for second in (min(1.0, frame.duration / 3), 0.0):
            picture, said = await _one_frame(path, frame, settings, second, side)
            if picture:
                return await asyncio.to_thread(_jpeg, picture, most)
        raise Permanent(f"{path.name}: no frame can be decoded for a thumbnail: {said}")


async def _one_frame(
    path: Path, frame: VideoInfo, settings: ConvertSettings, second: float, side: int
) -> tuple[bytes, str]:
    factor = min(1.0, side / max(frame.width, frame.height, 1))
    width, height = (max(2, round(edge * factor)) for edge in (frame.width, frame.height))
    command = [
        ffmpeg.program(settings.ffmpeg),
        *("-v", "error", "-nostdin", "-max_pixels", str(settings.max_pixels), "-threads", "1"),
        *("-ss", f"{second:.3f}"),
        *ffmpeg.reading(path),
        *("-map", "0:V:0", "-frames:v", "1"),
        *("-vf", f"scale={width}:{height},setsar=1,format=rgb24"),
        *("-c:v", "ppm", "-f", "image2pipe", "pipe:1"),
    ]
    try:
        _, out, err = await subprocesses.output(
            command, limits=ffmpeg.limits(settings, nice=False), timeout=_TIMEOUT
        )
    except TimeoutError:
        return b"", f"ffmpeg gave none within {_TIMEOUT:.0f} s"
    return out, ffmpeg.last_words(err)


def _jpeg(picture: bytes, most: int) -> bytes:
    try:
        with Image.open(io.BytesIO(picture), formats=["PPM"]) as image:
            for quality in (85, 70, 50, 30):
                out = io.BytesIO()
                image.save(out, "JPEG", quality=quality, optimize=True)
                if out.tell() <= most:
                    break
            return out.getvalue()
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise Permanent("what ffmpeg gave for a thumbnail is no picture") from error
