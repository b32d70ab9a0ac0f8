"""Faults of the network and troubles inside Telegram against the real daemon: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import HASTY, assert_delivered, drop_all
from tests.harness import eventually

if TYPE_CHECKING:
    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]

METHODS = ["saveFilePart", "saveBigFilePart", "uploadMedia", "sendMedia", "sendMultiMedia"]


@pytest.mark.parametrize("drop", ["before", "after", "answer"])
async def test_reset(home: Home, telegram: TestTelegram, material: Material, drop: str) -> None:
    """A connection that is reset before, after, or in the answer to any request costs nothing and posts nothing twice."""
    files = drop_all(home, material)
    home.drop(material.clip("mp4", 7), "friend", "alone.mp4")
    faults = [telegram.faults.add(method, drop=drop) for method in METHODS]
    await home.inside(patience=HASTY)
    assert [fault.hits for fault in faults] == [1] * len(METHODS)
    assert_delivered(home, telegram, files)
    assert len(telegram.in_chat("grace")) == 1


@pytest.mark.parametrize("after", [2_000, 300_000])
async def test_reset_in_a_request(
    home: Home, telegram: TestTelegram, material: Material, after: int
) -> None:
    """A connection that breaks in the middle of a request costs nothing."""
    files = drop_all(home, material)
    telegram.cut_next(after)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


async def test_reset_again_and_again(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """Every third request loses its connection, and the job is done all the same."""
    files = drop_all(home, material)
    for nth in range(3, 90, 3):
        telegram.faults.add("*", nth=nth, drop="after" if nth % 2 else "before")
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_hang(home: Home, telegram: TestTelegram, material: Material, when: str) -> None:
    """A request that is never answered is given up and repeated, whether it was carried out or not."""
    files = drop_all(home, material)
    home.drop(material.clip("mp4", 7), "friend", "alone.mp4")
    faults = [telegram.faults.add(method, hang=when) for method in METHODS]
    await home.inside(patience=HASTY)
    assert [fault.hits for fault in faults] == [1] * len(METHODS)
    assert_delivered(home, telegram, files)
    assert len(telegram.in_chat("grace")) == 1


async def test_dead_line(home: Home, telegram: TestTelegram, material: Material) -> None:
    """A line on which nothing comes back any more is noticed; when it lives again, the job is done."""
    files = drop_all(home, material)
    telegram.faults.add("uploadMedia", do=telegram.freeze)
    async with home.working(patience=HASTY):
        await telegram.until(lambda: not telegram.thawed.is_set())
        before = len(telegram.connections)
        await telegram.until(lambda: len(telegram.connections) > before)  # it tried another line
        telegram.thaw()
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


async def test_gone_at_the_start(home: Home, telegram: TestTelegram, material: Material) -> None:
    """Without Telegram at the start the daemon says that it waits, and goes on by itself."""
    files = drop_all(home, material)
    await telegram.pause()
    async with home.working(patience=HASTY) as service:
        await eventually(lambda: service.activity.waits.now(0.0))
        reason = service.activity.waits.now(0.0)[0].reason
        assert "Telegram" in reason
        await telegram.resume()
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


@pytest.mark.parametrize("method", ["saveFilePart", "sendMultiMedia"])
async def test_gone_in_the_middle(
    home: Home, telegram: TestTelegram, material: Material, method: str
) -> None:
    """Telegram goes away in the middle of an album for longer than patience lasts, and comes back."""
    files = drop_all(home, material)
    gone = asyncio.Event()
    telegram.faults.add(method, nth=2, do=gone.set, drop="before")
    if method == "sendMultiMedia":
        telegram.faults.scripted[-1].nth = 1
    async with home.working(patience=HASTY) as service:
        await gone.wait()
        await telegram.pause()
        await eventually(lambda: service.activity.waits.now(0.0) or home.lying("deferred"))
        await telegram.resume()
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


@pytest.mark.parametrize(
    "error",
    [(500, "RPC_CALL_FAIL"), (500, "WORKER_BUSY_TOO_LONG_RETRY"), (-503, "Timeout")],
    ids=lambda error: error[1],
)
async def test_trouble_inside_telegram(
    home: Home, telegram: TestTelegram, material: Material, error: tuple[int, str]
) -> None:
    """Twice a 500, and the same request is repeated with the same ids."""
    files = drop_all(home, material)
    home.drop(material.clip("mp4", 7), "friend", "alone.mp4")
    faults = [telegram.faults.add(method, times=2, error=error) for method in METHODS]
    await home.inside(patience=HASTY)
    assert [fault.hits for fault in faults] == [2] * len(METHODS)
    assert_delivered(home, telegram, files)


async def test_trouble_for_a_long_time(
    home: Home, telegram: TestTelegram, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500s without end put the unit aside, and it is sent when they are over."""
    monkeypatch.setattr("telespool.pipeline.send.uploader._SHORT_WAIT", 0.3)
    patience = replace(HASTY, gap_max=0.5)
    files = drop_all(home, material)
    fault = telegram.faults.add("uploadMedia", times=None, error=(500, "RPC_CALL_FAIL"))
    async with home.working(patience=patience):
        await eventually(lambda: home.lying("deferred"))
        fault.times = 0
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


async def test_post_that_runs_for_long(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A post whose connection breaks while it runs is RANDOM_ID_DUPLICATE until it stands, and stands once."""
    files = drop_all(home, material)
    telegram.faults.add("sendMultiMedia", delay=0.5, do=lambda: _later(telegram))
    await home.inside(patience=HASTY)
    outcomes = [call.outcome for call in telegram.calls_of("sendMultiMedia")]
    assert "RANDOM_ID_DUPLICATE" in outcomes
    assert_delivered(home, telegram, files)


def _later(telegram: TestTelegram) -> None:
    """Reset all connections while this request runs."""
    asyncio.get_running_loop().call_later(0.1, telegram.drop_connections)
