"""What is too large for one message: films in parts that play, other files in pieces, as one album."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.harness import Home
from tests.material import Material, make_zip

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


@pytest.mark.parametrize("kind", ["mp4", "avi"])
async def test_a_film_over_the_limit_is_posted_in_parts(
    tmp_path: Path, telegram: TestTelegram, kind: str
) -> None:
    """Whether it plays as it is or must be converted: its parts are one album of videos, none over the limit."""
    telegram.storage.most_parts = 8  # of 512 KiB; a converted film can be cut every ten seconds
    clip = Material(tmp_path / "material").clip(kind, 1, seconds=24.0, size=(640, 480))  # type: ignore[arg-type]  # both are kinds
    assert clip.stat().st_size > 8 * (512 << 10)
    home = Home.beside(tmp_path / "home", telegram)
    home.drop(make_zip(home.directory / "film.zip", {f"film.{kind}": clip}))

    await home.inside()

    parts = telegram.in_chat("media")
    assert len(parts) > 1
    assert [part.name for part in parts] == [
        f"film {n} of {len(parts)}.mp4" for n in range(1, len(parts) + 1)
    ]
    assert len({part.grouped_id for part in parts}) == 1
    assert all(part.size <= 8 * (512 << 10) for part in parts)
    assert sum(part.duration or 0 for part in parts) == pytest.approx(24, abs=1.5)
    assert home.at_work() == []
    assert home.lying("quarantine") == []
    assert any("o_film" in name for name in home.lying("done"))


async def test_another_file_over_the_limit_is_posted_in_pieces(
    tmp_path: Path, telegram: TestTelegram
) -> None:
    """Numbered pieces, as one album of documents; joined they are the file, and the caption says how."""
    telegram.storage.most_parts = 2  # of 512 KiB
    large = tmp_path / "disk.bin"
    large.write_bytes(random.Random(1).randbytes((5 << 19) + 7))
    home = Home.beside(tmp_path / "home", telegram, settings={"inbox": {"others": "document"}})
    home.drop(make_zip(home.directory / "backup.zip", {"disk.bin": large}))

    await home.inside()

    pieces = telegram.in_chat("media")
    assert [piece.name for piece in pieces] == ["disk.bin.001", "disk.bin.002", "disk.bin.003"]
    assert {piece.kind for piece in pieces} == {"document"}
    assert len({piece.grouped_id for piece in pieces}) == 1
    assert b"".join(telegram.content(piece) for piece in pieces) == large.read_bytes()
    assert "cat 'disk.bin.'* > 'disk.bin'" in pieces[0].caption
    assert home.at_work() == []
    assert home.lying("quarantine") == []
