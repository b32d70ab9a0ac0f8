"""Logging in: by code, with a password, as a bot; and what is said when it does not work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.destinations.telegram import login
from telespool.errors import ConfigError, LoginNeeded, SpoolBusy, TelespoolError, Temporary
from tests import through
from tests.destinations.telegram.support import opened, photo_file, secrets, send, settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


class Person:
    """Answers from a list, and remembers what was asked and hinted."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, question: login.Question, hint: str) -> str:
        """The next answer."""
        self.asked.append((question, hint))
        return self.answers.pop(0)


async def test_a_person_logs_in_once(telegram: TestTelegram, tmp_path: Path) -> None:
    """Phone and code; afterwards the destination opens by itself, and a second login asks nothing."""
    person = Person(telegram.PHONE, telegram.PHONE_CODE)
    account = await login.log_in(settings(telegram), secrets(telegram), tmp_path, person)
    assert (account.name, account.is_bot) == ("Ada", False)
    assert [question for question, _ in person.asked] == ["phone", "code"]
    async with opened(telegram, tmp_path, account=None) as destination:
        await send(destination, [photo_file(tmp_path)])
    again = await login.log_in(settings(telegram), secrets(telegram), tmp_path, Person())
    assert again == account


async def test_mistakes_may_be_corrected(telegram: TestTelegram, tmp_path: Path) -> None:
    """A wrong number, code and password are asked for again, with a hint what was wrong."""
    telegram.directory.user.password = "correct horse"
    person = Person(
        "+15559999", telegram.PHONE, "11111", telegram.PHONE_CODE, "battery", "correct horse"
    )
    account = await login.log_in(settings(telegram), secrets(telegram), tmp_path, person)
    assert account.name == "Ada"
    questions = [question for question, _ in person.asked]
    assert questions == ["phone", "phone", "code", "code", "password", "password"]
    assert "+15559999" in person.asked[1][1]
    assert "not the code" in person.asked[3][1]
    assert "not the password" in person.asked[5][1]


async def test_secrets_answer_for_the_person(telegram: TestTelegram, tmp_path: Path) -> None:
    """A phone number and a password among the secrets are not asked for."""
    telegram.directory.user.password = "correct horse"
    known = secrets(telegram, phone=telegram.PHONE, password="correct horse")
    person = Person(telegram.PHONE_CODE)
    await login.log_in(settings(telegram), known, tmp_path, person)
    assert [question for question, _ in person.asked] == ["code"]


async def test_a_bot_asks_nobody(telegram: TestTelegram, tmp_path: Path) -> None:
    """A bot's token is enough; a wrong one is a matter of the configuration."""
    token = secrets(telegram, bot_token=telegram.BOT_TOKEN)
    assert (await login.log_in(settings(telegram), token, tmp_path, Person())).is_bot
    wrong = secrets(telegram, bot_token="1:wrong")
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigError, match="BotFather"):
        await login.log_in(settings(telegram), wrong, tmp_path / "other", Person())


async def test_what_cannot_work_says_why(telegram: TestTelegram, tmp_path: Path) -> None:
    """Three wrong codes, a wrong api-hash, a missing one, a wait, no network: each its sentence."""

    async def sentence(expected: type[TelespoolError], person: Person, **known: str | None) -> str:
        with pytest.raises(expected) as caught:
            await login.log_in(settings(telegram), secrets(telegram, **known), tmp_path, person)
        return caught.value.reason

    phone = telegram.PHONE
    assert "too often" in await sentence(LoginNeeded, Person(phone, "1", "2", "3"))
    assert "my.telegram.org" in await sentence(ConfigError, Person(phone), api_hash="wrong")
    assert "my.telegram.org" in await sentence(ConfigError, Person(), api_hash=None)
    telegram.faults.add("auth.sendCode", error=(420, "FLOOD_WAIT_77"))
    assert "77 s" in await sentence(Temporary, Person(phone))
    await telegram.pause()
    assert through.UNREACHABLE[through.THROUGH] in await sentence(Temporary, Person(phone))
    await telegram.resume()


async def test_login_waits_for_the_daemon_to_stop(telegram: TestTelegram, tmp_path: Path) -> None:
    """While the daemon uses the login, logging in says so instead of ending both."""
    async with opened(telegram, tmp_path):
        with pytest.raises(SpoolBusy, match="in use by another process"):
            await login.log_in(settings(telegram), secrets(telegram), tmp_path, Person())
