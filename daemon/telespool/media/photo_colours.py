"""The colours of a photo, as a screen of today shows them: sRGB, whatever they were noted in.

A profile (ICC) in the photo is applied, that of inks as well; where HEIC and AVIF name their colours by numbers
instead (nclx: ITU-T H.273), these are. HDR (PQ, HLG) is brought down to the brightness of paper: what is no brighter
than 203 candela a square metre (ITU-R BT.2408) keeps its value, and highlights are pressed into what is left above.

Pure but for reading the file's boxes. A profile that is broken, or of another kind of picture, is passed over, as viewers do.
"""

from __future__ import annotations

import functools
import io
import struct
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageCms, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Triple = tuple[float, float, float]
    Matrix = tuple[Triple, Triple, Triple]

_WHITE = 203.0  # candela a square metre of white paper
_KNEE = 0.75  # of it; from here on highlights are pressed, where there are any
_GRID = 65  # steps of the table in each colour
_SPECKS = 2000  # one part of a picture that may be brighter than what counts as its brightest
_LARGEST_META = 16 << 20
_PQ, _HLG = 16, 18
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


class Nclx(NamedTuple):
    """Colours by the numbers of H.273: which primaries, and which curve."""

    primaries: int
    transfer: int

    @property
    def is_hdr(self) -> bool:
        """Whether its curve goes far beyond the white of paper."""
        return self.transfer in {_PQ, _HLG}

    @property
    def is_plain(self) -> bool:
        """Whether these are the colours of every screen, or unknown."""
        return self.primaries not in _PRIMARIES or (
            self.primaries == 1 and self.transfer not in _CURVES
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
    if nclx is None or nclx.is_plain or picture.mode != "RGB":
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
        if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).lower():
            return picture
        target = ImageCms.createProfile("sRGB")
        made = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return made.convert("L") if made is not None and mode == "L" else made


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
    _PQ: _pq,
    _HLG: _hlg,
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
    light = _pq(code) if nclx.transfer == _PQ else float(1000 / _WHITE * _hlg(code) ** 1.2)
    # A few steps, so that tables are made once.
    return next((most for most in (1.03, 2.0, 4.0, 8.0, 16.0) if light <= most), 50.0)


def _pressed(light: float, peak: float) -> float:
    """Press what is brighter than the knee into what is left below white; all is as it was where nothing is brighter."""
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
    is_hlg = nclx.transfer == _HLG

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


# HEIF boxes


def nclx_of(path: Path) -> Nclx | None:
    """The colours of the main picture of a HEIC or AVIF by numbers; None where it names none."""
    try:
        return _nclx(_meta(path))
    except (struct.error, IndexError, KeyError, ValueError):
        return None


def _meta(path: Path) -> bytes:
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            if size < 8 or (kind == b"meta" and size > _LARGEST_META):
                break
            if kind == b"meta":
                return file.read(size - 8)[4:]
            file.seek(size - 8, 1)
    return b""


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8:
            return
        yield kind, content[at + 8 : at + size]
        at += size


def _nclx(meta: bytes) -> Nclx | None:
    boxes = dict(_boxes(meta))
    main = boxes[b"pitm"]
    wanted = int.from_bytes(main[4:6] if main[0] == 0 else main[4:8], "big")
    about = dict(_boxes(boxes[b"iprp"]))
    properties = list(_boxes(about[b"ipco"]))
    for place in _places(about[b"ipma"], wanted):
        kind, content = properties[place - 1]
        if kind == b"colr" and content[:4] == b"nclx":
            return Nclx(*struct.unpack_from(">HH", content, 4))
    return None


def _places(table: bytes, wanted: int) -> list[int]:
    """Which properties a picture has, counted from one."""
    wide_ids, wide = table[0] > 0, bool(table[3] & 1)
    at = 8
    for _ in range(struct.unpack_from(">I", table, 4)[0]):
        size = 4 if wide_ids else 2
        number = int.from_bytes(table[at : at + size], "big")
        count = table[at + size]
        at += size + 1
        step = 2 if wide else 1
        found = [
            int.from_bytes(table[at + n * step : at + (n + 1) * step], "big") for n in range(count)
        ]
        if number == wanted:
            return [
                each & (0x7FFF if wide else 0x7F)
                for each in found
                if each & (0x7FFF if wide else 0x7F)
            ]
        at += count * step
    return []
