"""Telegram as a destination: the contract of `telespool.destinations.base`, put together from its parts.

    session      the login on the disk, and its lock            address    the doors of data centres
    line         one connection              lines      those that carry parts
    caller       requests, repeated until answered
    floods       the one gate                window     bytes on the way
    rules        errors by name              policy     from Telethon's errors to ours
    chats        which chat is meant
    transfer     files in parts              received   what has arrived of them
    staging      one item in                 posting    one post out
    login        once, by a person

A dead network is `Temporary` within seconds, and the next call tries to connect again; nothing has to be
opened anew. Files are touched only in the state directory: the session, `uploads/` (a cache), `floods.json`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import structlog
from telethon.crypto import aes
from telethon.tl import functions, types

from telespool.config.paths import command
from telespool.config.schedule import Rate
from telespool.destinations.markdown import Formatted
from telespool.destinations.telegram import error_mapping, login, tl_requests, upload_journal
from telespool.destinations.telegram.chat_history import ChatHistory
from telespool.destinations.telegram.chat_keys import ChatKeys
from telespool.destinations.telegram.connection import all_closed
from telespool.destinations.telegram.connection_pool import ConnectionPool
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.flood_waits import FloodWaits
from telespool.destinations.telegram.flow_control import PART, FlowControl
from telespool.destinations.telegram.peers import Peers
from telespool.destinations.telegram.post_head import Head
from telespool.destinations.telegram.proxy import Proxy
from telespool.destinations.telegram.rpc import RetryPolicy, RpcClient
from telespool.destinations.telegram.send_post import PostSender
from telespool.destinations.telegram.session import Session, has_login
from telespool.destinations.telegram.stored_media import StoredMedia
from telespool.destinations.telegram.tl_requests import CAPTION
from telespool.destinations.telegram.topics import Topics
from telespool.destinations.telegram.upload_file import FileUploader
from telespool.destinations.telegram.upload_media import MediaUploader
from telespool.errors import ConfigError, LoginNeeded
from telespool.model import PLAIN
from telespool.runtime.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from telespool.config.posting import ChatSettings
    from telespool.config.schema import TelegramSettings
    from telespool.config.secrets import Secrets
    from telespool.destinations.base import KeyFinding, Stored, Uploaded
    from telespool.destinations.telegram.flood_waits import FloodWait
    from telespool.model import Item, PostStyle

_log = structlog.get_logger()
_TEXT = 4096  # characters of a message; core.telegram.org/api/config has it as message_length_max
# Parts to a file, where Telegram does not say; core.telegram.org/api/files
_PARTS = {False: 4000, True: 8000}


class TelegramDestination:
    """An account of Telegram's, and the chats it posts to."""

    goes_on = True
    """What has arrived of a file need not be sent again after a restart (`base.SupportsResume`)."""

    def __init__(
        self,
        settings: TelegramSettings,
        chats: Mapping[str, str],
        secrets: Secrets,
        state: Path,
        *,
        patience: RetryPolicy | None = None,
    ) -> None:
        """Nothing is touched before `open`; `state` is the directory for the session and caches."""
        self._settings = settings
        self._chat_values = chats
        self._secrets = secrets
        self._state = state
        self._patience = patience or RetryPolicy()
        self._opening = asyncio.Lock()
        self._open: _Open | None = None

    def missing(self) -> list[str]:
        """Name what nobody can do without: api_id, the secret api-hash, a login (or a bot's token)."""
        problems = []
        if not self._settings.api_id or not self._secrets.api_hash:
            problems.append(
                "telegram.api_id and the secret api-hash are needed; both come from https://my.telegram.org"
            )
        if not self._secrets.bot_token and not has_login(
            Session.place(self._settings, self._state)
        ):
            problems.append(f"Nobody is logged in to Telegram yet. Run `{command('login')}`.")
        return problems

    async def open(self) -> None:
        """Connect and check the login; safe to call twice.

        Temporary (scope "all") where Telegram cannot be reached, LoginNeeded where nobody is logged in and
        no bot-token is there, ConfigError, SpoolBusy where another process uses the login.
        """
        await self._opened()

    async def close(self) -> None:
        """Close all connections and give the session back; safe to call twice."""
        async with self._opening:
            opened, self._open = self._open, None
        if opened is not None:
            await opened.close()

    async def stage(
        self, chat: str, item: Item, progress: Callable[[int], None] | None = None
    ) -> Uploaded:
        """Bring one item's bytes to Telegram and let uploadMedia judge it."""
        opened = await self._opened()
        limit = await opened.limit()
        return await opened.staging.stage(chat, item, limit, progress)

    async def post(
        self, chat: str, staged: Sequence[Uploaded], caption: str, style: PostStyle = PLAIN
    ) -> Mapping[int, int]:
        """Make one post; message id by `Item.key`, and Rejected names those that are to blame."""
        opened = await self._opened()
        return await opened.posting.post(
            chat, staged, Head.of(caption, style), await opened.limit()
        )

    async def say(self, chat: str, key: int, text: str) -> int:
        """Post a text; its message id, 0 where the answer does not name it. Repeated, it is the same message."""
        opened = await self._opened()
        peer = await opened.chats.peer(chat)
        request = functions.messages.SendMessageRequest(
            peer, Formatted(text).cut(_TEXT).text, random_id=key, no_webpage=True
        )
        try:
            answer = await opened.caller.call(request, chat=chat)
        except Refusal as refusal:
            raise error_mapping.verdict(refusal, "The report") from None
        return tl_requests.message_ids(answer, [key]).get(key, 0)

    async def stored(self, chat: str, messages: Sequence[int]) -> Mapping[int, Stored]:
        """What these messages hold; those that are gone are missing."""
        return await (await self._opened()).stored.look(chat, messages)

    async def find(self, chat: str, name: str, size: int) -> int | None:
        """The newest message of a chat with a file of this name and size; None where none is seen."""
        opened = await self._opened()
        peer = await opened.chats.peer(chat)
        history = await ChatHistory.newest(opened.caller, peer, chat)
        return history.named(name, size) if history else None

    async def piece(self, chat: str, message: int, offset: int) -> bytes:
        """A piece of a message's file."""
        return await (await self._opened()).stored.piece(chat, message, offset)

    async def check(self, chat: str) -> str:
        """The chat's title, by a real request."""
        return await (await self._opened()).chats.title(chat)

    async def examine(self, chat: str, keys: ChatSettings) -> list[KeyFinding]:
        """Ask for each key of a chat's table."""
        opened = await self._opened()
        return await opened.keys.examine(chat, keys, await opened.caption_limit())

    async def limit(self) -> int:
        """The most bytes this account may send as one file, from Telegram's own configuration."""
        return await (await self._opened()).limit()

    async def account(self) -> login.Account:
        """Who is logged in."""
        return login.Account.of(await (await self._opened()).caller.whoami())

    async def clock(self) -> float:
        """Seconds by which Telegram's clock is ahead of this machine's; 0 where they agree well enough."""
        line = await (await self._opened()).caller.line()
        return float(line.time_offset)

    @property
    def flood_seconds(self) -> float:
        """Seconds that Telegram has told us to wait since it was opened."""
        return self._open.floods.seconds if self._open else 0.0

    def waits(self) -> tuple[FloodWait, ...]:
        """What Telegram told us to wait for, the soonest end first."""
        return tuple(self._open.floods) if self._open else ()

    async def _opened(self) -> _Open:
        async with self._opening:
            if self._open is None:
                self._open = await self._begin()
            return self._open

    async def _begin(self) -> _Open:
        if aes.cryptg is None:
            raise ConfigError(
                ["The package cryptg is missing; without it uploads crawl: install it."]
            )
        if not self._settings.api_id:
            raise ConfigError(["telegram.api_id is missing; get one at https://my.telegram.org."])
        proxy = Proxy.of(self._settings, self._secrets)
        session = await asyncio.to_thread(Session.open, self._settings, self._state)
        floods = await asyncio.to_thread(
            FloodWaits, self._state / "floods.json", self._patience.flood
        )
        opened = _Open(
            self._settings, self._chat_values, session, self._state, self._patience, proxy, floods
        )
        try:
            await asyncio.to_thread(opened.prepare)
            await self._identify(opened)
        except BaseException:
            await opened.close()
            raise
        return opened

    async def _identify(self, opened: _Open) -> None:
        """Be somebody: by the session, else by the bot's token."""
        me = None
        if opened.session.key is not None or not self._secrets.bot_token:
            try:
                me = await opened.caller.whoami()
            except LoginNeeded:
                if not self._secrets.bot_token:
                    raise
                await opened.caller.hang_up()
        if me is None:
            await login.as_bot(opened.session, self._settings, self._secrets)
            me = await opened.caller.whoami()
        opened.premium = bool(me.premium)
        _log.info("login.accepted", account=login.Account.of(me).name, bot=bool(me.bot))


