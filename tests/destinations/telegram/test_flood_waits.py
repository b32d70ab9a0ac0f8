"""One gate: what Telegram told us to wait for is waited for, by everybody it concerns, and costs nothing else."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.destinations.telegram.flood_waits import SENDING, FloodWaits
from telespool.errors import Temporary
from tests.destinations.telegram.support import HASTY, PART, opened, photo_file, send, video_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


@pytest.mark.parametrize("name", ["FLOOD_WAIT_4", "FLOOD_PREMIUM_WAIT_4"])
async def test_a_wait_amid_ten_files_on_eight_connections(
    telegram: TestTelegram, tmp_path: Path, name: str
) -> None:
    """No request of any kind leaves before the wait is over, and none of the files starts anew."""
    telegram.rtt = 0.02
    telegram.waits.grace = 2.0  # on a busy machine what is on its way takes its time
    items = [video_file(tmp_path, 8 * PART, number) for number in range(1, 11)]
    telegram.faults.add("upload.saveFilePart", nth=30, error=(420, name))
    async with opened(telegram, tmp_path / "state", connections=8) as destination:
        staged = await asyncio.gather(*(destination.stage("default", each) for each in items))
        await destination.post("default", staged, "")
    assert len(telegram.messages) == 10
    assert telegram.violations == []
    told = next(call for call in telegram.calls if call.outcome == name)
    assert told.took is not None
    heard = (
        told.at + told.took + telegram.waits.grace
    )  # what was on its way when it was told may still arrive
    until = told.at + told.took + 4.0
    assert [call.name for call in telegram.calls if heard < call.at < until] == []
    stored = Counter(
        (call.file_id, call.part)
        for call in telegram.calls
        if call.name == "upload.saveFilePart" and call.outcome == "ok"
    )
    assert len(stored) == 80
    assert set(stored.values()) == {1}
    assert len([each for each in telegram.connections if each.calls["upload.saveFilePart"]]) == 8


async def test_a_wait_of_one_method_leaves_the_others(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """While posting has to wait, the next files are brought in."""
    only, other = photo_file(tmp_path), photo_file(tmp_path, 2)
    telegram.faults.add("sendMedia", error=(420, "FLOOD_WAIT_1"))
    async with opened(telegram, tmp_path / "state") as destination:
        staged = await destination.stage("default", only)
        posting = asyncio.create_task(destination.post("default", [staged], ""))
        await telegram.until(lambda: telegram.calls_of("sendMedia"))
        await destination.stage("default", other)
        assert not posting.done()
        await posting
    assert telegram.violations == []
    assert len(telegram.messages) == 1


async def test_slow_mode_holds_one_chat(telegram: TestTelegram, tmp_path: Path) -> None:
    """A chat in slow mode waits by itself; the wait is told as the chat's, and others are posted to."""
    telegram.chat("media").slow_mode = 60
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [photo_file(tmp_path, 1)])
        with pytest.raises(Temporary) as caught:
            await send(destination, [photo_file(tmp_path, 2)])
        assert caught.value.scope == "chat"
        assert caught.value.retry_after == pytest.approx(60, abs=5)
        asked = len(telegram.calls_of("sendMedia"))
        with pytest.raises(Temporary, match="Slow mode"):
            await send(destination, [photo_file(tmp_path, 2)])
        assert len(telegram.calls_of("sendMedia")) == asked
        await send(destination, [photo_file(tmp_path, 3)], chat="family")
    assert len(telegram.messages) == 2


async def test_waits_are_no_attempts(telegram: TestTelegram, tmp_path: Path) -> None:
    """More waits than there are attempts, and the photo is posted even so."""
    telegram.faults.add("sendMedia", error=(420, "FLOOD_WAIT_0"), times=2)
    once = replace(HASTY, tries=1)
    async with opened(telegram, tmp_path / "state", patience=once) as destination:
        await send(destination, [photo_file(tmp_path)])
    assert len(telegram.calls_of("sendMedia")) == 3
    assert len(telegram.messages) == 1


async def test_the_gate_never_opens_early(tmp_path: Path) -> None:
    """A later, shorter wait does not shorten an earlier one; each waits for what concerns it."""
    gate = FloodWaits(patience=5)
    await gate.close("SendMedia", 100, "FLOOD_WAIT_100")
    await gate.close("SendMedia", 1, "FLOOD_WAIT_1")
    with pytest.raises(Temporary) as caught:
        await gate.passage("SendMedia")
    assert caught.value.retry_after == pytest.approx(100, abs=1)
    await gate.passage("UploadMedia")
    await gate.close("chat family", 50, "SLOWMODE_WAIT_50")
    await gate.passage("UploadMedia", "default")
    with pytest.raises(Temporary):
        await gate.passage("UploadMedia", "family")
    await gate.close(SENDING, 70, "FLOOD_PREMIUM_WAIT_70")
    with pytest.raises(Temporary, match="slows this account"):
        await gate.passage("SaveFilePart")
    await gate.passage("GetUsers")
    assert [wait.what for wait in gate] == ["chat family", SENDING, "SendMedia"]


async def test_long_waits_are_remembered(tmp_path: Path) -> None:
    """A wait of minutes is still known after a restart; a short one is not worth it; rubbish is ignored."""
    note = tmp_path / "floods.json"
    gate = FloodWaits(note)
    await gate.close("SendMedia", 600, "FLOOD_WAIT_600")
    await gate.close("UploadMedia", 3, "FLOOD_WAIT_3")
    again = FloodWaits(note)
    assert "SendMedia" in [wait.what for wait in again]
    with pytest.raises(Temporary):
        await again.passage("SendMedia")
    for rubbish in (
        "",
        "{",
        "[1]",
        '[{"what": "SendMedia"}]',
        '[{"what":"a","until":1e99,"name":""}]',
    ):
        note.write_text(rubbish)
        assert list(FloodWaits(note)) == []


async def test_a_short_wait_is_stood_through() -> None:
    """Who comes to a gate that opens soon passes when it opens, and not before."""
    gate = FloodWaits()
    await gate.close(
        SENDING, 0, "FLOOD_WAIT_0"
    )  # Telegram has been seen to say 0: a second is waited
    (wait,) = gate
    await gate.passage("SendMedia")
    assert time.time() >= wait.until


async def test_many_hear_of_waits_at_once(tmp_path: Path) -> None:
    """However many uploads are told to wait at one moment, the note is whole and knows all of them."""
    note = tmp_path / "floods.json"
    for times in range(20):
        floods = FloodWaits(note)
        names = [f"Method{number}{'x' * 40 * (number % 3)}" for number in range(16)]
        await asyncio.gather(*(floods.close(name, 100 + times, "FLOOD_WAIT_100") for name in names))
        assert {wait.what for wait in FloodWaits(note)} >= set(names)
