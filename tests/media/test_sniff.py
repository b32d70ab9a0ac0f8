"""What the first bytes say."""

from __future__ import annotations

import pytest

from telespool.media.sniff import HEAD, media_name, sniff


@pytest.mark.parametrize(
    ("head", "kind", "name"),
    [
        (b"\xff\xd8\xff\xe1", "photo", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "photo", "png"),
        (b"RIFF\0\0\0\0WEBPVP8X", "photo", "webp"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "photo", "heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1", "photo", "heic"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1", "photo", "avif"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "photo", "bmp"),
        (b"II*\0\x10\0\0\0CR\x02\0", "other", "camera raw"),
        (b"GIF89a", "gif", "gif"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "video", "mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video", "quicktime"),
        (b"\0\0\0\x14ftypM4A \0\0\0\0M4A ", "audio", "m4a"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video", "quicktime"),
        (b"RIFF\0\0\0\0AVI LIST", "video", "avi"),
        (b"\x1aE\xdf\xa3", "video", "matroska"),
        ((b"G" + bytes(187)) * 5, "video", "mpegts"),
        ((b"\0\0\0\0G" + bytes(187)) * 5, "video", "mpegts"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio", "wav"),
        (b"ID3\x04", "audio", "mp3"),
        (b"PK\x03\x04", "other", "zip"),
        (b"%PDF-1.7", "other", "pdf"),
        (b"#EXTM3U\n", "playlist", "m3u"),
        (b"\xef\xbb\xbf\r\n#EXTM3U\n", "playlist", "m3u"),
        (b"ffconcat version 1.0\n", "playlist", "ffconcat"),
        ("Grüße\n".encode(), "other", "text"),
        (b"BM, said the letter.\n", "other", "text"),
        (bytes(range(256)), "unknown", "unknown"),
        (b"", "unknown", "unknown"),
    ],
)
def test_signature(head: bytes, kind: str, name: str) -> None:
    """A file is what its first bytes say."""
    seen = sniff(head)
    assert (seen.kind, seen.name) == (kind, name)


def test_text_cut_within_a_letter_is_text() -> None:
    """Text is recognised although its head ends in the midst of a letter."""
    assert sniff(("x" + "ä" * HEAD).encode()[:HEAD]).name == "text"


def test_names_count_for_reports_only() -> None:
    """A name says whether people take a file for a photo or a video, in any case of letters."""
    assert media_name("IMG_1.HEIC")
    assert media_name("a.b.Mp4")
    assert not media_name("mp4")
    assert not media_name("notes.txt")
