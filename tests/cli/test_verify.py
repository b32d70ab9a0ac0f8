"""telespool verify and telespool fetch, against what the test Telegram holds: with the daemon running and without."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import HASTY, photos
from tests.harness import Home, eventually
from tests.material import make_zip, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


@pytest.fixture
def home(tmp_path: Path, telegram: TestTelegram) -> Home:
    """A home logged in to the test Telegram."""
    return Home.beside(tmp_path / "home", telegram)


async def test_verify_names_what_is_gone_or_differs(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """After three of fifty messages were deleted, and one replaced: exactly these, whoever has the login."""
    files = photos(material, 47) | {f"VID_{n}.mp4": material.clip("mp4", n) for n in range(1, 4)}
    home.drop(make_zip(home.directory / "trip.zip", files), "family")
    async with home.working(patience=HASTY):
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
        whole = await asyncio.to_thread(home.command_output, "verify", "trip")
        assert (whole.returncode, "all are there" in whole.stdout) == (0, True), whole.stdout
        gone = [telegram.messages[place] for place in (1, 17, 48)]
        names = [list(files)[place] for place in (1, 17, 48)]
        telegram.posts.delete(*(message.id for message in gone))
        asked = await asyncio.to_thread(home.command_output, "verify", "--all", "--json")
        assert [each["name"] for each in json.loads(asked.stdout)["faults"]] == names
    alone = await asyncio.to_thread(home.command_output, "verify", "trip")
    assert alone.returncode == 1
    assert alone.stdout.count("is gone") == 3
    for name, message in zip(names, gone, strict=True):
        assert f"{name} (message {message.id}) is gone from the chat" in alone.stdout


@pytest.mark.parametrize("running", [True, False])
async def test_fetch_restores_what_was_sent(
    home: Home, telegram: TestTelegram, material: Material, *, running: bool
) -> None:
    """Videos come back byte for byte, photos as Telegram's copies, and both are said; nothing is overwritten."""
    files = photos(material, 2) | {f"VID_{n}.mp4": material.clip("mp4", n) for n in range(1, 3)}
    home.drop(make_zip(home.directory / "trip.zip", files), "family")
    await home.inside(patience=HASTY)
    target = home.directory / "back"
    target.mkdir()
    (target / "VID_2.mp4").write_text("mine")
    if running:
        async with home.working(patience=HASTY) as service:
            await eventually(lambda: service.workers)
            told = await asyncio.to_thread(home.command_output, "fetch", "trip", str(target))
    else:
        told = await asyncio.to_thread(home.command_output, "fetch", "trip", str(target))
    assert told.returncode == 0, told.stdout + told.stderr
    assert sha256(target / "VID_1.mp4") == sha256(files["VID_1.mp4"])
    assert (target / "VID_2.mp4").read_text() == "mine"
    assert "VID_1.mp4: " in told.stdout
    assert "the same bytes" in told.stdout
    assert "left alone" in told.stdout
    assert "2 photos: what came back is Telegram's own copy" in told.stdout
    assert sorted(path.name for path in target.iterdir()) == sorted(files)
