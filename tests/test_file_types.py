"""The table of file types."""

from __future__ import annotations

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
