"""A conversion that dies goes on behind its last finished piece."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from telespool.media.mp4 import track
from telespool.media.segments import Segments, fingerprint
from tests.media.measure import sound, ssim
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.media


def convert(
    source: Path, result: Path, state: Path, dies_at: int = 0, slots: int = 1
) -> tuple[int, str]:
    """Convert in a process that dies before a certain rename; its exit code and what it said."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.media.dying"),
            *map(str, (source, result, state, dies_at, "veryfast", slots)),
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.returncode, done.stdout


def pieces(state: Path) -> list[str]:
    """The finished pieces, in order."""
    return sorted(path.name for path in state.glob("video-*.mp4"))


def orphans(state: Path) -> list[psutil.Process]:
    """Processes that still write into this folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = [process.info["cwd"] or "", *(process.info["cmdline"] or [])]
        if any(str(state) in word for word in words):
            found.append(process)
    return found


@pytest.mark.parametrize("name", ["mpeg4.avi", "varying.mkv"])
def test_killed_before_every_rename(clip: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    """Killed again and again, it loses no finished piece, and the result is that of an unbroken run."""
    source, state = clip(name), tmp_path / "state"
    whole, broken = tmp_path / "whole.mp4", tmp_path / "broken.mp4"
    convert(source, whole, tmp_path / "other")
    deaths, before = 0, list[str]()
    # Each run gets one rename further than the last, and dies before the next.
    while convert(source, broken, state, dies_at=2)[0]:
        deaths += 1
        assert not broken.exists()
        assert pieces(state)[: len(before)] == before
        before = pieces(state)
        for process in orphans(state):
            process.wait(timeout=longest(30))
        assert deaths < 12
    assert deaths >= 5
    assert [path.name for path in tmp_path.glob("*.part")] == []

    one, other = track(whole), track(broken)
    assert one is not None
    assert other is not None
    assert one.times == other.times
    assert sound(whole) == sound(broken)
    worse = [
        unbroken - resumed
        for unbroken, resumed in zip(ssim(whole, source), ssim(broken, source), strict=True)
    ]
    assert max(worse) <= 0.005


def test_a_torn_piece_is_made_again(clip: Callable[[str], Path], tmp_path: Path) -> None:
    """A piece that is not whole, and what follows it, is made again; what comes before it is kept."""
    source, state, result = clip("mpeg4.avi"), tmp_path / "state", tmp_path / "out.mp4"
    convert(source, result, state, dies_at=5)
    first, second, *_ = pieces(state)
    torn = state / second
    torn.write_bytes(torn.read_bytes()[:-1])
    kept = (state / first).stat().st_mtime_ns
    convert(source, result, state, dies_at=2)
    assert pieces(state)[0] == first
    assert (state / first).stat().st_mtime_ns == kept
    assert convert(source, result, state)[0] == 0
    assert len(_times(result)) == len(_times_of_source(source))


def _times(path: Path) -> tuple[int, ...]:
    found = track(path)
    assert found is not None
    return found.times


def _times_of_source(path: Path) -> list[str]:
    done = subprocess.run(
        [
            *("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts"),
            *("-of", "csv=p=0", path),
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.split()


def test_pieces_of_another_source_are_dropped(clip: Callable[[str], Path], tmp_path: Path) -> None:
    """Pieces made from other bytes are dropped, and the outcome says that it was begun anew."""
    state, result = tmp_path / "state", tmp_path / "out.mp4"
    convert(clip("xvid.avi"), result, state, dies_at=3)
    stranger = state / "somebody's own file"
    stranger.write_text("stays")
    others = pieces(state)
    assert others
    code, said = convert(clip("mpeg4.avi"), result, state)
    assert code == 0
    assert "begun anew" in said
    assert stranger.read_text() == "stays"
    assert not set(pieces(state)) & set(others)


def test_the_fingerprint_stands_for_all_that_shapes_the_result() -> None:
    """Every word counts, and where it ends."""
    assert fingerprint(["9f86", "crf 23"]) == fingerprint(["9f86", "crf 23"])
    assert fingerprint(["9f86", "crf 23"]) != fingerprint(["9f86", "crf 24"])
    assert fingerprint(["9f86", "crf 23"]) != fingerprint(["9f87", "crf 23"])
    assert fingerprint(["9f86", "crf 23"]) != fingerprint(["9f86c", "rf 23"])


def test_names_tell_how_far_it_is(clip: Callable[[str], Path], tmp_path: Path) -> None:
    """`ls` shows how many pieces there will be and how many there are."""
    state = tmp_path / "state"
    assert convert(clip("mpeg4.avi"), tmp_path / "out.mp4", state, dies_at=7)[0] == -9
    names = [path.name for path in state.iterdir()]
    assert any(re.fullmatch(r"audio_[0-9a-f]{8}\.m4a", name) for name in names)
    assert len(pieces(state)) == 5
    for number, name in enumerate(pieces(state)):
        assert re.fullmatch(rf"video-{number:04d}of000\d_\d+-\d+_\d+_[0-9a-f]{{8}}\.mp4", name)


def test_a_mark_that_does_not_fit_is_dropped(tmp_path: Path) -> None:
    """The mark of the end counts only together with the pieces it was set for."""
    from telespool.media.segments import Segment  # noqa: PLC0415 - used once
    from telespool.spool.fs_ops import FileOps  # noqa: PLC0415 - used once

    segments = Segments(tmp_path, "0123abcd", FileOps())
    piece = Segment(0, 0, 90, tmp_path / "x")
    segments.complete([piece])
    assert segments.is_complete([piece])
    assert not segments.is_complete([piece, Segment(1, 100, 190, tmp_path / "y")])
    assert not list(tmp_path.iterdir())
