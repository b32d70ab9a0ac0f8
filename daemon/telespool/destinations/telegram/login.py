"""Logging in, once, by a person or with a bot's token.

Here, and only here, Telethon's client is used as it comes: it knows the way through codes, passwords and data
centres. What it leaves behind is the key in the session file. Questions are asked through a callback, so that the
command line, a service's credentials or a test can answer them.

Leaves: `LoginNeeded` with what was wrong, `ConfigError` for a wrong api_id, `Temporary` where Telegram cannot be
reached or wants us to wait, `SpoolBusy` where another process uses the login.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from telethon import TelegramClient, errors, utils
from telethon.tl import functions, types

from telespool.config.paths import command
from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.proxy import Proxy
from telespool.destinations.telegram.proxy_transport import ProxyTrouble
from telespool.destinations.telegram.session import Session
from telespool.errors import ConfigError, LoginNeeded, TelespoolError, Temporary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from telespool.config.schema import TelegramSettings
    from telespool.config.secrets import Secrets

Question = Literal["phone", "code", "password"]
_ATTEMPTS = 3
_PATIENCE = 60.0  # seconds for one exchange with Telegram; a person may take longer
_DIALOGS = 100  # as many as one request gives
_CODES = 10  # pictures to scan, each good for about half a minute


class Ask(Protocol):
    """Gets an answer from a person; `hint` says what went wrong, or where the code was sent."""

    async def __call__(self, question: Question, hint: str) -> str:
        """The answer."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who is logged in."""

    id: int
    name: str
    is_bot: bool
    premium: bool

    @classmethod
    def of(cls, user: Any) -> Account:
        """From Telegram's `User`."""
        name = utils.get_display_name(user) or str(user.id)
        return cls(user.id, name, bool(user.bot), bool(user.premium))


async def log_in(
    settings: TelegramSettings,
    secrets: Secrets,
    state: Path,
    ask: Ask,
    show: Callable[[str], None] | None = None,
) -> Account:
    """Log in with the bot's token where there is one, else as the person who answers.

    With `show` the person scans instead: it is told each address to show as a QR code.
    """
    session = await asyncio.to_thread(Session.open, settings, state)
    try:
        if secrets.bot_token:
            return await as_bot(session, settings, secrets)
        if show is not None:
            return await as_scanned(session, settings, secrets, ask, show)
        return await as_person(session, settings, secrets, ask)
    finally:
        session.close()


async def as_bot(session: Session, settings: TelegramSettings, secrets: Secrets) -> Account:
    """Log in with the token of a bot; nobody is asked."""
    async with _client(session, settings, secrets) as client:
        async with asyncio.timeout(_PATIENCE):
            return Account.of(await client.sign_in(bot_token=secrets.bot_token))


async def as_person(
    session: Session, settings: TelegramSettings, secrets: Secrets, ask: Ask
) -> Account:
    """Log in with a phone number, the code that Telegram sends, and the password if there is one."""
    async with _client(session, settings, secrets) as client:
        async with asyncio.timeout(_PATIENCE):
            me = await client.get_me()
        if me is not None:
            return Account.of(me)
        phone = await _send_code(client, secrets, ask)
        return await _sign_in(client, phone, secrets, ask)


