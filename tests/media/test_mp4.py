"""The layout of MP4 files, and the times in their index."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

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
