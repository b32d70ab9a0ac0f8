"""JPEGs that are certainly whole, known by their structure alone: nothing is decoded, and no child is asked.

A decoder of JPEGs fails only where a table or a header is wrong or missing, or where the file ends before its end mark;
of wrong bits between them it makes wrong pixels. So a picture whose headers all obey the standard, whose scans have the
tables that they name, and whose end mark is there, passes every decoder. That is seen by going through its markers, in
a fiftieth of the time that decoding takes.

    header(file, size)   what `photo.look` would say of it, and which profile of colours it has
    whole(data)          the same of one that every decoder takes to its end

Both say None of whatever is unusual: then it is decoded. The standard is ITU-T T.81. Reading blocks; OSError leaves.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
from typing import BinaryIO, NamedTuple

from telespool.media.photo_info import LARGE, MAX_BYTES, MAX_SIDES, PhotoInfo

BEGINNING = b"\xff\xd8"
_EOI, _SOS, _DQT, _DHT, _DRI, _COM = 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xFE
_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive
_PROGRESSIVE = 0xC2
_APPLICATION = range(0xE0, 0xF0)
_ICC = 0xE2, b"ICC_PROFILE\x00"
_ADOBE = 0xEE, b"Adobe"
_EXIF = 0xE1, b"Exif"
_XMP = 0xE1, b"http://ns.adobe.com/xap/1.0/\x00"
_YCBCR = 1
_SEGMENTS, _SCANS = 400, 64  # more is not usual
_NEXT = re.compile(
    rb"\xff[^\x00\xff\xd0-\xd7]"
)  # a marker; what is stuffed, and restarts, belong to the scan
_BLOCKS = 10  # in one unit of a scan, at most


class _UnusualError(Exception):
    """Something that is left to a decoder."""


class _Component(NamedTuple):
    name: int
    across: int
    down: int
    quantization: int


class Header(NamedTuple):
    """What a header says. `profile` is the digest of its profile of colours, empty where it has none.

    `needs_preview`: a page shows it smaller, or perhaps turned.
    """

    info: PhotoInfo
    profile: bytes
    needs_preview: bool


class _Reader:
    """The segments of a file, in order, and what a decoder would have learnt from them so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.width = self.height = 0
        self.profile = b""
        self.has_exif = False
        self.frame = 0
        self.components: dict[int, _Component] = {}
        self.seen: set[int] = set()  # components that scans were about
        self.quantizations: set[int] = set()
        self.huffman: dict[
            tuple[int, int], bool
        ] = {}  # (0 for DC, 1 for AC; its number): fit for DC as well

    def _take(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise _UnusualError
        return data

    def to_scan(self) -> None:
        """Read the segments up to the next scan; the file stands behind the header of that."""
        for _ in range(_SEGMENTS):
            lead, marker = self._take(2)
            _only_if(lead == 0xFF)
            data = self._content()
            if marker == _SOS:
                self._scan(data)
                return
            self._segment(marker, data)
        raise _UnusualError

    def begin(self) -> None:
        """Read the first marker."""
        _only_if(self._take(2) == BEGINNING)

    def _content(self) -> bytes:
        length = int.from_bytes(self._take(2), "big") - 2
        _only_if(length >= 0)
        return self._take(length)

    def _segment(self, marker: int, data: bytes) -> None:
        if marker == _DQT:
            self._quantization(data)
        elif marker == _DHT:
            self._huffman(data)
        elif marker in _FRAMES and not self.frame:
            self._frame(marker, data)
        elif marker == _DRI:
            _only_if(len(data) == 2)
        elif marker in _APPLICATION:
            self._application(marker, data)
        else:
            _only_if(marker == _COM)

    def _quantization(self, data: bytes) -> None:
        while data:
            precision, number = data[0] >> 4, data[0] & 15
            size = 1 + 64 * (precision + 1)
            _only_if(precision <= 1 and number <= 3 and len(data) >= size)
            self.quantizations.add(number)
            data = data[size:]

    def _huffman(self, data: bytes) -> None:
        while data:
            _only_if(len(data) >= 17)
            kind, number = data[0] >> 4, data[0] & 15
            counts = data[1:17]
            symbols = data[17 : 17 + sum(counts)]
            room = 1
            for count in counts:
                room = 2 * room - count
                _only_if(room >= 0)
            _only_if(kind <= 1 and number <= 3 and 0 < sum(counts) == len(symbols) <= 256)
            self.huffman[kind, number] = max(symbols) <= 15
            data = data[17 + len(symbols) :]

    def _frame(self, marker: int, data: bytes) -> None:
        _only_if(len(data) >= 6)
        precision, self.height, self.width, count = struct.unpack(">BHHB", data[:6])
        _only_if(precision == 8 and count in {1, 3} and len(data) == 6 + 3 * count)
        _only_if(self.width > 0 and self.height > 0)
        for place in range(count):
            name, factors, quantization = data[6 + 3 * place : 9 + 3 * place]
            _only_if(factors >> 4 in {1, 2, 4} and factors & 15 in {1, 2, 4})
            component = _Component(name, factors >> 4, factors & 15, quantization)
            self.components[name] = component
        _only_if(len(self.components) == count)
        first = next(iter(self.components.values()))
        for each in self.components.values():
            _only_if(each.across <= first.across and each.down <= first.down)
        self.frame = marker

    def _application(self, marker: int, data: bytes) -> None:
        """What programs add: inks, and films behind the picture, are left to others."""
        if marker == _ICC[0] and data.startswith(_ICC[1]):
            self.profile = hashlib.sha256(self.profile + data).digest()
        if marker == _EXIF[0] and data.startswith(_EXIF[1]):
            self.has_exif = True
        if marker == _XMP[0] and data.startswith(_XMP[1]):
            _only_if(b"MotionPhoto" not in data and b"MicroVideo" not in data)
        if marker == _ADOBE[0] and data.startswith(_ADOBE[1]):
            _only_if(len(data) >= 12 and data[11] == _YCBCR)

    def _scan(self, data: bytes) -> None:
        """Are all tables of this scan there?"""
        _only_if(self.frame > 0)
        _only_if(len(data) >= 1 and 1 <= data[0] <= 3 and len(data) == 4 + 2 * data[0])
        first, last, shifts = data[-3:]
        high, low = shifts >> 4, shifts & 15
        progressive = self.frame == _PROGRESSIVE
        if progressive:
            _only_if(last == 0 if first == 0 else first <= last < 64 and data[0] == 1)
            _only_if(low <= 13 and (not high or low == high - 1))
        else:
            _only_if((first, last, shifts) == (0, 63, 0))
        names = [data[1 + 2 * place] for place in range(data[0])]
        _only_if(len(set(names)) == len(names) and set(names) <= set(self.components))
        self.seen |= set(names)
        blocks = 0
        for place, name in enumerate(names):
            component, tables = self.components[name], data[2 + 2 * place]
            blocks += component.across * component.down
            _only_if(component.quantization in self.quantizations)
            if not progressive or (first == 0 and not high):
                _only_if(self.huffman.get((0, tables >> 4), False))
            if not progressive or first > 0:
                _only_if((1, tables & 15) in self.huffman)
        _only_if(blocks <= _BLOCKS or len(names) == 1)


def _only_if(usual: bool) -> None:
    if not usual:
        raise _UnusualError


def header(file: BinaryIO, size: int) -> Header | None:
    """Return what the header says of a file of so many bytes.

    None where it breaks a rule, and must be looked at more closely.
    """
    if size > MAX_BYTES:
        return None
    file.seek(0)
    reader = _Reader(file)
    try:
        reader.begin()
        reader.to_scan()
    except _UnusualError:
        return None
    return _usual(reader, size)


def whole(data: bytes) -> Header | None:
    """The same, of the bytes of a file that every decoder takes to its end."""
    try:
        return _usual(_go_through(data), len(data))
    except _UnusualError:
        return None


def _usual(reader: _Reader, size: int) -> Header | None:
    if reader.width + reader.height > MAX_SIDES:
        return None
    info = PhotoInfo(reader.width, reader.height, 1, ())
    return Header(info, reader.profile, reader.has_exif or size > LARGE)


def _go_through(data: bytes) -> _Reader:
    _only_if(len(data) <= MAX_BYTES)
    file = io.BytesIO(data)
    reader = _Reader(file)
    reader.begin()
    for _ in range(_SCANS):
        reader.to_scan()
        marker = _NEXT.search(data, file.tell())
        if marker is None:
            break
        if data[marker.start() + 1] == _EOI:
            _only_if(reader.seen == set(reader.components))
            return reader
        file.seek(marker.start())
    raise _UnusualError
