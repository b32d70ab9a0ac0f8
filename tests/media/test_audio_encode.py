"""The sound of a long film, in pieces."""

from __future__ import annotations

import array
import asyncio
import contextlib
import math
import subprocess
from typing import TYPE_CHECKING

import pytest

from telespool.media import audio_encode
from telespool.media.convert import convert
from telespool.media.mp4 import track
from telespool.runtime.gate import PauseGate
from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

pytestmark = pytest.mark.media

_LENGTH, _PIECE, _RATE = 95, 20, 22050
_TONE = "0.3*sin(2*PI*(200+5*t)*t)|0.2*sin(2*PI*500*t)"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film whose sound is worth listening to."""
    path = tmp_path_factory.mktemp("sound") / "film.avi"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=2"),
            *("-f", "lavfi", "-i", f"aevalsrc='{_TONE}':s={_RATE}", "-t", str(_LENGTH)),
            *("-c:v", "mpeg4", "-c:a", "pcm_s16le", path),
        ],
        check=True,
    )
    return path


@pytest.fixture(scope="module")
def in_pieces(
    film: Path, tmp_path_factory: pytest.TempPathFactory, settings: ConvertSettings
) -> Path:
    """The film, converted with its sound in pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audio_encode, "PIECE", _PIECE)
        return asyncio.run(made(film, tmp_path_factory.mktemp("pieces") / "cut", settings))


class Cutting(FileOps):
    """A disk that tells when a piece of the sound was finished."""

    def __init__(self) -> None:
        self.cut = asyncio.Event()
        self.names: list[str] = []
        self._loop = asyncio.get_running_loop()

    def publish(self, temporary: Path, final: Path) -> None:
        """Tell."""
        super().publish(temporary, final)
        if final.name.startswith("audio-"):
            self.names.append(final.name)
            self._loop.call_soon_threadsafe(self.cut.set)


async def made(
    film: Path, folder: Path, settings: ConvertSettings, *, broken: bool = False
) -> Path:
    """The film, converted; broken off behind each piece of sound if that is wanted."""
    folder.mkdir()
    result, all_names = folder / "out.mp4", list[str]()
    while not result.exists():
        disk = Cutting()
        work = asyncio.create_task(
            convert(
                film, result, settings=settings, state=folder / "state", gate=PauseGate(), disk=disk
            )
        )
        if broken:
            cut = asyncio.create_task(disk.cut.wait())
            await asyncio.wait({work, cut}, return_when=asyncio.FIRST_COMPLETED)
            work.cancel()
            cut.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        all_names += disk.names
    assert len(all_names) == len(set(all_names))  # what was finished was not made again
    return result


def packets(path: Path) -> tuple[int, ...]:
    """When each packet of the sound is heard."""
    found = track(path, b"soun")
    assert found is not None
    return tuple(found.times)


def heard(path: Path) -> array.array[int]:
    """The samples of a file."""
    command = ("ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:a", "-f", "s16le", "-")
    samples = array.array("h")
    samples.frombytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return samples


def noise(one: array.array[int], other: array.array[int], second: float) -> float:
    """How far apart they are around this second, as a root of the mean square."""
    begin, end = (round((second + beside) * _RATE) * 2 for beside in (-0.05, 0.5))
    pairs = zip(one[begin:end], other[begin:end], strict=True)
    return math.sqrt(sum((a - b) ** 2 for a, b in pairs) / (end - begin))


async def test_in_pieces_it_is_what_it_is_in_one(
    film: Path, in_pieces: Path, tmp_path: Path, settings: ConvertSettings
) -> None:
    """Cutting changes no sample, up to the last."""
    once = await made(film, tmp_path / "once", settings)
    assert packets(once) == packets(in_pieces)
    assert heard(once) == heard(in_pieces)


async def test_broken_off_it_goes_on_without_a_gap(
    film: Path,
    in_pieces: Path,
    tmp_path: Path,
    settings: ConvertSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every packet is there once, and where it went on the sound is as near to the source as without."""
    monkeypatch.setattr(audio_encode, "PIECE", _PIECE)
    broken = await made(film, tmp_path / "broken", settings, broken=True)
    assert packets(in_pieces) == packets(broken)
    source, unbroken, resumed = heard(film), heard(in_pieces), heard(broken)
    assert len(unbroken) == len(resumed)
    assert unbroken != resumed  # it did go on somewhere
    for join in range(_PIECE, _LENGTH, _PIECE):
        assert noise(resumed, source, join) <= 1.5 * noise(unbroken, source, join) + 5


async def test_a_torn_piece_is_made_again(
    film: Path,
    in_pieces: Path,
    tmp_path: Path,
    settings: ConvertSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a power cut has shortened does not count, nor what comes behind it."""
    monkeypatch.setattr(audio_encode, "PIECE", _PIECE)
    state = tmp_path / "state"
    disk = Cutting()
    work = asyncio.create_task(
        convert(
            film, tmp_path / "out.mp4", settings=settings, state=state, gate=PauseGate(), disk=disk
        )
    )
    while len(disk.names) < 3:
        await disk.cut.wait()
        disk.cut.clear()
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    second = state / sorted(disk.names)[1]
    second.write_bytes(second.read_bytes()[:-1000])
    await convert(film, tmp_path / "out.mp4", settings=settings, state=state, gate=PauseGate())
    assert packets(in_pieces) == packets(tmp_path / "out.mp4")
    assert list(state.iterdir()) == []
