"""The chat, the account and the login: what ends there is held back, and goes on when it may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import pytest

from telespool import errors
from tests.faults.support import HASTY, assert_delivered, by_name, drop_all, photos
from tests.harness import eventually
from tests.material import make_zip, sha256

if TYPE_CHECKING:
    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


async def test_chat_that_forbids_writing(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A chat in which we may not write pauses, others go on, and it is tried again."""
    telegram.chat("family").forbidden = "CHAT_WRITE_FORBIDDEN"
    ours, theirs = photos(material, 3), photos(material, 3, 10)
    home.drop(make_zip(home.directory / "a.zip", ours), "family")
    home.drop(make_zip(home.directory / "b.zip", theirs), "friend")
    async with home.working(patience=HASTY):
        await telegram.until(lambda: len(telegram.in_chat("grace")) == 3)
        await eventually(lambda: len(home.lying("deferred")) == 3)
    assert telegram.in_chat("family") == []
    telegram.chat("family").forbidden = None
    _try_now(home)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, ours)
    assert by_name(telegram.in_chat("grace")) == sorted(
        (name, sha256(path)) for name, path in theirs.items()
    )


@pytest.mark.parametrize(
    ("gone", "method", "chat", "name"),
    [
        ("kicked", "getUsers", "@family", "CHANNEL_PRIVATE"),
        ("kicked", "sendMultiMedia", "@family", "CHANNEL_PRIVATE"),
        ("left", "uploadMedia", "@family", "CHAT_WRITE_FORBIDDEN"),
        ("kicked", "uploadMedia", "-4444", "CHAT_FORBIDDEN"),
    ],
)
async def test_thrown_out_of_a_chat(
    home: Home,
    telegram: TestTelegram,
    material: Material,
    gone: Literal["kicked", "left"],
    method: str,
    chat: str,
    name: str,
) -> None:
    """Whenever the account loses the chat, what goes there waits with a sentence, others go on; invited again, all is sent."""
    home.use_chats({"default": "@media", "family": chat, "friend": "@grace"})
    there = telegram.chat("Hikers" if chat.startswith("-") else "family")

    def lose() -> None:
        there.gone = gone

    telegram.faults.add(method, do=lose)
    ours = photos(material, 2)
    home.drop(make_zip(home.directory / "a.zip", ours), "family")
    async with home.working(patience=HASTY) as service:
        await eventually(lambda: len(home.lying("deferred")) == 2)
        home.drop(make_zip(home.directory / "b.zip", photos(material, 2, 10)), "friend")
        await telegram.until(lambda: len(telegram.in_chat("grace")) == 2)
        [wait] = service.activity.waits.now(service.spool.clock())
        assert (wait.scope, wait.whom, wait.kind) == ("chat", "family", "chat")
        assert name in wait.reason
        assert telegram.in_chat(there.name) == []
        there.gone = ""
        said = await asyncio.to_thread(home.command_output, "retry", "a")
        assert said.returncode == 0
        await telegram.until(lambda: len(telegram.in_chat(there.name)) == 2)
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, ours, there.name)


@pytest.mark.parametrize(
    "refused", [(400, "PEER_FLOOD"), (403, "USER_RESTRICTED"), (420, "FROZEN_METHOD_INVALID")]
)
async def test_account_under_suspicion(
    home: Home, telegram: TestTelegram, material: Material, refused: tuple[int, str]
) -> None:
    """They name no time: everything waits for the account, and says so; nothing is lost, and nobody asks on and on."""
    files = photos(material, 3)
    telegram.faults.add("sendMultiMedia", error=refused)
    home.drop(make_zip(home.directory / "a.zip", files), "family")
    home.drop(make_zip(home.directory / "b.zip", photos(material, 3, 10)), "friend")
    async with home.working(patience=HASTY) as service:
        await eventually(lambda: len(home.lying("deferred")) == 6)
        assert len(telegram.calls_of("sendMultiMedia")) == 1
        [wait] = service.activity.waits.now(service.spool.clock())
    assert (wait.kind, wait.scope) == ("account", "all")
    assert refused[1] in wait.reason
    assert telegram.messages == []
    assert home.lying("quarantine") == []
    _try_now(home)
    await home.inside(patience=HASTY)
    assert by_name(telegram.in_chat("family")) == sorted(
        (name, sha256(path)) for name, path in files.items()
    )
    assert len(telegram.in_chat("grace")) == 3


@pytest.mark.parametrize("method", ["saveFilePart", "uploadMedia", "sendMultiMedia"])
async def test_login_revoked(
    home: Home, telegram: TestTelegram, material: Material, method: str
) -> None:
    """A login that was ended stops the daemon for a person; after logging in again all is sent."""
    files = drop_all(home, material)
    telegram.faults.add(method, do=telegram.revoke)
    with pytest.raises(errors.LoginNeeded):
        await home.inside(patience=HASTY)
    assert home.lying("quarantine") == []
    assert {path.split("_", 1)[1].split(".")[0] for path in home.at_work()}
    telegram.faults.clear()
    home.session.unlink()
    telegram.session_file(home.session)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


async def test_login_revoked_at_the_start(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """Without a login the process ends with 77, which systemd does not restart; after logging in all is sent."""
    telegram.revoke()
    files = photos(material, 3)
    home.drop(make_zip(home.directory / "a.zip", files), "family")
    finished = await asyncio.to_thread(home.run)
    assert finished.code == 77
    assert "telespool login" in finished.output
    said = await asyncio.to_thread(home.command_output, "status")
    assert "it ended at " in said.stdout
    assert "telespool login" in said.stdout
    home.session.unlink()
    telegram.session_file(home.session)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)
    said = await asyncio.to_thread(home.command_output, "status")
    assert "it ended" not in said.stdout


async def test_key_that_telegram_forgot(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A key that Telegram does not know any more is a login that is gone."""
    home.drop(make_zip(home.directory / "a.zip", photos(material, 3)), "family")
    telegram.forget_keys()
    with pytest.raises(errors.LoginNeeded):
        await home.inside(patience=HASTY)
    assert home.lying("quarantine") == []


@pytest.mark.parametrize("offset", [-86_400.0, 86_400.0])
async def test_telegrams_clock(
    home: Home, telegram: TestTelegram, material: Material, offset: float
) -> None:
    """Our clock is a day off Telegram's, either way, and everything is sent."""
    telegram.clock_offset = offset
    files = drop_all(home, material)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


async def test_new_salts(home: Home, telegram: TestTelegram, material: Material) -> None:
    """Telegram changes its salt with every request, and everything is sent."""
    files = drop_all(home, material)
    telegram.faults.add("*", times=None, do=telegram.new_salt)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


def _try_now(home: Home) -> None:
    """What a person does with `touch`: do not wait any longer."""
    for path in (home.spool / "deferred").glob("*/*"):
        path.touch()
