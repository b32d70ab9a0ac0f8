"""The layout of MP4 files, and the times in their index."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from telespool.media.about import motion
from telespool.media.mp4 import layout, track

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.media


def test_index_first(clip: Callable[[str], Path]) -> None:
    """The walk tells an index in front from one behind, and both from a fragmented file."""
    assert layout(clip("plain.mp4")).index_first
    assert not layout(clip("index-behind.mp4")).index_first
    assert layout(clip("index-behind.mp4")).complete
    assert layout(clip("fragmented.mp4")).fragmented


def test_truncated(clip: Callable[[str], Path]) -> None:
    """A file that ends early is not complete, and the bytes that are missing are counted."""
    whole, cut = clip("plain.mp4"), layout(clip("breaks-off.mp4"))
    assert layout(whole).missing == 0
    assert not cut.complete
    assert cut.missing > 0


@pytest.mark.parametrize(
    "trailer", [b"v2_f32              0:50:8  LIVE_31386     ", b"\1\2\3 made"]
)
def test_what_a_maker_writes_behind_a_film_is_not_missing(
    clip: Callable[[str], Path], tmp_path: Path, trailer: bytes
) -> None:
    """A whole film with a trailer is whole; one that breaks off stays broken off."""
    target = tmp_path / "film.mp4"
    target.write_bytes(clip("plain.mp4").read_bytes() + trailer)
    assert layout(target).complete
    assert track(target) == track(clip("plain.mp4"))
    behind = tmp_path / "photo.jpg"
    Image.new("RGB", (64, 48)).save(behind)
    begin, film = behind.stat().st_size, target.read_bytes()
    behind.write_bytes(behind.read_bytes() + film)
    assert motion(behind).place == (begin, len(film) - len(trailer))

    target.write_bytes(clip("index-behind.mp4").read_bytes()[:-9])
    assert layout(target).missing == 9
    assert track(target) is None


def test_protected(clip: Callable[[str], Path]) -> None:
    """Encrypted streams are seen, although ffprobe shows what they were before."""
    assert layout(clip("protected.mp4")).protected
    assert not layout(clip("plain.mp4")).protected


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 40])
def test_rubbish(tmp_path: Path, size: int) -> None:
    """A file that is no MP4 at all is walked without an error."""
    path = tmp_path / "rubbish"
    path.write_bytes(b"\xff" * size)
    assert not layout(path).complete
    assert track(path) is None


@pytest.mark.parametrize("name", ["plain.mp4", "varying.mp4", "index-behind.mp4", "h264.mov"])
def test_times_are_those_of_ffprobe(clip: Callable[[str], Path], name: str) -> None:
    """The times read from the index are the times ffprobe tells."""
    path = clip(name)
    done = subprocess.run(
        [
            *("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts"),
            *("-of", "csv=p=0", path),
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    told = sorted(int(line.rstrip(",")) for line in done.stdout.split())
    found = track(path)
    assert found is not None
    assert list(found.times) == told


@pytest.mark.parametrize("keep", [0.2, 0.9, 0.999])
def test_torn(clip: Callable[[str], Path], tmp_path: Path, keep: float) -> None:
    """A file of which only a part was written is torn, however little is missing."""
    data = clip("plain.mp4").read_bytes()
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(data[: int(len(data) * keep)])
    assert track(torn) is None
