"""Chats that move, close, or are not seen: followed, or named with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.errors import LoginNeeded, Temporary
from tests.destinations.telegram.support import opened, photo_file, send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


async def test_a_group_that_becomes_a_supergroup_is_followed(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """In the middle of work and after a restart; whoever checks the chat learns its new number."""
    items = [photo_file(tmp_path, number) for number in (1, 2, 3)]
    chats = {"family": "-4444"}
    async with opened(telegram, tmp_path / "state", chats=chats) as destination:
        await send(destination, items[:1], chat="family")
        new = telegram.directory.migrate("Hikers")
        await send(destination, items[1:2], chat="family")
        assert str(new.marked_id) in await destination.check("family")
    async with opened(telegram, tmp_path / "state", chats=chats) as destination:
        assert str(new.marked_id) in await destination.check("family")
        await send(destination, items[2:], chat="family")
    assert [m.random_id for m in telegram.in_chat("Hikers")] == [items[0].key]
    assert [m.random_id for m in telegram.in_chat(new.name)] == [each.key for each in items[1:]]


@pytest.mark.parametrize(
    ("value", "gone", "said"),
    [
        ("-4444", "deleted", "deleted"),
        ("-4444", "kicked", "invite"),
        ("-4444", "left", "join it again"),
        ("@family", "kicked", "invite"),
        ("@family", "left", "join it again"),
        ("-999", "", "does not find the chat"),
        ("31337", "", "join it, or write"),
    ],
)
async def test_a_chat_that_is_closed_says_what_to_do(
    telegram: TestTelegram, tmp_path: Path, value: str, gone: str, said: str
) -> None:
    """Deleted, left, thrown out of, never seen: each has its sentence."""
    if gone:
        name = "Hikers" if value.startswith("-") else "family"
        telegram.chat(name).gone = gone  # type: ignore[assignment]
    async with opened(telegram, tmp_path / "state", chats={"family": value}) as destination:
        with pytest.raises(Temporary, match=said) as caught:
            await destination.check("family")
    assert caught.value.scope == "chat"


async def test_a_bot_is_told_to_be_started(telegram: TestTelegram, tmp_path: Path) -> None:
    """A bot cannot join a person: the person must press Start."""
    async with opened(
        telegram, tmp_path / "state", chats={"family": "31337"}, account="bot"
    ) as destination:
        with pytest.raises(Temporary, match="press Start"):
            await destination.check("family")


@pytest.mark.parametrize("name", ["USER_MIGRATE_4", "PHONE_MIGRATE_4", "NETWORK_MIGRATE_4"])
async def test_a_login_that_is_elsewhere(telegram: TestTelegram, tmp_path: Path, name: str) -> None:
    """An account that lives in another data centre needs one new login, and says so once."""
    only = photo_file(tmp_path)
    async with opened(telegram, tmp_path / "state") as destination:
        telegram.faults.add("uploadMedia", error=(303, name), times=None)
        with pytest.raises(LoginNeeded, match="login"):
            await destination.stage("default", only)
    assert len(telegram.calls_of("uploadMedia")) == 1
