"""What stands in the chat already, though nobody knows: it is found, and never posted beside itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.support import HASTY, photos
from tests.material import make_zip, sha256
from tests.patience import longest

if TYPE_CHECKING:
    import subprocess

    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


def kill(process: subprocess.Popen[bytes]) -> None:
    """The power fails."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(longest(30))


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


async def test_refused_whatever_its_form_after_it_was_posted(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A film that was posted and is refused ever after, converted as well, counts as sent: the chat itself shows it."""
    home.drop(material.clip("mp4", 1), "family", "VID_1.mp4")
    await killed_while_posting(home, telegram, "sendMedia")
    shutil.rmtree(home.state / "uploads")
    telegram.faults.refuse("VID_1.mp4")
    await home.inside(patience=HASTY)
    assert [message.name for message in telegram.messages] == ["VID_1.mp4"]
    assert home.lying("quarantine") == []
    assert any(f"+{telegram.messages[0].id}_" in path for path in home.lying("done"))


@pytest.mark.parametrize("repeat", ["return", "error", "album"])
@pytest.mark.parametrize("cache", ["kept", "gone"])
async def test_an_album_whose_answer_was_lost(
    home: Home, telegram: TestTelegram, material: Material, repeat: str, cache: str
) -> None:
    """However Telegram answers a repeat: the receipts have the right ids, after few requests, and nothing stands twice."""
    if (repeat, cache) == ("error", "gone"):
        pytest.skip("then nothing in the chat says which photo is which")
    files = photos(material, 10)
    home.drop(make_zip(home.directory / "trip.zip", files), "family")
    await killed_while_posting(home, telegram, "sendMultiMedia")
    if cache == "gone":
        shutil.rmtree(home.state / "uploads")
    telegram.posts.duplicate = repeat  # type: ignore[assignment]
    before = len(telegram.calls)
    await home.inside(patience=HASTY)
    assert [message.sha256 for message in telegram.messages] == [*map(sha256, files.values())]
    receipts = [path.rpartition("/")[2].partition("_")[0] for path in home.lying("done")]
    wanted = {f"{n:04}+{message.id}" for n, message in enumerate(telegram.messages, 1)}
    assert wanted <= set(receipts)
    asked = [
        call.name
        for call in telegram.calls[before:]
        if call.name.startswith("messages.") and call.name != "messages.uploadMedia"
    ]
    assert len(asked) <= 15, asked


async def test_a_group_that_became_a_supergroup_over_a_post(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """What was posted to the group before it moved is not posted to the supergroup; the next job goes there."""
    home.use_chats({"default": "-4444"})
    home.drop(make_zip(home.directory / "trip.zip", photos(material, 3)))
    await killed_while_posting(home, telegram, "sendMultiMedia")
    new = telegram.directory.migrate("Hikers")
    home.drop(material.photo(9), "", "after.jpg")
    await home.inside(patience=HASTY)
    assert len(telegram.in_chat("Hikers")) == 3
    assert [message.sha256 for message in telegram.in_chat(new.name)] == [sha256(material.photo(9))]
    assert home.at_work() == []


async def test_a_chain_of_deaths_leaves_one_message(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A film is posted, and the process dies at each step of sending it again, until it is refused. It stands there once."""
    home.drop(material.clip("mp4", 1), "family", "VID_1.m4v")
    await killed_while_posting(home, telegram, "sendMedia")
    shutil.rmtree(home.state / "uploads")
    for method in ("upload.saveFilePart", "uploadMedia"):
        telegram.calls.clear()
        telegram.faults.add(method, hang="before")
        process = await asyncio.to_thread(home.start)
        try:
            await telegram.until(lambda: any(c.outcome == "hung" for c in telegram.calls), 60)
        finally:
            await asyncio.to_thread(kill, process)
        telegram.faults.clear()
    telegram.faults.refuse("VID_1.m4v")
    await home.inside(patience=HASTY)
    assert [message.name for message in telegram.messages] == ["VID_1.m4v"]
    assert home.lying("quarantine") == []
    assert home.at_work() == []
