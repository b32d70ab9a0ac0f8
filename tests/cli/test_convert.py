"""telespool convert: the converter for a person, and what becomes of a result that no message could hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.support import make, telespool
from tests.media import clips
from tests.media.clip_making import ffmpeg
from tests.media.measure import see

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.media


def test_parts_take_the_place_of_a_large_result(tmp_path: Path, capsys: Capture) -> None:
    """With --max-size a larger result becomes parts that have every frame once; nothing else stays."""
    config, source = make(tmp_path / "s").config, clips.make("silent.mp4", tmp_path)
    size = source.stat().st_size - 1
    given = ("convert", source, tmp_path / "out.mp4", "--max-size", str(size))
    assert telespool(capsys, config, *given).code == 0
    parts = sorted(tmp_path.glob("out*"))
    count = len(parts)
    assert count > 1
    assert [part.name for part in parts] == [f"out-{n}of{count}.mp4" for n in range(1, count + 1)]
    assert all(part.stat().st_size <= size for part in parts)
    assert sum(len(see(part).times) for part in parts) == len(see(source).times)
    assert not list(tmp_path.glob(".*"))

    said = telespool(capsys, config, *given)
    assert said.code == 1
    assert f"of{count}.mp4 is there already" in said.err


def test_a_result_that_is_small_enough_stays_whole(tmp_path: Path, capsys: Capture) -> None:
    """--max-size changes nothing where the result fits; a size that is none is refused with a sentence."""
    config, source = make(tmp_path / "s").config, clips.make("silent.mp4", tmp_path)
    given = ("convert", source, tmp_path / "out.mp4", "--max-size")
    assert telespool(capsys, config, *given, "4x").code == 1
    assert telespool(capsys, config, *given, "1 GiB").code == 0
    assert [path.name for path in tmp_path.glob("out*")] == ["out.mp4"]


def test_what_helpers_did_is_said(tmp_path: Path, capsys: Capture) -> None:
    """Helpers of the configuration are asked here as well; where one cannot be reached this machine does its part."""
    more = '[convert]\npreset = "ultrafast"\ncheckpoint = "1s"\nhelpers = ["ssh://127.0.0.1:1"]\n'
    config, source = make(tmp_path / "s", more=more).config, tmp_path / "film.avi"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=5:d=120", "-c:v", "mpeg4", source)
    said = telespool(capsys, config, "convert", source, tmp_path / "out.mp4")
    assert said.code == 0
    assert "helper ssh://127.0.0.1:1: it cannot be reached" in said.out
    assert len(see(tmp_path / "out.mp4").times) == 600
