"""Pieces that are encoded each by itself, several at once, make the same film as one continuous run."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import ConvertSettings, Seconds
from telespool.media import video_encode
from telespool.media.convert import convert as convert_film
from telespool.media.mp4 import track
from telespool.media.pieces.slots import Slots
from telespool.runtime.gate import PauseGate
from tests.media.clip_making import ffmpeg
from tests.media.measure import see, sound, ssim
from tests.media.test_resume import convert, pieces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.media


def in_process(source: Path, result: Path, state: Path, slots: int) -> None:
    """Convert in pieces of a second."""
    settings = ConvertSettings(
        preset="veryfast", checkpoint=Seconds(0.001), nice=0, slots=slots, threads=1
    )
    working = convert_film(
        source, result, settings=settings, state=state, gate=PauseGate(), at_least="encode"
    )
    asyncio.run(working)


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pieces each film was made in that came to its end piece by piece."""
    films: list[int] = []

    class Counting(Slots):
        async def encode(self) -> None:
            await super().encode()
            films.append(len(self._spans))

    monkeypatch.setattr(video_encode, "Slots", Counting)
    return films


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film held upright whose clock begins late, as phones and cutting programs make them."""
    folder = tmp_path_factory.mktemp("turned")
    lying, path = folder / "lying.mov", folder / "turned.mov"
    picture = "testsrc2=s=160x96:r=25:d=4"
    ffmpeg("-f", "lavfi", "-i", picture, "-c:v", "mpeg4", "-g", "12", "-bf", "2", lying)
    ffmpeg("-itsoffset", "3.3", "-i", lying, "-c", "copy", "-metadata:s:v", "rotate=90", path)
    return path


def test_several_slots_make_the_film_of_one(
    clip: Callable[[str], Path], turned: Path, tmp_path: Path, divided: list[int]
) -> None:
    """Whatever the container, frames, times, pictures and sound are those of one continuous run."""
    for source in (turned, clip("varying.mkv"), clip("mpeg2.ts")):
        folder = tmp_path / source.name
        folder.mkdir()
        one, several = folder / "one.mp4", folder / "several.mp4"
        in_process(source, one, folder / "state", 1)
        in_process(source, several, folder / "other", 3)
        before, after = track(one), track(several)
        assert before is not None
        assert after is not None
        assert before.times == after.times
        assert sound(one) == sound(several)
        for a, b in zip(see(one).pictures, see(several).pictures, strict=True):
            assert max(abs(x - y) for x, y in zip(a, b, strict=True)) <= 12
    assert len(divided) == 3
    assert min(divided) >= 4


def test_killed_again_and_again_each_slot_loses_one_piece(
    clip: Callable[[str], Path], tmp_path: Path
) -> None:
    """Killed before its renames, with two slots, it keeps every finished piece, and joins without a jump."""
    source, state = clip("varying.mkv"), tmp_path / "state"
    whole, broken = tmp_path / "whole.mp4", tmp_path / "broken.mp4"
    convert(source, whole, tmp_path / "other")
    before = set[str]()
    for _ in range(5):
        if convert(source, broken, state, dies_at=2, slots=2)[0] == 0:
            break
        assert before <= set(pieces(state))
        before = set(pieces(state))
    assert before
    convert(source, broken, state, slots=2)
    one, other = track(whole), track(broken)
    assert one is not None
    assert other is not None
    assert one.times == other.times
    assert sound(whole) == sound(broken)
    both = zip(ssim(whole, source), ssim(broken, source), strict=True)
    assert max(unbroken - resumed for unbroken, resumed in both) <= 0.005


def test_only_what_is_missing_is_made(clip: Callable[[str], Path], tmp_path: Path) -> None:
    """Pieces missing in the midst are made; those on both sides are kept, by one slot as by several."""
    source, state, result = clip("varying.mkv"), tmp_path / "state", tmp_path / "out.mp4"
    convert(source, result, state, dies_at=5)
    made = pieces(state)
    missing, kept = made[0], made[1]
    (state / missing).unlink()
    stamp = (state / kept).stat().st_mtime_ns
    assert convert(source, result, state, dies_at=3)[0] == -9
    assert missing.split("_")[0] in {name.split("_")[0] for name in pieces(state)}
    assert (state / kept).stat().st_mtime_ns == stamp
    assert convert(source, result, state)[0] == 0


def test_what_cannot_be_divided_is_encoded_in_one_run(
    clip: Callable[[str], Path], tmp_path: Path, divided: list[int]
) -> None:
    """A film whose frames carry no times of their own is encoded as ever, however many slots there are."""
    source, result = clip("mpeg4.avi"), tmp_path / "out.mp4"
    in_process(source, result, tmp_path / "state", 3)
    found = subprocess.run(
        [
            "ffprobe",
            "-v",
            "error",
            "-count_packets",
            "-select_streams",
            "v",
            *("-show_entries", "stream=nb_read_packets"),
            "-of",
            "csv=p=0",
            source,
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    made = track(result)
    assert made is not None
    assert len(made.times) == int(found.stdout)
    assert not divided
