"""The test Telegram as a process of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from telethon import TelegramClient, errors

from .control import TelegramProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.telegram


@pytest.fixture
def process(tmp_path: Path) -> Iterator[TelegramProcess]:
    """A running process."""
    with TelegramProcess(tmp_path) as running:
        yield running
        assert running.do("bugs") == []


def _say(process: TelegramProcess, text: str) -> None:
    async def say() -> None:
        info = process.info
        client = TelegramClient(
            info["session"], info["api_id"], info["api_hash"], raise_last_call_error=True
        )
        await client.connect()
        try:
            await client.send_message("me", text)
        finally:
            await client.disconnect()

    asyncio.run(say())


def test_another_process(process: TelegramProcess) -> None:
    """A client in this process is served, and what it posted can be read over the control socket."""
    _say(process, "one")
    _say(process, "two")
    assert [message.caption for message in process.messages()] == ["one", "two"]
    assert process.do("counts")["connections"] == 2


def test_scripted_from_outside(process: TelegramProcess) -> None:
    """Faults, chats and the server's going away can be scripted from outside."""
    process.do("faults.add", "sendMessage", error=(400, "PEER_FLOOD"))
    with pytest.raises(errors.PeerFloodError):
        _say(process, "no")
    process.do("faults.clear")
    process.do("pause")
    process.do("resume")
    _say(process, "yes")
    process.do("set_chat", "media", forbidden="CHAT_WRITE_FORBIDDEN")
    assert [message.caption for message in process.messages()] == ["yes"]
    process.do("reset")
    assert process.messages() == []


def test_calls_are_written_down(process: TelegramProcess) -> None:
    """Each call is a line of the JSONL file when it is over."""
    _say(process, "one")
    lines = [json.loads(line) for line in Path(process.info["calls"]).read_text().splitlines()]
    assert [line["name"] for line in lines] == [call["name"] for call in process.calls()]
    assert lines[-1]["name"] == "messages.sendMessage"
    assert lines[-1]["outcome"] == "ok"


def test_wrong_question(process: TelegramProcess) -> None:
    """What cannot be done is an error with a reason, and the process lives on."""
    with pytest.raises(RuntimeError, match="no_such_thing"):
        process.do("no_such_thing")
    with pytest.raises(RuntimeError, match="_tasks"):
        process.do("_tasks")
    assert process.do("port") == process.port


def test_it_ends_with_its_owner(tmp_path: Path) -> None:
    """When the `with` is over, the process is gone and its files are removed."""
    with TelegramProcess(tmp_path) as running:
        key = running.public_key
        assert key.exists()
    assert running._process is not None
    assert running._process.returncode == 0
    assert not key.exists()
