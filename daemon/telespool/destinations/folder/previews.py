"""Small pictures for the page, as a chat's server makes them.

A page with a thousand photos of ten megabytes each is no page; so what is large gets a preview, and every
photo its size as shown, so that nothing jumps while it loads. A photo that cannot be read here is shown
without either: this is decoration and never a reason to refuse a post. Blocks; no errors leave it.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

if TYPE_CHECKING:
    from pathlib import Path

EDGE = 1280
LARGE = 400_000

_MOST_PIXELS = 30_000_000  # Telegram's photos have fewer; of more none is worth the memory
_SOME = threading.Semaphore(2)  # decoded at once: each takes tens of megabytes
_TURNED = {5, 6, 7, 8}
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Preview:
    """A photo's size as shown, in pixels, and its preview (a JPEG) where it needs one."""

    width: int
    height: int
    jpeg: bytes | None


def of_picture(path: Path, *, moves: bool = False) -> Preview | None:
    """Look at a photo or a GIF; None where it cannot be read. What moves gets a preview that stands still."""
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if picture.getexif().get(_ORIENTATION) in _TURNED:
                width, height = height, width
            wanted = (moves or _is_large(path)) and width * height <= _MOST_PIXELS
            return Preview(width, height, _jpeg(picture) if wanted else None)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return None


def _is_large(path: Path) -> bool:
    return path.stat().st_size > LARGE


def _jpeg(picture: Image.Image) -> bytes:
    with _SOME:
        # JPEG only: decodes at a fraction of the size, many times faster.
        picture.draft("RGB", (EDGE, EDGE))
        picture.thumbnail((EDGE, EDGE), reducing_gap=None)  # in place: no copy of the whole is made
        small = ImageOps.exif_transpose(picture).convert("RGB")
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=82)
    return stream.getvalue()
