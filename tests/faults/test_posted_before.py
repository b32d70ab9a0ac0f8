"""What stands in the chat already, though nobody knows: it is found, and never posted beside itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.support import HASTY

if TYPE_CHECKING:
    import subprocess

    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


def kill(process: subprocess.Popen[bytes]) -> None:
    """The power fails."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


async def killed_while_posting(
    home: Home, telegram: TestTelegram, method: str, **fault: Any
) -> None:
    """Run the daemon until a post was carried out whose answer never comes, and kill it."""
    telegram.faults.add(method, hang="after", **fault)
    process = await asyncio.to_thread(home.start)
    try:
        await telegram.until(lambda: telegram.messages, 60)
    finally:
        await asyncio.to_thread(kill, process)
    telegram.faults.clear()


@pytest.mark.parametrize("cache", ["kept", "gone"])
async def test_refused_after_it_was_posted(
    home: Home, telegram: TestTelegram, material: Material, cache: str
) -> None:
    """A film that was posted, and is refused when it is asked for again, is converted: the copy has the same id, so it stands there once."""
    home.drop(material.clip("mp4", 1), "family", "VID_1.m4v")
    await killed_while_posting(home, telegram, "sendMedia")
    if cache == "gone":
        shutil.rmtree(home.state / "uploads")
    telegram.faults.refuse("VID_1.m4v")
    await home.inside(patience=HASTY)
    assert [message.name for message in telegram.messages] == ["VID_1.m4v"]
    assert home.at_work() == []
    assert home.lying("quarantine") == []
    assert any(f"+{telegram.messages[0].id}_" in path for path in home.lying("done"))