async def as_scanned(
    session: Session,
    settings: TelegramSettings,
    secrets: Secrets,
    ask: Ask,
    show: Callable[[str], None],
) -> Account:
    """Log in by a QR code that the person scans with the Telegram app, and the password if there is one."""
    async with _client(session, settings, secrets, updates=True) as client:
        async with asyncio.timeout(_PATIENCE):
            me = await client.get_me()
            code = None if me is not None else await client.qr_login()
        if code is None:
            return Account.of(me)
        for _ in range(_CODES):
            scanned = asyncio.create_task(code.wait())
            await asyncio.sleep(0)  # it must listen before anybody can scan
            show(code.url)
            try:
                return Account.of(await scanned)
            except errors.SessionPasswordNeededError:
                return await _password(client, secrets, ask)
            except TimeoutError:
                async with asyncio.timeout(_PATIENCE):
                    await code.recreate()
            finally:
                scanned.cancel()
    raise LoginNeeded(f"Nobody scanned the code. Run `{command('login --qr')}` again.")


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat this account may post to: its title, what it is, and how the configuration names it."""

    title: str
    kind: str
    peer: str


async def chats_of(settings: TelegramSettings, secrets: Secrets, state: Path) -> list[Chat]:
    """List the chats of the account, the newest first, Saved Messages before all; a bot has no list of its own."""
    saved = [Chat("Saved Messages", "only you see it", "me")]
    session = await asyncio.to_thread(Session.open, settings, state)
    try:
        async with _client(session, settings, secrets) as client, asyncio.timeout(_PATIENCE):
            me = await client.get_me()
            if me is None or me.bot:
                return saved
            found = await client(
                functions.messages.GetDialogsRequest(
                    None, 0, types.InputPeerEmpty(), _DIALOGS, 0, exclude_pinned=False
                )
            )
    finally:
        session.close()
    known = {utils.get_peer_id(each): each for each in (*found.chats, *found.users)}
    chats = [known.get(utils.get_peer_id(each.peer)) for each in found.dialogs]
    return saved + [_chat(each) for each in chats if each is not None and _may_post(each, me)]


def _may_post(chat: Any, me: Any) -> bool:
    if isinstance(chat, types.User):
        return not (chat.deleted or chat.id == me.id)
    if isinstance(chat, types.Channel) and chat.broadcast:
        rights = chat.admin_rights
        return bool(chat.creator or (rights and rights.post_messages))
    return not getattr(chat, "left", False) and not getattr(chat, "deactivated", False)


def _chat(chat: Any) -> Chat:
    if isinstance(chat, types.User):
        kind = "bot" if chat.bot else "person"
    else:
        kind = "channel" if getattr(chat, "broadcast", False) else "group"
    name = getattr(chat, "username", None)
    return Chat(
        utils.get_display_name(chat) or str(chat.id),
        kind,
        f"@{name}" if name else str(utils.get_peer_id(chat)),
    )


async def _send_code(client: Any, secrets: Secrets, ask: Ask) -> str:
    phone, hint = secrets.phone, ""
    for _ in range(_ATTEMPTS):
        phone = phone or await ask("phone", hint)
        try:
            async with asyncio.timeout(_PATIENCE):
                await client.send_code_request(phone)
        except (errors.PhoneNumberInvalidError, TypeError):
            phone, hint = None, f"{phone} is no phone number Telegram knows; as in +491701234567"
        else:
            return phone
    raise LoginNeeded("No phone number that Telegram knows was given.")


async def _sign_in(client: Any, phone: str, secrets: Secrets, ask: Ask) -> Account:
    hint = f"Telegram sent a code to {phone}, in its app or by SMS"
    for _ in range(_ATTEMPTS):
        code = await ask("code", hint)
        try:
            async with asyncio.timeout(_PATIENCE):
                return Account.of(await client.sign_in(phone, code))
        except errors.SessionPasswordNeededError:
            return await _password(client, secrets, ask)
        except (errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError):
            hint = "That was not the code"
        except errors.PhoneCodeExpiredError:
            raise LoginNeeded(f"The code is too old. Run `{command('login')}` again.") from None
    raise LoginNeeded(f"The code was wrong too often. Run `{command('login')}` again.")


async def _password(client: Any, secrets: Secrets, ask: Ask) -> Account:
    password, hint = secrets.password, ""
    for _ in range(_ATTEMPTS):
        password = password or await ask("password", hint)
        try:
            async with asyncio.timeout(_PATIENCE):
                return Account.of(await client.sign_in(password=password))
        except errors.PasswordHashInvalidError:
            password, hint = None, "That was not the password"
    raise LoginNeeded(f"The password was wrong too often. Run `{command('login')}` again.")


@contextlib.asynccontextmanager
async def _client(
    session: Session, settings: TelegramSettings, secrets: Secrets, *, updates: bool = False
) -> AsyncIterator[Any]:
    """Telethon's client on this session; its errors become ours on the way out."""
    if not settings.api_id or not secrets.api_hash:
        needed = "telegram.api_id and the secret api-hash are needed to log in; both come from"
        raise ConfigError([f"{needed} https://my.telegram.org"])
    proxy = Proxy.of(settings, secrets)
    through = {"connection": proxy.transport_class, "proxy": proxy.for_client()} if proxy else {}
    client = TelegramClient(
        session.store,
        settings.api_id,
        secrets.api_hash,
        **through,
        use_ipv6=session.address.is_ipv6,
        connection_retries=1,
        request_retries=2,
        flood_sleep_threshold=0,
        raise_last_call_error=True,
        receive_updates=updates,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            await client.connect()
        yield client
        session.save()
    except errors.FloodWaitError as error:
        raise Temporary(
            f"Telegram allows the next attempt to log in in {error.seconds} s.",
            retry_after=float(error.seconds),
            scope="all",
        ) from None
    except errors.RPCError as error:
        raise error_mapping.verdict(error_mapping.read(error), "The login") from None
    except (OSError, TimeoutError):
        raise Temporary(f"Telegram ({session.address}) cannot be reached.", scope="all") from None
    except ProxyTrouble as trouble:
        raise Temporary(f"{trouble.reason}. {trouble.cure}.", scope="all") from None
    except TelespoolError:
        raise
    except Exception as error:
        # Telethon raises whatever its parsers meet when something else than Telegram answers.
        raise Temporary(
            f"What answers at {session.address} is not Telegram ({type(error).__name__}). Is there a login page of this"
            " network (hotel, company), or a proxy? Open any page in a browser, then try again.",
            scope="all",
        ) from error
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            await client.disconnect()
