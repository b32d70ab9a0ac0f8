"""Photos within Telegram's rules.

Telegram takes JPEG and PNG of at most 10 MB, width and height together at most 10 000, the longer side at most
twenty times the shorter; everything else it refuses, or quietly turns into a document that breaks its album.
`look` reads the header and says what breaks a rule; `acceptable_photo` puts it right.

Photos are decoded once before they are sent, because a broken one would be refused by Telegram in the midst of
an album. Pictures of more than `MAX_PIXELS` are refused before they are decoded.

Everything here blocks and decodes in its own process: the daemon asks `photo_pool` instead. Errors: `Permanent`.
"""

from __future__ import annotations

import io
import os
import re
import struct
from typing import TYPE_CHECKING

import pillow_heif
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from telespool.errors import Permanent
from telespool.media.nclx import nclx_of
from telespool.media.photo_colours import is_wide, srgb_profile, to_srgb
from telespool.media.photo_info import (
    MAX_BYTES,
    MAX_PAGES,
    MAX_PIXELS,
    MAX_SIDES,
    MOTION,
    PhotoInfo,
    shown_pictures,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pillow_heif.register_heif_opener()
# The limit is ours: it is checked by `look`, before anything is decoded, and refuses with a sentence.
Image.MAX_IMAGE_PIXELS = None

FORMATS = [
    "JPEG",
    "PNG",
    "GIF",
    "WEBP",
    "HEIF",
    "AVIF",
    "BMP",
    "TIFF",
    "JPEG2000",
    "PPM",
    "TGA",
    "QOI",
]
_TAKEN = {"JPEG", "MPO", "PNG"}
_CLIP = re.compile(rb"(?:MotionPhoto|MicroVideo)\s*(?:=\s*[\"']|>)\s*1")
_SAMPLE_FORMAT_TAG, _IEEE = 339, 3
_QUALITIES = (90, 82, 74, 64)
_REDUCED_TAG, _DNG_TAG = 254, 50706
_NO_PAGE = 1 | 4  # bits of the first: a smaller copy of another picture, a mask of one
_MOVING = {"GIF", "WEBP", "PNG", "AVIF"}

# What Pillow raises on broken files, by experience with its decoders.
BROKEN = (
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


def look(path: Path) -> PhotoInfo:
    """Read the header of a photo."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return _look(path, image)
    except BROKEN as error:
        raise Permanent(_unreadable(path, error)) from error


def decode_small(image: Image.Image) -> None:
    """Decode a picture to its end; a JPEG at an eighth of its size, which takes a tenth of the time."""
    image.draft(image.mode, (max(1, image.width // 8), max(1, image.height // 8)))
    image.load()


def acceptable_photo(
    path: Path,
    directory: Path,
    *,
    again: bool = False,
    longest: int = 0,
    decode: Callable[[Image.Image], object] = decode_small,
) -> Path:
    """Return the photo as Telegram takes it: `path` itself, or a JPEG made in `directory`.

    `again` makes a JPEG in any case, for one that Telegram refused. With `longest` it is a JPEG whose sides have at
    most so many pixels; one that is made is progressive. Permanent where it cannot be decoded to its end; a JPEG that
    lacks only its last bytes gets its end mark, as viewers add it in thought. `decode` decodes one that is taken as
    it is.
    """
    target = directory / f"{path.name}.jpg"
    seen: PhotoInfo | None = None
    try:
        with Image.open(path, formats=FORMATS) as image:
            seen = _look(path, image)
            if longest:
                again |= max(image.size) > longest or image.format not in {"JPEG", "MPO"}
            if not seen.reasons and not again:
                decode(image)
                return path
            return _made(image, path, target, longest)
    except BROKEN as error:
        whole = _with_its_end(path)
        if whole is None or seen is None:
            raise Permanent(_unreadable(path, error)) from error
    if seen.reasons or again:
        with Image.open(io.BytesIO(whole), formats=["JPEG"]) as image:
            return _made(image, path, target, longest)
    _write(target, whole)
    return target


def pixels(path: Path) -> int:
    """How many pixels the header claims; 0 where it cannot be read."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return image.width * image.height
    except BROKEN:
        return 0


def decode(path: Path) -> tuple[int, int]:
    """Decode a photo to its end and keep nothing of it; its size."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.load()
            return image.size
    except BROKEN as error:
        raise Permanent(_unreadable(path, error)) from error


def page(path: Path, place: int, target: Path) -> Path:
    """Make a JPEG of one page of a TIFF, or of the picture that `path` is."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.seek(place)
            return _made(image, path, target)
    except BROKEN as error:
        raise Permanent(_unreadable(path, error)) from error


def _made(image: Image.Image, path: Path, target: Path, longest: int = 0) -> Path:
    if image.width + image.height > 2 * MAX_SIDES:
        # It is made smaller in any case: of a JPEG half of it can be decoded alone.
        factor = MAX_SIDES / (image.width + image.height)
        image.draft(None, (int(image.width * factor), int(image.height * factor)))
    nclx = nclx_of(path) if image.format in {"HEIF", "AVIF", "PNG"} else None
    profile = None if nclx and image.format == "PNG" else image.info.get("icc_profile")
    picture = to_srgb(flat(ImageOps.exif_transpose(image)), profile, nclx)
    sides = picture.width + picture.height
    if sides > MAX_SIDES:
        picture = _scaled(picture, MAX_SIDES / sides)
    if longest and max(picture.size) > longest:
        picture = _scaled(picture, longest / max(picture.size))
    return _save(picture, target, progressive=bool(longest))


_END_MARK = b"\xff\xd9"
_MISSING_ROWS = 50  # one part in so many may be missing at the end, and one row of blocks


def _with_its_end(path: Path) -> bytes | None:
    """The bytes of a JPEG with an end mark; None for other files, and where more is missing than the last bytes.

    What is missing, the decoder leaves grey: in the middle between black and white, to the bit.
    """
    data = path.read_bytes() + _END_MARK
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            image.load()
            rows = max(16, image.height // _MISSING_ROWS)
            if image.height <= rows:
                return data
            end = image.crop((0, image.height - rows - 1, image.width, image.height - rows))
            grey = Image.new(end.mode, end.size, tuple([128] * len(end.getbands())))
            return data if ImageChops.difference(end, grey).getbbox() else None
    except BROKEN:
        return None


def _is_floating(path: Path) -> bool:
    """Whether a TIFF that Pillow does not know has floating-point pixels, by the tags of its first picture."""
    try:
        with path.open("rb") as file:
            order = "<" if file.read(2) == b"II" else ">"
            version, place = struct.unpack(f"{order}HI", file.read(6))
            file.seek(place)
            entries = struct.unpack(f"{order}H", file.read(2))[0]
            for _ in range(entries if version == 42 else 0):
                tag, _, count, value = struct.unpack(f"{order}HHII", file.read(12))
                if tag == _SAMPLE_FORMAT_TAG:
                    if count > 2:
                        file.seek(value)
                        value = file.read(2)[0 if order == "<" else 1]
                    return value in {_IEEE, _IEEE << 16, _IEEE << 16 | _IEEE}
    except (OSError, struct.error, IndexError):
        return False
    return False


def _look(path: Path, image: Image.Image) -> PhotoInfo:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Permanent(
            f"{path.name} claims to be {width} × {height} pixels: more than {MAX_PIXELS // 1_000_000}"
            " megapixels are not decoded; make it smaller"
        )
    reasons = []
    if image.format not in _TAKEN:
        reasons.append(f"Telegram takes JPEG and PNG, this is {image.format}")
    elif image.mode == "CMYK":
        reasons.append("its colours are for printing (CMYK)")
    elif is_wide(path, image):
        reasons.append("its colours are not those of every screen")
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
    if image.format == "TIFF" and not is_raw and image.mode == "F":
        raise Permanent(_floating(path))
    pictures = 1 if image.format in {"TIFF", "MPO"} else len(shown_pictures(image))
    frames = pictures if image.format in _MOVING else 1
    more = (
        f"of its {pictures} pictures only the first is shown" if frames == 1 < pictures else "",
        MOTION if _has_clip(image) else "",
    )
    return PhotoInfo(
        width,
        height,
        frames,
        tuple(reasons),
        is_raw,
        _pages(image) if image.format == "TIFF" and not is_raw else (0,),
        tuple(filter(None, more)),
    )


def _pages(image: Image.Image) -> tuple[int, ...]:
    """The places of the pictures that are no smaller copies and no masks of others."""
    pages: list[int] = []
    place = 0
    try:
        while len(pages) <= MAX_PAGES:
            image.seek(place)
            if not int(getattr(image, "tag_v2", {}).get(_REDUCED_TAG, 0) or 0) & _NO_PAGE:
                pages.append(place)
            place += 1
    except BROKEN:
        pass  # behind the last
    image.seek(0)
    return tuple(pages) or (0,)


def _has_clip(image: Image.Image) -> bool:
    """Whether a camera says that a film lies behind the picture."""
    about = image.info.get("xmp") or b""
    about = about if isinstance(about, bytes) else str(about).encode("utf-8", "replace")
    return bool(_CLIP.search(about))


def _floating(path: Path) -> str:
    return (
        f"{path.name} is a TIFF with floating-point pixels, which say nothing of how bright they are to be shown:"
        " export it with 8 or 16 bits"
    )


def flat(image: Image.Image) -> Image.Image:
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


def _save(picture: Image.Image, target: Path, *, progressive: bool = False) -> Path:
    """Write a JPEG of at most `MAX_BYTES`: lower quality first, fewer pixels then."""
    profile = srgb_profile() if picture.mode == "RGB" else None
    target.parent.mkdir(parents=True, exist_ok=True)
    while True:
        for quality in _QUALITIES:
            target.unlink(missing_ok=True)
            how = {"quality": quality, "optimize": True, "progressive": progressive}
            picture.save(target, "JPEG", icc_profile=profile, **how)
            if target.stat().st_size <= MAX_BYTES:
                with target.open("rb") as file:
                    os.fsync(file.fileno())
                return target
        picture = _scaled(picture, 0.8)


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with target.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _unreadable(path: Path, error: BaseException) -> str:
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return (
            f"{path.name} cannot be decoded as a photo: it needs more memory than a photo is given"
        )
    if isinstance(error, UnidentifiedImageError) and _is_floating(path):
        return _floating(path)
    return f"{path.name} cannot be decoded as a photo: it is damaged or cut off"
