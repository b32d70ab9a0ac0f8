"""The colours of a photo, as a screen of today shows them: sRGB, whatever they were noted in.

A profile (ICC) in the photo is applied, that of inks as well; where HEIC and AVIF name their colours by numbers
instead (nclx: ITU-T H.273), these are. HDR (PQ, HLG) is brought down to the brightness of paper: what is no brighter
than 203 candela a square metre (ITU-R BT.2408) keeps its value, and highlights are pressed into what is left above.

Pure but for reading the file's boxes. A profile that is broken, or of another kind of picture, is passed over, as
viewers do.
"""

from __future__ import annotations

import functools
import io
import itertools
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageCms, ImageFilter

from telespool.media.nclx import HLG, PQ, Nclx, nclx_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Triple = tuple[float, float, float]
    Matrix = tuple[Triple, Triple, Triple]

_WHITE = 203.0  # candela a square metre of white paper
_KNEE = 0.75  # of it; from here on highlights are pressed, where there are any
_GRID = 65  # steps of the table in each colour
_SPECKS = 2000  # one part of a picture that may be brighter than what counts as its brightest
_D65 = (0.3127, 0.3290)
# Chromaticities of red, green, blue and white by the numbers of H.273.
_PRIMARIES = {
    1: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}


def is_plain(nclx: Nclx) -> bool:
    """Whether these are the colours of every screen, or unknown."""
    return nclx.primaries not in _PRIMARIES or (
        nclx.primaries == 1 and nclx.transfer not in _CURVES
    )


