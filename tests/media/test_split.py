"""Parts that play."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from telespool.errors import Permanent
from telespool.media.compatibility import assess
from telespool.media.split import split
from telespool.runtime.gate import PauseGate
from tests.media.measure import see

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

pytestmark = pytest.mark.media


@pytest.mark.parametrize("name", ["plain.mp4", "silent.mp4", "turned-90.mp4"])
async def test_parts_play(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings, name: str
) -> None:
    """Each part is small enough, plays as it is, and together they have every frame once."""
    source = tmp_path / "100% film.mp4"
    shutil.copyfile(clip(name), source)
    limit = source.stat().st_size // 2 + 80_000
    parts = await split(
        source, tmp_path / "parts", max_bytes=limit, settings=settings, gate=PauseGate()
    )
    assert len(parts) > 1
    assert [part.name for part in parts] == [
        f"100_ film-{number}of{len(parts)}.mp4" for number in range(1, len(parts) + 1)
    ]
    frames = []
    for part in parts:
        assert part.stat().st_size <= limit
        assert (await assess(part, settings)).action == "send"
        seen = see(part)
        assert seen.times[0] == pytest.approx(0, abs=0.1)
        frames += seen.pictures
    assert frames == see(source).pictures


async def test_repeated(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """Parts that stand already are returned, and what a crash left half made is made again."""
    source, folder = clip("plain.mp4"), tmp_path / "parts"
    limit = source.stat().st_size // 2 + 80_000
    (tmp_path / "parts.part").mkdir()
    (tmp_path / "parts.part" / "plain-9of9.mp4").write_bytes(b"half")
    first = await split(source, folder, max_bytes=limit, settings=settings, gate=PauseGate())
    times = [part.stat().st_mtime_ns for part in first]
    again = await split(source, folder, max_bytes=limit, settings=settings, gate=PauseGate())
    assert again == first
    assert [part.stat().st_mtime_ns for part in again] == times
    assert not (tmp_path / "parts.part").exists()


async def test_too_small(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """Where not even one group of frames fits into a part, a sentence says so and nothing is left."""
    with pytest.raises(Permanent, match="cannot be split"):
        await split(
            clip("plain.mp4"),
            tmp_path / "parts",
            max_bytes=80_000,
            settings=settings,
            gate=PauseGate(),
        )
    assert not list(tmp_path.iterdir())
