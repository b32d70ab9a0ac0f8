"""Small pictures for a page, as a chat's server makes them.

A page with a thousand photos of ten megabytes each is no page; so what is large gets a preview, and every photo its
size as shown, so that nothing jumps while it loads. A preview is decoration and never a reason to refuse a photo.

Everything here blocks and decodes in its own process: the daemon asks `photo_pool` instead.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from telespool.media.photo import BROKEN, FORMATS, decode_small
from telespool.media.photo_info import LARGE
from telespool.model import Picture

if TYPE_CHECKING:
    from pathlib import Path

EDGE = 1280

_MOST_PIXELS = 30_000_000  # Telegram's photos have fewer; of more none is worth the time
_TURNED = {5, 6, 7, 8}
_ORIENTATION = 0x0112


def of_image(image: Image.Image, size: int, *, moves: bool = False) -> Picture:
    """Decode a picture of `size` bytes to its end, and make the preview that it needs of what was decoded.

    What moves gets one that stands still. `BROKEN` where it cannot be decoded.
    """
    width, height = image.size
    wanted = (moves or size > LARGE) and width * height <= _MOST_PIXELS
    if not wanted:
        decode_small(image)
    else:
        # JPEG only: decodes at a fraction of the size, many times faster.
        image.draft("RGB", (EDGE, EDGE))
        image.load()
    try:
        if image.getexif().get(_ORIENTATION) in _TURNED:
            width, height = height, width
        return Picture(width, height, _jpeg(image) if wanted else None)
    except BROKEN:
        return Picture(width, height, None)


def of_file(path: Path, *, moves: bool = False) -> Picture | None:
    """Look at a photo or a GIF; None where it cannot be read, or is too large to be worth the time."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            return of_image(image, path.stat().st_size, moves=moves)
    except BROKEN:
        return None


def _jpeg(image: Image.Image) -> bytes:
    image.thumbnail((EDGE, EDGE), reducing_gap=None)  # in place: no copy of the whole is made
    small = ImageOps.exif_transpose(image).convert("RGB")
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=82)
    return stream.getvalue()