@functools.cache
def srgb_profile() -> bytes:
    """The profile that stands in every photo made here."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def to_srgb(picture: Image.Image, profile: bytes | None, nclx: Nclx | None) -> Image.Image:
    """The picture, without transparency, in sRGB or grey."""
    if profile and (managed := _by_profile(picture, profile)) is not None:
        return managed
    if picture.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        managed = _by_profile(picture, lab.tobytes())
        return managed if managed is not None else picture.convert("L")
    picture = picture if picture.mode in {"RGB", "L"} else picture.convert("RGB")
    if nclx is None or is_plain(nclx) or picture.mode != "RGB":
        return picture
    peak = _peak(picture, nclx) if nclx.is_hdr else 1.0
    return picture.filter(_table(nclx, peak))


_MODES = {b"RGB ": "RGB", b"CMYK": "CMYK", b"GRAY": "L", b"Lab ": "LAB"}


def _by_profile(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """What the profile makes of it; None where it does not fit, or cannot be read."""
    mode = _MODES.get(profile[16:20])
    if mode == "L" and picture.mode == "RGB" and picture.getcolors(256) is None:
        return None
    if mode is None or (
        picture.mode != mode and not (mode == "RGB" and picture.mode in {"P", "1"})
    ):
        return None
    picture = picture if picture.mode == mode else picture.convert(mode)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode == "RGB" and not changes_colours(mode, profile):
            return picture
        target = ImageCms.createProfile("sRGB")
        made = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return made.convert("L") if made is not None and mode == "L" else made


_NOTICED = 14
"""Levels, of 255, by which a colour may be off before anybody sees it; profiles of sRGB differ by fewer."""


@functools.lru_cache(maxsize=64)
def changes_colours(mode: str, profile: bytes) -> bool:
    """Whether a picture of this mode looks otherwise by its profile than without, as many viewers show it.

    What a profile calls itself says nothing: there are wide ones that have "sRGB" in their names.
    """
    if mode not in {"RGB", "L"} or _MODES.get(profile[16:20]) != mode:
        return False
    steps = (0, 64, 128, 192, 255)
    if mode == "L":
        codes = bytes(steps)
    else:
        codes = bytes(code for each in itertools.product(steps, repeat=3) for code in each)
    patches = Image.frombytes(mode, (len(codes) // len(mode.rstrip("L") or "L"), 1), codes)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        made = ImageCms.profileToProfile(patches, source, target, intent, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return False
    if made is None:
        return False
    off = ImageChops.difference(made, patches.convert("RGB"))
    return max(high for _, high in off.getextrema()) > _NOTICED  # type: ignore[misc]


def is_wide(path: Path, image: Image.Image) -> bool:
    """Whether a JPEG or PNG has colours of its own, by a profile or by numbers."""
    if image.format == "PNG" and (nclx := nclx_of(path)) is not None:
        return not is_plain(nclx)
    profile = image.info.get("icc_profile")
    mode = "RGB" if image.mode in {"RGB", "RGBA", "P"} else "L" if image.mode in {"L", "LA"} else ""
    return bool(profile) and changes_colours(mode, profile)


# Curves


def _encoded(linear: float) -> float:
    """The curve of sRGB."""
    if linear <= 0.0031308:
        return max(0.0, 12.92 * linear)
    return float(min(1.0, 1.055 * linear ** (1 / 2.4) - 0.055))


def _pq(code: float) -> float:
    """The brightness of PQ (SMPTE ST 2084), in white papers."""
    part = code ** (1 / 78.84375)
    light = max(part - 0.8359375, 0.0) / (18.8515625 - 18.6875 * part)
    return float(10_000 / _WHITE * light ** (1 / 0.1593017578125))


def _hlg(code: float) -> float:
    """The light of the scene of HLG (ARIB STD-B67), 0 to 1."""
    if code <= 0.5:
        return code * code / 3
    return float((2.718281828459045 ** ((code - 0.55991073) / 0.17883277) + 0.28466892) / 12)


def _linear(code: float) -> float:
    return code / 12.92 if code <= 0.04045 else float(((code + 0.055) / 1.055) ** 2.4)


# The curves that are not that of screens; 1, 6, 14 and 15 are shown by it.
_CURVES: dict[int, Callable[[float], float]] = {
    4: lambda code: code**2.2,
    5: lambda code: code**2.8,
    8: lambda code: code,
    PQ: _pq,
    HLG: _hlg,
}


def _peak(picture: Image.Image, nclx: Nclx) -> float:
    """How bright the brightest of the picture is, in white papers."""
    small = picture.resize(
        (min(256, picture.width), min(256, picture.height)), Image.Resampling.NEAREST
    )
    specks = small.width * small.height // _SPECKS
    highest = 0
    for band in small.split():
        above = 0
        for step, count in reversed(list(enumerate(band.histogram()))):
            above += count
            if above > specks:
                highest = max(highest, step)
                break
    code = highest / 255
    light = _pq(code) if nclx.transfer == PQ else float(1000 / _WHITE * _hlg(code) ** 1.2)
    # A few steps, so that tables are made once.
    return next((most for most in (1.03, 2.0, 4.0, 8.0, 16.0) if light <= most), 50.0)


def _pressed(light: float, peak: float) -> float:
    """Press what is brighter than the knee into the room below white; the rest stays as it is."""
    if peak <= 1.05 or light <= _KNEE:
        return light
    room = 1 - _KNEE
    over, most = (light - _KNEE) / room, (peak - _KNEE) / room
    return _KNEE + room * over * (1 + over / (most * most)) / (1 + over)


@functools.lru_cache(maxsize=6)
def _table(nclx: Nclx, peak: float) -> ImageFilter.Color3DLUT:
    """The table from the codes of these colours to those of sRGB."""
    curve = _CURVES.get(nclx.transfer, _linear)
    steps = [curve(step / (_GRID - 1)) for step in range(_GRID)]
    matrix = _times(_inverse(_to_xyz(1)), _adapted(nclx.primaries))
    is_hlg = nclx.transfer == HLG

    def shown(red: float, green: float, blue: float) -> Triple:
        light = tuple(steps[round(code * (_GRID - 1))] for code in (red, green, blue))
        if is_hlg:
            scene = 0.2627 * light[0] + 0.678 * light[1] + 0.0593 * light[2]
            gain = 1000 / _WHITE * max(scene, 1e-9) ** 0.2
            light = tuple(value * gain for value in light)
        out = [sum(a * b for a, b in zip(row, light, strict=True)) for row in matrix]
        brightest = max(out)
        factor = _pressed(brightest, peak) / brightest if brightest > _KNEE else 1.0
        first, second, third = (_encoded(value * factor) for value in out)
        return first, second, third

    return ImageFilter.Color3DLUT.generate(_GRID, shown)


# Matrices


def _to_xyz(primaries: int) -> Matrix:
    red, green, blue, white = _PRIMARIES[primaries]
    columns = [(x / y, 1.0, (1 - x - y) / y) for x, y in (red, green, blue)]
    rows: Matrix = tuple(zip(*columns, strict=True))  # type: ignore[assignment]
    bright = (white[0] / white[1], 1.0, (1 - white[0] - white[1]) / white[1])
    parts = [sum(a * b for a, b in zip(row, bright, strict=True)) for row in _inverse(rows)]
    return tuple(tuple(a * b for a, b in zip(row, parts, strict=True)) for row in rows)  # type: ignore[return-value]


def _adapted(primaries: int) -> Matrix:
    """From these primaries to XYZ with the white of screens (Bradford)."""
    matrix, white = _to_xyz(primaries), _PRIMARIES[primaries][3]
    if white == _D65:
        return matrix
    bradford = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))

    def cone(x: float, y: float) -> list[float]:
        seen = (x / y, 1.0, (1 - x - y) / y)
        return [sum(a * b for a, b in zip(row, seen, strict=True)) for row in bradford]

    here, there = cone(*white), cone(*_D65)
    scaled: Matrix = tuple(  # type: ignore[assignment]
        tuple(there[n] / here[n] * value for value in row) for n, row in enumerate(bradford)
    )
    return _times(_times(_inverse(bradford), scaled), matrix)


def _times(one: Matrix, other: Matrix) -> Matrix:
    columns = list(zip(*other, strict=True))
    return tuple(  # type: ignore[return-value]
        tuple(sum(a * b for a, b in zip(row, column, strict=True)) for column in columns)
        for row in one
    )


def _inverse(m: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = m
    whole = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return tuple(tuple(value / whole for value in row) for row in cofactors)  # type: ignore[return-value]
