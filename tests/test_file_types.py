"""The table of file types."""

from __future__ import annotations

import zlib
from typing import Literal

import pytest

from telespool.file_endings import by_ending, without_count
from telespool.file_types import identify
from tests.archives import making


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a.JFIF", "photo"),
        ("DCIM/a.jpe", "photo"),
        ("a.mp4", "video"),
        ("a.cr2", "other"),
        ("07", "unknown"),
        ("trip.2024/07", "unknown"),
        (".jpg", "unknown"),
        ("a.2024", "unknown"),
    ],
)
def test_ending(name: str, what: str) -> None:
    """An ending suggests a kind, or says nothing."""
    assert by_ending(name) == what


@pytest.mark.parametrize("name", ["ID3 songs/a", "RIFF", "BZh", "http://x", "\x1f\x8b\x08"])
def test_a_tar_is_known_by_its_checksum(name: str) -> None:
    """The name with which a tar begins may look like anything; it is a tar."""
    assert identify(making.tarred({name: b"x"})).name == "tar"


def test_a_count_behind_an_ending_is_no_part_of_the_name() -> None:
    """A browser's or a rotation's number goes; an ending that is none, and a piece of an archive, stay."""
    names = ["film.mp4.1", "a.JPG.12", "w.part01.rar.1", "trip.2", "a.jpg", "x.zip.001"]
    shown = ["film.mp4", "a.JPG", "w.part01.rar.1", "trip.2", "a.jpg", "x.zip.001"]

    assert [without_count(name) for name in names] == shown


def _old_cpio(order: Literal["little", "big"]) -> bytes:
    head = bytearray(28)
    head[:2], head[6:8] = (0o070707).to_bytes(2, order), (0o100644).to_bytes(2, order)
    head[20:22] = (2).to_bytes(2, order)
    return bytes(head)


_ARJ = bytes(range(30))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xfb\x90\x00", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"\x0b\x77\x00\x00", "ac3"),
        (b"\x1f\x9d\x90\x00\x01", "compress"),
        (_old_cpio("little"), "cpio"),
        (_old_cpio("big"), "cpio"),
        (b"\x60\xea\x1e\x00" + _ARJ + zlib.crc32(_ARJ).to_bytes(4, "little"), "arj"),
    ],
)
def test_what_two_bytes_say(head: bytes, name: str) -> None:
    """With what must follow them; alone they say little."""
    assert identify(head).name == name
    if name in {"compress", "cpio", "arj"}:
        assert identify(head[:2] + b"\xff" * 40).name != name
