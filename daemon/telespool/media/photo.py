"""Photos within Telegram's rules.

Telegram takes JPEG and PNG of at most 10 MB, width and height together at most 10 000, the longer side at most
twenty times the shorter; everything else it refuses, or quietly turns into a document that breaks its album.
`look` reads the header and says what breaks a rule; `acceptable_photo` puts it right.

Photos are decoded once before they are sent, because a broken one would be refused by Telegram in the midst of
an album. Pictures of more than `MAX_PIXELS` are refused before they are decoded.

Everything here blocks; from a coroutine it is called with `asyncio.to_thread`. Errors: `Permanent`.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pillow_heif
from PIL import Image, ImageOps

from telespool.errors import Permanent
from telespool.media.photo_colours import nclx_of, srgb_profile, to_srgb

if TYPE_CHECKING:
    from pathlib import Path

pillow_heif.register_heif_opener()
# The limit is ours: it is checked by `look`, before anything is decoded, and refuses with a sentence.
Image.MAX_IMAGE_PIXELS = None

MAX_BYTES = 10_000_000
MAX_SIDES = 10_000
MAX_RATIO = 20
MAX_PIXELS = 220_000_000  # the largest sensors of phones make 200 megapixels

_FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "HEIF", "AVIF", "BMP", "TIFF", "JPEG2000"]
_TAKEN = {"JPEG", "MPO", "PNG"}
_QUALITIES = (90, 82, 74, 64)
_REDUCED_TAG, _DNG_TAG = 254, 50706

# What Pillow raises on broken files, by experience with its decoders.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    RuntimeError,
    struct.error,
    MemoryError,
)


@dataclass(frozen=True, slots=True)
class PhotoInfo:
    """What the header says. `reasons` name what breaks Telegram's rules; none: it is taken as it is."""

    width: int
    height: int
    frames: int
    reasons: tuple[str, ...]
    is_raw: bool = False

    @property
    def too_narrow(self) -> bool:
        """Whether Telegram refuses the shape, whatever the size."""
        return max(self.width, self.height) > MAX_RATIO * min(self.width, self.height)


def look(path: Path) -> PhotoInfo:
    """Read the header of a photo."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            return _look(path, image)
    except _BROKEN as error:
        raise Permanent(_unreadable(path, error)) from error


def acceptable_photo(path: Path, directory: Path, *, again: bool = False) -> Path:
    """Return the photo as Telegram takes it: `path` itself, or a JPEG made in `directory`.

    `again` makes a JPEG in any case, for one that Telegram refused. Permanent where it cannot be decoded to
    its end.
    """
    try:
        with Image.open(path, formats=_FORMATS) as image:
            seen = _look(path, image)
            if not seen.reasons and not again:
                # At an eighth of the size a JPEG decodes in a tenth of the time, and still to its end.
                image.draft(image.mode, (max(1, seen.width // 8), max(1, seen.height // 8)))
                image.load()
                return path
            nclx = nclx_of(path) if image.format in {"HEIF", "AVIF"} else None
            profile = image.info.get("icc_profile")
            picture = to_srgb(_flat(ImageOps.exif_transpose(image)), profile, nclx)
    except _BROKEN as error:
        raise Permanent(_unreadable(path, error)) from error
    sides = picture.width + picture.height
    if sides > MAX_SIDES:
        picture = _scaled(picture, MAX_SIDES / sides)
    return _save(picture, directory / f"{path.name}.jpg")


def _look(path: Path, image: Image.Image) -> PhotoInfo:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Permanent(
            f"{path.name} claims to be {width} × {height} pixels, more than any camera makes:"
            " it is refused, not decoded"
        )
    reasons = []
    if image.format not in _TAKEN:
        reasons.append(f"Telegram takes JPEG and PNG, this is {image.format}")
    elif image.mode == "CMYK":
        reasons.append("its colours are for printing (CMYK)")
    if path.stat().st_size > MAX_BYTES:
        reasons.append(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    if width + height > MAX_SIDES:
        reasons.append(
            f"its sides ({width} + {height}) are longer together than {MAX_SIDES} pixels"
        )
    is_raw = False
    if image.format == "TIFF":
        # Camera raws are TIFFs whose first picture is a small preview.
        tags = getattr(image, "tag_v2", {})
        is_raw = tags.get(_REDUCED_TAG) == 1 or _DNG_TAG in tags
    frames = int(getattr(image, "n_frames", 1)) if image.format == "GIF" else 1
    return PhotoInfo(width, height, frames, tuple(reasons), is_raw)


def _flat(image: Image.Image) -> Image.Image:
    """The picture with whatever was transparent in white; the inks of a print stay inks."""
    if image.mode in {"RGB", "L", "CMYK", "LAB"} and "transparency" not in image.info:
        return image.copy()
    if image.mode in {"RGBA", "LA", "PA", "P", "RGBa", "La"} or "transparency" in image.info:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        return white.convert("RGB")
    if image.mode.startswith("I"):
        # Sixteen bits of grey: Pillow would cut off what is above 255 instead of scaling it.
        return image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert("RGB")


def _scaled(picture: Image.Image, factor: float) -> Image.Image:
    size = (max(1, int(picture.width * factor)), max(1, int(picture.height * factor)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _save(picture: Image.Image, target: Path) -> Path:
    """Write a JPEG of at most `MAX_BYTES`: lower quality first, fewer pixels then."""
    profile = srgb_profile() if picture.mode == "RGB" else None
    while True:
        for quality in _QUALITIES:
            target.unlink(missing_ok=True)
            picture.save(target, "JPEG", quality=quality, optimize=True, icc_profile=profile)
            if target.stat().st_size <= MAX_BYTES:
                with target.open("rb") as file:
                    os.fsync(file.fileno())
                return target
        picture = _scaled(picture, 0.8)


def _unreadable(path: Path, error: BaseException) -> str:
    words = " ".join(str(error).replace(str(path), path.name).split()) or type(error).__name__
    return f"{path.name} cannot be decoded as a photo ({words[:200]}): it is damaged"
