"""The text of a caption file, however it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.archives.members import Member
from telespool.pipeline.captions.text import CaptionText, read_caption
from telespool.pipeline.unpack.caption_files import CaptionFiles
from telespool.pipeline.unpack.sources import ExtractedMember
from telespool.spool.job_captions import JobCaptions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("data", "text", "said"),
    [
        (b"Our trip\r\n", "Our trip", ""),
        ("Über den Berg".encode("utf-16"), "Über den Berg", ""),
        (b"\xdcber den Berg", "Über den Berg", "it is not in UTF-8"),
        (b"\x00\x01\x02", None, "holds no text"),
        (b"x" * (1 << 20), None, "which no post can hold"),
    ],
    ids=["plain", "UTF-16", "Windows", "no text", "too long"],
)
def test_what_it_says(tmp_path: Path, data: bytes, text: str | None, said: str) -> None:
    """What is no text, or too much, is not used, and told."""
    path = tmp_path / "a.caption.txt"
    path.write_bytes(data)
    found = read_caption(path)
    assert found.text == text
    assert said in found.said


def test_one_that_comes_late() -> None:
    """Its text is noted when it comes, for files that were let out; one that nobody uses is told."""
    names = {1: "a.jpg", 2: "caption.txt", 3: "b.caption.txt", 4: "trip/caption.txt"}
    captions = CaptionFiles(JobCaptions())
    captions.expect(names)
    assert captions.lines([1])
    assert captions.late() == []
    for number in (2, 3, 4):
        piece = ExtractedMember(Member(number, names[number], 4), caption=CaptionText("Our trip"))
        captions.came(piece)
    (line,) = captions.late()
    assert "Our trip" in line
    assert captions.late() == []
    reasons = {each.name: each.reason for each in captions.left_out()}
    assert "a caption of b, and nothing of that name is sent" in reasons["b.caption.txt"]
    assert "nothing beside it is sent" in reasons["trip/caption.txt"]
