"""The one table of endings: what a file is by its name alone. What it is by its first bytes says `file_types`.

Nothing here reads a file or raises.
"""

from __future__ import annotations

from typing import Literal


def _endings(text: str) -> frozenset[str]:
    return frozenset(text.split())


PHOTO_ENDINGS = _endings(
    """
    jpg jpeg jpe jfif png webp heic heif avif bmp tif tiff jp2 j2k jxl apng heics avifs tga ppm
    pgm pbm pnm qoi
    """
)
VIDEO_ENDINGS = _endings(
    """
    gif mp4 m4v mov qt mkv webm avi flv f4v wmv asf mpg mpeg mpe m2v m1v vob ts mts m2ts m2t mod
    tod 3gp 3g2 ogv ogm rm rmvb mxf dv divx xvid wtv nut ivf h264 264 h265 hevc y4m amv
    """
)
ARCHIVE_ENDINGS = _endings(
    """
    zip 7z rar tar tgz tbz tbz2 txz tzst gz bz2 xz zst lz lz4 lzma iso cab exe cbz cbr cb7 cbt
    """
)
"""Endings of what is cut into volumes by name."""

RAW_ENDINGS = _endings(
    """
    3fr arw cr2 cr3 crw dcr dng erf fff gpr iiq kdc mrw nef nrw orf pef raf rw2 rwl sr2 srf srw
    x3f
    """
)
"""What a camera's sensor saw, not yet a picture."""

# Endings that people give to what is neither a photo nor a video; any other ending, or none, says nothing.
_OTHER_ENDINGS = (ARCHIVE_ENDINGS | RAW_ENDINGS) | _endings(
    """
    txt md pdf doc docx odt xls xlsx ods ppt pptx odp rtf csv json xml html htm css js url log ini
    nfo srt vtt ass xmp aae thm lrv mp3 m4a wav flac ogg opus aac wma aif aiff psd ai svg eps db
    dat bin apk jar epub password sfv md5 sha256 par2 torrent
    """
)


def by_ending(name: str) -> Literal["photo", "video", "other", "unknown"]:
    """What the ending of a name suggests, "unknown" where it suggests nothing."""
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    ending = ending.lower() if stem else ""
    if ending in PHOTO_ENDINGS:
        return "photo"
    if ending in VIDEO_ENDINGS:
        return "video"
    return "other" if ending in _OTHER_ENDINGS else "unknown"


def without_count(name: str) -> str:
    """A name of a photo or a video without the number that a browser, or who keeps old ones, puts behind its ending.

    film.mp4.1 is film.mp4; every other name stays as it is.
    """
    stem, _, ending = name.rpartition(".")
    return stem if ending.isdecimal() and media_name(stem) else name


def raw_name(name: str) -> bool:
    """Whether people take a file of this name for a camera raw."""
    return name.rpartition("/")[2].rpartition(".")[2].lower() in RAW_ENDINGS


def archive_name(name: str) -> bool:
    """Whether people take a file of this name for an archive."""
    return name.rpartition("/")[2].rpartition(".")[2].lower() in ARCHIVE_ENDINGS


def media_name(name: str) -> bool:
    """Whether people take a file of this name for a photo or a video."""
    return by_ending(name) in {"photo", "video"}
