"""What the first bytes of a file say it is.

`sniff` looks at bytes alone, never at names, starts nothing and cannot fail. It is a first sorting: a "video"
is a container that ffprobe must look into (it may turn out to hold audio only), a "gif" may be still or
animated, and "unknown" is what no signature fits.

`media_name` is the one place where a name counts: it tells whether people take the file for a photo or a video,
so that a broken one is reported instead of being passed over as something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

HEAD = 4096
"""Bytes that `sniff` likes to see; fewer will do where the file has no more."""

SniffedKind = Literal["photo", "gif", "video", "audio", "playlist", "other", "unknown"]


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A first guess. `name` is the format in one word; `mime` is empty where there is none."""

    kind: SniffedKind
    name: str
    mime: str = ""


_UNKNOWN = Sniffed("unknown", "unknown")

_PHOTO_BRANDS = {
    b"avif": Sniffed("photo", "avif", "image/avif"),
    b"avis": Sniffed("photo", "avif", "image/avif"),
    b"crx ": Sniffed("other", "camera raw"),
} | {
    brand: Sniffed("photo", "heic", "image/heic")
    for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
}
_MP4_AUDIO = {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"aax "}

# (offset, bytes, what it is); the first that fits counts.
_SIGNATURES: tuple[tuple[int, bytes, Sniffed], ...] = (
    (0, b"\xff\xd8\xff", Sniffed("photo", "jpeg", "image/jpeg")),
    (0, b"\x89PNG\r\n\x1a\n", Sniffed("photo", "png", "image/png")),
    (0, b"GIF87a", Sniffed("gif", "gif", "image/gif")),
    (0, b"GIF89a", Sniffed("gif", "gif", "image/gif")),
    (8, b"WEBPVP8", Sniffed("photo", "webp", "image/webp")),
    (0, b"\0\0\0\x0cjP  \r\n", Sniffed("photo", "jpeg2000", "image/jp2")),
    (8, b"CR\x02\0", Sniffed("other", "camera raw")),  # Canon's CR2 is a TIFF with a mark
    (0, b"II*\0", Sniffed("photo", "tiff", "image/tiff")),
    (0, b"MM\0*", Sniffed("photo", "tiff", "image/tiff")),
    (8, b"AVI ", Sniffed("video", "avi", "video/x-msvideo")),
    (8, b"WAVE", Sniffed("audio", "wav", "audio/x-wav")),
    (8, b"AIF", Sniffed("audio", "aiff", "audio/x-aiff")),
    (0, b"\x1aE\xdf\xa3", Sniffed("video", "matroska", "video/x-matroska")),
    (0, b"FLV\x01", Sniffed("video", "flv", "video/x-flv")),
    (0, b"0&\xb2u\x8ef\xcf\x11", Sniffed("video", "asf", "video/x-ms-wmv")),
    (0, b"\0\0\x01\xba", Sniffed("video", "mpeg", "video/mpeg")),
    (0, b"\0\0\x01\xb3", Sniffed("video", "mpeg", "video/mpeg")),
    (0, b"\0\0\x01\xb0", Sniffed("video", "m4v", "video/mpeg")),
    (0, b"\0\0\0\x01", Sniffed("video", "raw", "video/mpeg")),
    (0, b"OggS", Sniffed("video", "ogg", "video/ogg")),
    (0, b".RMF", Sniffed("video", "rm", "application/vnd.rn-realmedia")),
    (0, b"\x06\x0e+4\x02\x05\x01\x01", Sniffed("video", "mxf", "application/mxf")),
    (0, b"\x1f\x07\0", Sniffed("video", "dv", "video/x-dv")),
    (0, b"DKIF", Sniffed("video", "ivf", "video/x-ivf")),
    (0, b"nut/multimedia container", Sniffed("video", "nut", "video/x-nut")),
    (0, b"\xb7\xd8\0\x207I\xda\x11", Sniffed("video", "wtv", "video/x-ms-wtv")),
    (0, b"YUV4MPEG2", Sniffed("video", "yuv4mpeg", "video/x-yuv4mpeg")),
    (0, b"fLaC", Sniffed("audio", "flac", "audio/flac")),
    (0, b"ID3", Sniffed("audio", "mp3", "audio/mpeg")),
    (0, b"#!AMR", Sniffed("audio", "amr", "audio/amr")),
    (0, b"caff", Sniffed("audio", "caf", "audio/x-caf")),
    (0, b"wvpk", Sniffed("audio", "wavpack", "audio/x-wavpack")),
    (0, b"MAC ", Sniffed("audio", "ape", "audio/x-ape")),
    (0, b"#EXTM3U", Sniffed("playlist", "m3u")),
    (0, b"ffconcat", Sniffed("playlist", "ffconcat")),
    (0, b"[playlist]", Sniffed("playlist", "pls")),
    (0, b"<ASX", Sniffed("playlist", "asx")),
    (0, b"<asx", Sniffed("playlist", "asx")),
    (0, b"<smil", Sniffed("playlist", "smil")),
    (0, b"rtsp://", Sniffed("playlist", "ram")),
    (0, b"http://", Sniffed("playlist", "link")),
    (0, b"https://", Sniffed("playlist", "link")),
    (0, b"%PDF-", Sniffed("other", "pdf", "application/pdf")),
    (0, b"PK\x03\x04", Sniffed("other", "zip", "application/zip")),
    (0, b"PK\x05\x06", Sniffed("other", "zip", "application/zip")),
    (0, b"Rar!\x1a\x07", Sniffed("other", "rar", "application/vnd.rar")),
    (0, b"7z\xbc\xaf\x27\x1c", Sniffed("other", "7z", "application/x-7z-compressed")),
    (0, b"\x1f\x8b", Sniffed("other", "gzip", "application/gzip")),
    (0, b"BZh", Sniffed("other", "bzip2", "application/x-bzip2")),
    (0, b"\xfd7zXZ\0", Sniffed("other", "xz", "application/x-xz")),
    (0, b"\x28\xb5\x2f\xfd", Sniffed("other", "zstd", "application/zstd")),
    (257, b"ustar", Sniffed("other", "tar", "application/x-tar")),
    (0, b"\x7fELF", Sniffed("other", "program")),
    (0, b"MZ", Sniffed("other", "program")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Sniffed("other", "office document")),
    (0, b"SQLite format 3\0", Sniffed("other", "database")),
    (0, b"8BPS", Sniffed("other", "photoshop", "image/vnd.adobe.photoshop")),
    (0, b"\0\0\x01\0", Sniffed("other", "icon")),
    (0, b"FUJIFILMCCD-RAW", Sniffed("other", "camera raw")),
    (0, b"IIRO", Sniffed("other", "camera raw")),
    (0, b"IIU\0", Sniffed("other", "camera raw")),
    (0, b"MThd", Sniffed("other", "midi", "audio/midi")),
)

