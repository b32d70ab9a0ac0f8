"""The one table of file types by their first bytes; `file_endings` is the one of names.

`identify` looks at bytes alone and never at names; `by_signature` is the part of it that rests on a mark of its own
(no text, no two-byte sync words). Nothing here reads a file, starts a process or raises.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = 4096
"""Bytes that `identify` likes to see; fewer will do where the file has no more."""

TypeKind = Literal["photo", "gif", "video", "audio", "playlist", "archive", "other", "unknown"]


@dataclass(frozen=True, slots=True)
class FileType:
    """`name` is the format in one word; `mime` is empty where there is none.

    A "video" is a container that may turn out to hold audio only, a "gif" may be still or animated, "other" is known
    and none of the rest, "unknown" is what no signature fits.
    """

    kind: TypeKind
    name: str
    mime: str = ""


UNKNOWN = FileType("unknown", "unknown")
_PNM = re.compile(rb"P[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*\d+\s")
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<(?:svg|svg:svg)\b",
    re.DOTALL,
)
TEXT = FileType("other", "text", "text/plain")
_JPEG = FileType("photo", "jpeg", "image/jpeg")
_TAR = FileType("archive", "tar", "application/x-tar")
_MP4 = FileType("video", "mp4", "video/mp4")
_QUICKTIME = FileType("video", "quicktime", "video/quicktime")
_MPEGTS = FileType("video", "mpegts", "video/mp2t")
_RAW = FileType("other", "camera raw")


def is_raw(head: bytes) -> bool:
    """Whether a file that begins like this is a camera raw of a format of its own (others are TIFFs)."""
    return by_signature(head) is _RAW


def identify(head: bytes) -> FileType:
    """What a file is by its first bytes (`HEAD` of them, or all)."""
    found = by_signature(head)
    if found is not UNKNOWN:
        return found
    if head[:2] in {b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"}:
        return FileType("audio", "mp3", "audio/mpeg")
    if head[:2] in {b"\xff\xf1", b"\xff\xf9"}:
        return FileType("audio", "aac", "audio/aac")
    if head[:2] == b"\x0b\x77":
        return FileType("audio", "ac3", "audio/ac3")
    if _PNM.match(head):
        return FileType("photo", "ppm", "image/x-portable-anymap")
    if head[:2] == b"\xff\x0a" and not _is_text(head):
        return FileType("photo", "jpeg xl", "image/jxl")
    if _is_targa(head):
        return FileType("photo", "tga", "image/x-tga")
    if not _is_text(head):
        return UNKNOWN
    return FileType("other", "a drawing (SVG)", "image/svg+xml") if _SVG.match(head) else TEXT


def _is_targa(head: bytes) -> bool:
    """Whether all of the first 18 bytes fit a Targa picture: it has no mark of its own."""
    if len(head) < 18 or head[1] > 1 or head[2] not in {1, 2, 3, 9, 10, 11}:
        return False
    if head[1] != (head[2] in {1, 9}) or (not head[1] and any(head[3:8])):
        return False
    width, height = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    return bool(width and height) and head[16] in {8, 15, 16, 24, 32} and head[17] & 0xC0 == 0


def by_signature(head: bytes) -> FileType:
    """What a file is by a mark that practically no other file begins with; UNKNOWN without one."""
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if is_tar(head):  # before all others: a tar begins with a name, which may look like any of them
        return _TAR
    if head.startswith(b"\xff\xd8\xff"):  # in front of the others because most files are
        return _JPEG
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for offset, mark, what, *check in _SIGNATURES:
        looked_at = text if what.kind == "playlist" else head
        if looked_at.startswith(mark, offset) and all(fits(head) for fits in check):
            return what
    if head[4:8] in _QUICKTIME_BOXES:
        return _QUICKTIME
    if _is_transport_stream(head):
        return _MPEGTS
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return FileType("photo", "bmp", "image/bmp")
    if head[2:5] in {b"-lh", b"-lz", b"-pm"} and head[6:7] == b"-":
        return FileType("archive", "lzh")
    if _is_lzma(head):
        return FileType("archive", "lzma")
    if head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50:
        # A frame to be skipped, with which pzstd begins, and which LZ4 has too.
        following = 8 + int.from_bytes(head[4:8], "little")
        is_lz4 = head[following : following + 4] == b"\x04\x22\x4d\x18"
        return FileType("archive", "lz4" if is_lz4 else "zstd")
    return UNKNOWN


def is_tar(head: bytes) -> bool:
    """Whether a tar begins with these bytes (its first block is enough): the checksum must fit."""
    block = head[:512]
    if len(block) < 512:
        return False
    digits = block[148:156].strip(b" \x00")
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        return False
    blanked = block[:148] + b" " * 8 + block[156:]
    signed = sum(byte - 256 if byte > 127 else byte for byte in blanked)
    return int(digits, 8) in {sum(blanked), signed}


def _by_brand(head: bytes) -> FileType:
    brand = head[8:12]
    if brand in _PHOTO_BRANDS:
        return _PHOTO_BRANDS[brand]
    if brand in {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"aax "}:
        return FileType("audio", "m4a", "audio/mp4")
    if brand == b"qt  ":
        return _QUICKTIME
    return FileType("video", "3gp", "video/3gpp") if brand[:3] in {b"3gp", b"3g2"} else _MP4


def _is_icon(head: bytes) -> bool:
    # A few pictures, and a zero in what is told of the first.
    return 0 < int.from_bytes(head[4:6], "little") <= 64 and head[9:10] == b"\0"


def _is_transport_stream(head: bytes) -> bool:
    # 188 bytes to a packet; Blu-ray and camcorders put four bytes before each, some tuners sixteen behind.
    for start, step in ((0, 188), (4, 192), (0, 204)):
        marks = head[start::step][:6]
        if len(marks) >= 3 and set(marks) == {0x47}:
            return True
    return False


def _is_text(head: bytes) -> bool:
    if not head or b"\0" in head:
        return False
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return all(sign.isprintable() or sign in "\t\r\n\f\v\x1b" for sign in text)


# Two or three bytes say little: of sixty thousand files one begins with them by accident.


def _is_gzip(head: bytes) -> bool:
    return len(head) > 10 and head[3] < 32


def _is_compress(head: bytes) -> bool:
    return len(head) > 3 and head[2] & 0x60 == 0 and 9 <= head[2] & 0x1F <= 16


def _is_bzip2(head: bytes) -> bool:
    return head[3:4] in b"123456789" and head[4:10] in {b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"}


def _is_arj(head: bytes) -> bool:
    size = int.from_bytes(head[2:4], "little")
    check = int.from_bytes(head[4 + size : 8 + size], "little")
    return 30 <= size <= 2600 and zlib.crc32(head[4 : 4 + size]) == check


def _is_old_cpio(head: bytes) -> bool:
    order: Literal["little", "big"] = "little" if head.startswith(b"\xc7\x71") else "big"
    mode, length = (int.from_bytes(head[at : at + 2], order) for at in (6, 20))
    return mode >> 12 in {1, 2, 4, 6, 8, 10, 12} and head[25 + length : 26 + length] == b"\0"


def _is_lzma(head: bytes) -> bool:
    """The format of before xz has no signature: properties, a size of dictionary, a length or none."""
    dictionary, size = (int.from_bytes(head[a:b], "little") for a, b in ((1, 5), (5, 13)))
    return (
        len(head) > 18
        and head[0] == 0x5D
        and head[13] == 0
        and dictionary in _DICTIONARIES
        and (size == (1 << 64) - 1 or size < 1 << 38)
    )


_DICTIONARIES = {
    bits << power for power in range(12, 31) for bits in (1, 3) if bits << power < 1 << 31
}
_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_PHOTO_BRANDS = {
    b"avif": FileType("photo", "avif", "image/avif"),
    b"avis": FileType("photo", "avif", "image/avif"),
    b"crx ": _RAW,
} | {
    brand: FileType("photo", "heic", "image/heic")
    for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
}
_ZIP = FileType("archive", "zip", "application/zip")
_TIFF = FileType("photo", "tiff", "image/tiff")
_MPEG = FileType("video", "mpeg", "video/mpeg")
_RAR = FileType("archive", "rar", "application/vnd.rar")

# (offset, bytes, what it is, what must fit beside); the first that fits counts.
_SIGNATURES: tuple[
    tuple[int, bytes, FileType] | tuple[int, bytes, FileType, Callable[[bytes], bool]], ...
] = (
    (0, b"\x89PNG\r\n\x1a\n", FileType("photo", "png", "image/png")),
    (0, b"GIF87a", FileType("gif", "gif", "image/gif")),
    (0, b"GIF89a", FileType("gif", "gif", "image/gif")),
    (8, b"WEBPVP8", FileType("photo", "webp", "image/webp")),
    (0, b"\0\0\0\x0cjP  \r\n", FileType("photo", "jpeg2000", "image/jp2")),
    (0, b"\xff\x4f\xff\x51", FileType("photo", "jpeg2000", "image/jp2")),
    (0, b"\0\0\0\x0cJXL \r\n", FileType("photo", "jpeg xl", "image/jxl")),
    (0, b"qoif", FileType("photo", "qoi", "image/qoi")),
    (0, b"II+\0\x08\0\0\0", _TIFF),
    (0, b"MM\0+\0\x08\0\0", _TIFF),
    (0, b"II\xbc\x01", FileType("other", "a JPEG XR picture", "image/jxr")),
    (0, b"gimp xcf", FileType("other", "a GIMP document", "image/x-xcf")),
    (0, b"icns", FileType("other", "an icon (ICNS)", "image/icns")),
    (0, b"\0\0\1\0", FileType("other", "an icon (ICO)", "image/x-icon"), _is_icon),
    (0, b"v/1\x01", FileType("other", "an HDR picture (OpenEXR)", "image/x-exr")),
    (0, b"#?RADIANCE", FileType("other", "an HDR picture (Radiance)", "image/vnd.radiance")),
    (0, b"DDS ", FileType("other", "a texture (DDS)", "image/vnd-ms.dds")),
    (0, b"AT&TFORM", FileType("other", "a DjVu document", "image/vnd.djvu")),
    (8, b"CR\x02\0", _RAW),  # Canon's CR2 is a TIFF with a mark
    (0, b"II*\0", _TIFF),
    (0, b"MM\0*", _TIFF),
    (8, b"AVI ", FileType("video", "avi", "video/x-msvideo")),
    (8, b"WAVE", FileType("audio", "wav", "audio/x-wav")),
    (8, b"AIF", FileType("audio", "aiff", "audio/x-aiff")),
    (0, b"\x1aE\xdf\xa3", FileType("video", "matroska", "video/x-matroska")),
    (0, b"FLV\x01", FileType("video", "flv", "video/x-flv")),
    (0, b"0&\xb2u\x8ef\xcf\x11", FileType("video", "asf", "video/x-ms-wmv")),
    (0, b"\0\0\x01\xba", _MPEG),
    (0, b"\0\0\x01\xb3", _MPEG),
    (0, b"\0\0\x01\xb0", FileType("video", "m4v", "video/mpeg")),
    (0, b"\0\0\0\x01", FileType("video", "raw", "video/mpeg")),
    (0, b"OggS", FileType("video", "ogg", "video/ogg")),
    (0, b".RMF", FileType("video", "rm", "application/vnd.rn-realmedia")),
    (0, b"\x06\x0e+4\x02\x05\x01\x01", FileType("video", "mxf", "application/mxf")),
    (0, b"\x1f\x07\0", FileType("video", "dv", "video/x-dv")),
    (0, b"DKIF", FileType("video", "ivf", "video/x-ivf")),
    (0, b"nut/multimedia container", FileType("video", "nut", "video/x-nut")),
    (0, b"\xb7\xd8\0\x207I\xda\x11", FileType("video", "wtv", "video/x-ms-wtv")),
    (0, b"YUV4MPEG2", FileType("video", "yuv4mpeg", "video/x-yuv4mpeg")),
    (0, b"fLaC", FileType("audio", "flac", "audio/flac")),
    (0, b"ID3", FileType("audio", "mp3", "audio/mpeg")),
    (0, b"#!AMR", FileType("audio", "amr", "audio/amr")),
    (0, b"caff", FileType("audio", "caf", "audio/x-caf")),
    (0, b"wvpk", FileType("audio", "wavpack", "audio/x-wavpack")),
    (0, b"MAC ", FileType("audio", "ape", "audio/x-ape")),
    (0, b"#EXTM3U", FileType("playlist", "m3u")),
    (0, b"ffconcat", FileType("playlist", "ffconcat")),
    (0, b"[playlist]", FileType("playlist", "pls")),
    (0, b"<ASX", FileType("playlist", "asx")),
    (0, b"<asx", FileType("playlist", "asx")),
    (0, b"<smil", FileType("playlist", "smil")),
    (0, b"rtsp://", FileType("playlist", "ram")),
    (0, b"http://", FileType("playlist", "link")),
    (0, b"https://", FileType("playlist", "link")),
    (0, b"PK\x03\x04", _ZIP),
    (0, b"PK\x05\x06", _ZIP),
    (0, b"PK\x06\x06", _ZIP),
    (0, b"PK\x07\x08PK", _ZIP),
    (0, b"PK00PK", _ZIP),
    (0, b"Rar!\x1a\x07\0", _RAR),
    (0, b"Rar!\x1a\x07\x01\0", _RAR),
    (0, b"RE~^", _RAR),
    (0, b"7z\xbc\xaf\x27\x1c", FileType("archive", "7z", "application/x-7z-compressed")),
    (0, b"\x1f\x8b\x08", FileType("archive", "gzip", "application/gzip"), _is_gzip),
    (0, b"\x1f\x9d", FileType("archive", "compress"), _is_compress),
    (0, b"BZh", FileType("archive", "bzip2", "application/x-bzip2"), _is_bzip2),
    (0, b"\xfd7zXZ\0", FileType("archive", "xz", "application/x-xz")),
    (0, b"\x28\xb5\x2f\xfd", FileType("archive", "zstd", "application/zstd")),
    (0, b"\x04\x22\x4d\x18", FileType("archive", "lz4")),
    (0, b"LZIP\x01", FileType("archive", "lzip")),
    (0, b"MSCF\0\0\0\0", FileType("archive", "cab")),
    (0, b"070701", FileType("archive", "cpio")),
    (0, b"070702", FileType("archive", "cpio")),
    (0, b"070707", FileType("archive", "cpio")),
    (0, b"\xc7\x71", FileType("archive", "cpio"), _is_old_cpio),
    (0, b"\x71\xc7", FileType("archive", "cpio"), _is_old_cpio),
    (0, b"!<arch>\n", FileType("archive", "ar")),
    (0, b"\xed\xab\xee\xdb", FileType("archive", "rpm")),
    (0, b"MSWIM\0\0\0", FileType("archive", "wim")),
    (0, b"xar!\0", FileType("archive", "xar")),
    (0, b"\x60\xea", FileType("archive", "arj"), _is_arj),
    (0, b"hsqs", FileType("archive", "squashfs")),
    (0, b"ITSF\x03\0\0\0", FileType("archive", "chm")),
    (0, b"%PDF-", FileType("other", "pdf", "application/pdf")),
    (0, b"{\\rtf", FileType("other", "rtf", "application/rtf")),
    (0, b"\x7fELF", FileType("other", "program")),
    (0, b"MZ", FileType("other", "program")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileType("other", "office document")),
    (0, b"SQLite format 3\0", FileType("other", "database")),
    (0, b"8BPS", FileType("other", "a Photoshop document (PSD)", "image/vnd.adobe.photoshop")),
    (0, b"\0\0\x01\0", FileType("other", "icon")),
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"IIRO", _RAW),
    (0, b"IIU\0", _RAW),
    (0, b"MThd", FileType("other", "midi", "audio/midi")),
)
