"""Every way of logging in, and of being thrown out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from telethon import errors

if TYPE_CHECKING:
    from .server import TestTelegram

pytestmark = pytest.mark.telegram


async def test_bot_token(telegram: TestTelegram) -> None:
    """The right token logs the bot in, another does not."""
    client = telegram.client()
    await client.connect()
    with pytest.raises(errors.AccessTokenInvalidError):
        await client.sign_in(bot_token="4242:wrong")
    assert (await client.sign_in(bot_token=telegram.BOT_TOKEN)).bot
    await client.disconnect()


async def test_wrong_application(telegram: TestTelegram) -> None:
    """An api_id that is not known is refused."""
    client = telegram.client()
    client.api_id = 1
    await client.connect()
    with pytest.raises(errors.ApiIdInvalidError):
        await client.send_code_request(telegram.PHONE)
    await client.disconnect()


async def test_phone_and_code(telegram: TestTelegram) -> None:
    """The code logs the person in; a wrong one, or an unknown number, does not."""
    client = telegram.client()
    await client.connect()
    with pytest.raises(errors.PhoneNumberInvalidError):
        await client.send_code_request("+15559999")
    await client.send_code_request(telegram.PHONE)
    with pytest.raises(errors.PhoneCodeInvalidError):
        await client.sign_in(telegram.PHONE, "11111")
    assert (await client.sign_in(telegram.PHONE, telegram.PHONE_CODE)).first_name == "Ada"
    await client.disconnect()


async def test_password(telegram: TestTelegram) -> None:
    """An account with a password wants it after the code, and knows a wrong one."""
    telegram.directory.user.password = "correct horse"
    client = telegram.client()
    await client.connect()
    await client.send_code_request(telegram.PHONE)
    with pytest.raises(errors.SessionPasswordNeededError):
        await client.sign_in(telegram.PHONE, telegram.PHONE_CODE)
    with pytest.raises(errors.PasswordHashInvalidError):
        await client.sign_in(password="battery staple")
    assert (await client.sign_in(password="correct horse")).first_name == "Ada"
    await client.disconnect()


async def _scanned(telegram: TestTelegram, client: Any) -> Any:
    code = await client.qr_login()
    waiting = asyncio.create_task(code.wait(20))
    await asyncio.sleep(0)  # wait() must listen before the code is scanned
    telegram.scan_qr(code.url)
    return await waiting


async def test_qr_code(telegram: TestTelegram) -> None:
    """A scanned QR code logs the person in."""
    client = telegram.client()
    await client.connect()
    assert (await _scanned(telegram, client)).first_name == "Ada"
    await client.disconnect()


async def test_qr_code_with_password(telegram: TestTelegram) -> None:
    """A scanned QR code is not enough for an account with a password."""
    telegram.directory.user.password = "correct horse"
    client = telegram.client()
    await client.connect()
    with pytest.raises(errors.SessionPasswordNeededError):
        await _scanned(telegram, client)
    assert (await client.sign_in(password="correct horse")).first_name == "Ada"
    await client.disconnect()


async def test_log_out(telegram: TestTelegram, client: Any) -> None:
    """After logging out the key is nobody's."""
    assert await client.log_out()
    assert telegram.logged_in == {}


async def test_revoked(telegram: TestTelegram, client: Any) -> None:
    """After the login was revoked every request is AUTH_KEY_UNREGISTERED."""
    telegram.revoke("user")
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await client.send_message("me", "hello")
