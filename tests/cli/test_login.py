"""telespool login, as a person uses it: at a terminal, by files, by a bot's token, by a QR code."""

from __future__ import annotations

import asyncio
import re
import signal
import stat
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import terminal
from tests.harness import Home, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


@pytest.fixture
def stranger(home: Home) -> Home:
    """A home whose configuration is complete, but nobody has logged in yet."""
    home.session.unlink()
    return home


async def run(home: Home, *arguments: str, **environment: str) -> tuple[int, str]:
    """The command without a terminal; its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        *home.command("login", *arguments),
        env=home.environment | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_at_a_terminal(stranger: Home, telegram: TestTelegram) -> None:
    """Phone, code and password are asked for in plain words, the password unseen, and what was stored is said."""
    telegram.directory.user.password = "correct horse"
    async with terminal(*stranger.command("login")[3:], environment=stranger.environment) as screen:
        assert "with country code" in await screen.sees("\n> ")
        screen.types("12")
        assert "no phone number Telegram knows" in await screen.sees("\n> ")
        screen.types(telegram.PHONE)
        assert "in the Telegram app" in await screen.sees("\n> ")
        screen.types("11111")
        assert "That was not the code" in await screen.sees("\n> ")
        screen.types(telegram.PHONE_CODE)
        assert "two-step verification" in await screen.sees("\n> ")
        screen.types("correct horse")
        shown = await screen.sees("telespool doctor")
        assert await screen.ends() == 0
    assert "correct horse" not in shown
    assert "Ada" in shown
    assert str(stranger.session) in shown
    assert stat.S_IMODE(stranger.session.stat().st_mode) == 0o600

    code, _ = await run(stranger)  # once is enough: nobody is asked again
    assert code == 0
    assert len(telegram.calls_of("auth.sendCode")) == 2


async def test_without_a_terminal(stranger: Home, telegram: TestTelegram, tmp_path: Path) -> None:
    """Each question is a file and its answer another; both are gone afterwards."""
    answers = tmp_path / "answers"
    task = asyncio.create_task(run(stranger, "--answers", str(answers)))
    await eventually((answers / "phone.txt").exists)
    assert f"echo ANSWER > {answers / 'phone'}" in (answers / "phone.txt").read_text()
    (answers / "phone").write_text(f"{telegram.PHONE}\n")
    await eventually((answers / "code.txt").exists)
    (answers / "code").write_text(f"{telegram.PHONE_CODE}\n")

    code, said = await task

    assert code == 0, said
    assert "Logged in as the account Ada" in said
    assert not answers.exists()


async def test_by_credentials(stranger: Home, telegram: TestTelegram) -> None:
    """Phone and password are taken from the secrets where they are; only the code is asked for."""
    telegram.directory.user.password = "correct horse"
    secrets = {"TELESPOOL_PHONE": telegram.PHONE, "TELESPOOL_PASSWORD": "correct horse"}
    task = asyncio.create_task(run(stranger, **secrets))
    asked = stranger.state / "login"
    await eventually((asked / "code.txt").exists)
    assert stat.S_IMODE(asked.stat().st_mode) == 0o700
    (asked / "code").write_text(f"{telegram.PHONE_CODE}\n")

    code, said = await task

    assert code == 0, said
    assert "correct horse" not in said


async def test_as_a_bot(stranger: Home, telegram: TestTelegram) -> None:
    """With a bot's token nothing is asked; a wrong token is told as what it is."""
    code, said = await run(stranger, TELESPOOL_BOT_TOKEN="4242:wrong")
    assert code in {1, 77, 78}
    assert "token" in said.lower()

    code, said = await run(stranger, TELESPOOL_BOT_TOKEN=telegram.BOT_TOKEN)
    assert code == 0, said
    assert "Logged in as the bot" in said


async def test_by_a_qr_code(stranger: Home, telegram: TestTelegram) -> None:
    """A code is drawn in the terminal; scanned by the app, it is the login."""
    async with terminal(
        *stranger.command("login", "--qr")[3:], environment=stranger.environment
    ) as screen:
        shown = await screen.sees("▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀")
        assert "Link Desktop Device" in shown
        (token,) = telegram.login_tokens
        telegram.scan_qr(_address(token))
        assert "Ada" in await screen.sees("telespool doctor")
        assert await screen.ends() == 0


def _address(token: bytes) -> str:
    return f"tg://login?token={urlsafe_b64encode(token).decode().rstrip('=')}"


async def test_what_telegram_wants_to_know_first(stranger: Home) -> None:
    """Without api_id and api_hash the command says where both come from and where they go; exit 78."""
    text = re.sub("api_id = .*\n", "", stranger.config.read_text())
    stranger.config.write_text(text.replace('destination = "telegram"', ""))
    code, said = await run(stranger, TELESPOOL_API_HASH="")
    assert code == 78
    assert "https://my.telegram.org" in said
    assert str(stranger.config) in said
    assert str(stranger.config.parent / "secrets" / "api-hash") in said


async def test_while_the_daemon_runs(home: Home, telegram: TestTelegram) -> None:
    """The login of a running daemon is not touched: exit 75, and the sentence says who has it."""
    async with home.working():
        await telegram.until(lambda: telegram.calls_of("users.getUsers"))
        code, said = await run(home)
    assert code == 75
    assert "in use by another process" in said


async def test_interrupted_at_the_password(stranger: Home, telegram: TestTelegram) -> None:
    """Ctrl-C ends it at once, and the terminal shows again what is typed."""
    telegram.directory.user.password = "correct horse"
    secrets = {"TELESPOOL_PHONE": telegram.PHONE}
    async with terminal(
        "login", "-c", str(stranger.config), environment=stranger.environment | secrets
    ) as screen:
        await screen.sees("\n> ")
        screen.types(telegram.PHONE_CODE)
        await screen.sees("two-step verification")
        await screen.sees("\n> ")
        assert not screen.echoes
        screen.process.send_signal(signal.SIGINT)
        assert await screen.ends() == 130
        assert screen.echoes