class _Open:
    """Everything that exists while the destination is open."""

    def __init__(
        self,
        settings: TelegramSettings,
        chats: Mapping[str, str],
        session: Session,
        state: Path,
        patience: RetryPolicy,
        proxy: Proxy | None,
        floods: FloodWaits,
    ) -> None:
        self.premium = False
        self.session = session
        self._uploads = state / "uploads"
        self.floods = floods
        self.caller = RpcClient(session, settings.api_id, self.floods, patience, proxy)
        self.chats = Peers(chats, self.caller, session)
        self.window = FlowControl(settings.window, limit=_limit(settings.rate))
        self.lines = ConnectionPool(
            self.caller,
            self.floods,
            self.window,
            patience,
            count=settings.connections,
            part_timeout=settings.part_timeout,
        )
        self.transfer = FileUploader(self.lines, self.window, self._uploads)
        self.staging = MediaUploader(self.caller, self.chats, self.transfer)
        self.stored = StoredMedia(self.caller, self.chats)
        topics = Topics(self.caller, self.chats)
        self.posting = PostSender(self.caller, self.chats, self.staging, topics, self.caption_limit)
        self.keys = ChatKeys(self.caller, self.chats, topics)
        self._values: dict[str, int] = {}

    def prepare(self) -> None:
        """Make the directory of notes and clear it of old ones. Blocks."""
        with contextlib.suppress(OSError):
            self._uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
        upload_journal.sweep(self._uploads)

    async def limit(self) -> int:
        """Bytes to a file."""
        return (await self._number("upload_max_fileparts") or _PARTS[self.premium]) * PART

    async def caption_limit(self) -> int:
        """UTF-16 units to a caption."""
        told = await self._number("caption_length_limit")
        return told or getattr(await self.caller.config(), "caption_length_max", 0) or CAPTION

    async def _number(self, key: str) -> int:
        """A number that Telegram's configuration for clients has for accounts of this kind; 0 where it has none."""
        if not self._values:
            with contextlib.suppress(Refusal):
                answer = await self.caller.call(functions.help.GetAppConfigRequest(0))
                self._values = _numbers(answer)
        return self._values.get(f"{key}_{'premium' if self.premium else 'default'}", 0)

    async def close(self) -> None:
        """Release all of it."""
        await self.transfer.close()
        await self.caller.hang_up()
        await all_closed()
        await asyncio.to_thread(self.session.close)


def _numbers(answer: Any) -> dict[str, int]:
    """The numbers of Telegram's configuration for clients."""
    entries = getattr(getattr(answer, "config", None), "value", None) or ()
    return {
        entry.key: int(entry.value.value)
        for entry in entries
        if isinstance(entry.value, types.JsonNumber)
    }


def _limit(rate: str) -> RateLimit | None:
    """The limit that the configuration sets, None where it sets none."""
    if not rate:
        return None
    table = Rate.parse(rate)
    return RateLimit(lambda: table.at(time.time()))