_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}

_MEDIA_NAMES = """
    jpg jpeg jpe jfif png gif webp heic heif avif bmp tif tiff jp2
    mp4 m4v mov qt mkv webm avi flv f4v wmv asf mpg mpeg mpe m2v m1v vob ts mts m2ts m2t mod tod 3gp 3g2
    ogv ogm rm rmvb mxf dv divx xvid wtv nut ivf h264 264 h265 hevc y4m amv
"""
_MEDIA_EXTENSIONS = frozenset(_MEDIA_NAMES.split())


def sniff(head: bytes) -> Sniffed:
    """Tell what a file is by its first bytes (`HEAD` of them, or all)."""
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for offset, mark, what in _SIGNATURES:
        looked_at = text if what.kind == "playlist" else head
        if looked_at.startswith(mark, offset):
            return what
    if head[4:8] in _QUICKTIME_BOXES:
        return Sniffed("video", "quicktime", "video/quicktime")
    if _is_transport_stream(head):
        return Sniffed("video", "mpegts", "video/mp2t")
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Sniffed("photo", "bmp", "image/bmp")
    if head[:2] in {b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"}:
        return Sniffed("audio", "mp3", "audio/mpeg")
    if head[:2] in {b"\xff\xf1", b"\xff\xf9"}:
        return Sniffed("audio", "aac", "audio/aac")
    if head[:2] == b"\x0b\x77":
        return Sniffed("audio", "ac3", "audio/ac3")
    if _is_text(head):
        return Sniffed("other", "text", "text/plain")
    return _UNKNOWN


def media_name(name: str) -> bool:
    """Whether people take a file of this name for a photo or a video."""
    return PurePath(name).suffix.lower().lstrip(".") in _MEDIA_EXTENSIONS


def _by_brand(head: bytes) -> Sniffed:
    size = min(int.from_bytes(head[:4], "big"), len(head), 256)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] in _PHOTO_BRANDS:
        return _PHOTO_BRANDS[brands[0]]
    if brands[0] in _MP4_AUDIO:
        return Sniffed("audio", "m4a", "audio/mp4")
    if brands[0] == b"qt  ":
        return Sniffed("video", "quicktime", "video/quicktime")
    if brands[0][:3] in {b"3gp", b"3g2"}:
        return Sniffed("video", "3gp", "video/3gpp")
    return Sniffed("video", "mp4", "video/mp4")


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
