"""Asking Telegram, one request after another over one connection, until there is an answer worth having.

The main connection carries everything but the parts of files. It is opened when it is needed and again when it
broke, so a dead network is found within seconds and nobody has to bring it back. Every request we make can be
repeated unchanged (posts have their random_ids), so an unknown outcome means: the same request again.

What leaves: `Refusal` (Telegram said no, and repeating will not help), `Temporary` (no connection, or a wait
longer than patience, or trouble that does not end), `LoginNeeded`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from telethon.errors import RPCError
from telethon.tl import functions, types

from telespool.config.paths import command
from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.connection import Connection, ConnectionDown, ConnectionLimits
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.error_table import Action
from telespool.destinations.telegram.flood_waits import SENDING
from telespool.destinations.telegram.server_health import ServerHealth, now
from telespool.errors import LoginNeeded, Temporary

if TYPE_CHECKING:
    from telespool.destinations.telegram.address import Address
    from telespool.destinations.telegram.flood_waits import FloodWaits
    from telespool.destinations.telegram.proxy import Proxy
    from telespool.destinations.telegram.session import Session

_log = structlog.get_logger()
_UPLOADS = {"SaveFilePart", "SaveBigFilePart"}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long and how often. Seconds, but for `tries`."""

    flood: float = 30.0  # longer waits are handed upward
    pause: float = 1.0  # before the first repetition; doubles each time
    pause_max: float = 10.0
    tries: int = 4  # of a request that brings trouble
    stubborn: int = 12  # of one whose neighbours pass now and then
    posting: int = 3  # of a request that is said to be under way already
    gap_max: float = 300.0  # between tries while everything brings trouble; grows to it
    blame: float = 600.0  # a post is waited for so long before its files are looked at
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)

    def before(self, attempt: int) -> float:
        """The pause before the `attempt`-th repetition, from 1."""
        return float(min(self.pause * 2 ** (attempt - 1), self.pause_max))

    def gap(self, failures: int) -> float:
        """The wait after everything brought trouble so many times."""
        return float(min(self.pause * 2 ** min(failures, 30), self.gap_max))


class RpcClient:
    """The main connection and the manners on it."""

    def __init__(
        self,
        session: Session,
        api_id: int,
        floods: FloodWaits,
        patience: RetryPolicy,
        proxy: Proxy | None = None,
    ) -> None:
        self._proxy = proxy
        self._session = session
        self._api_id = api_id
        self._floods = floods
        self.patience = patience
        self.health = ServerHealth()
        self._line: Connection | None = None
        self._mourned: Connection | None = None
        self._opening = asyncio.Lock()

    async def line(self) -> Connection:
        """The connection, opened where there is none; Temporary where there is no way to Telegram."""
        async with self._opening:
            if self._line is not None and self._line.is_up:
                return self._line
            if self._line is not None:
                await self._line.close()
                self._line = None
            line = self.another(self._session.address)
            try:
                await line.open()
            except RPCError as error:
                raise error_mapping.verdict(error_mapping.read(error), "anything") from None
            except ConnectionDown as down:
                raise self._no_way(down) from None
            self._line = line
            return line

    def another(self, door: Address) -> Connection:
        """A further connection with the same login, not opened yet."""
        key = self._session.key
        if key is None:
            raise LoginNeeded(f"Nobody is logged in to Telegram yet. Run `{command('login')}`.")
        return Connection(door, key, self._api_id, self.patience.limits, self._line, self._proxy)

    @staticmethod
    def _no_way(down: ConnectionDown) -> Exception:
        if down.stranger:
            return LoginNeeded(f"Telegram does not know this login. Run `{command('login')}`.")
        return Temporary(down.sentence, scope="all")

    async def call(
        self, request: Any, *, chat: str | None = None, tries: int | None = None, subject: int = 0
    ) -> Any:
        """The answer to a request; `chat` is the alias it is for, `subject` the key of the item, if it is for one.

        `tries` is how often it is tried while it is answered with trouble; by default, as patience says.
        """
        method = method_of(request)
        began = now()
        trouble = under_way = 0
        while True:
            await self._floods.passage(method, chat)
            try:
                line = await self.line()
                answer = await line.request(functions.InvokeWithoutUpdatesRequest(request))
            except RPCError as error:
                refusal = error_mapping.read(error)
                if await flooded(self._floods, refusal, method, chat):
                    continue
                if refusal.action is Action.DELIVERED:
                    under_way += 1
                    limit, attempt = tries or self.patience.posting, under_way
                elif refusal.is_trouble or refusal.action is Action.RECONNECT:
                    trouble += 1
                    self.health.failed(method, subject)
                    limit, attempt = tries or self.tries(method, subject, began), trouble
                else:
                    raise refusal from None
                if attempt >= limit:
                    raise refusal from None
                await self._reconnect(refusal)
            except ConnectionDown as down:
                trouble += 1
                attempt = trouble
                if (
                    self._line is not self._mourned
                ):  # it is heard of by all requests that were on it
                    self._mourned = self._line
                    _log.info("connection.lost", method=method, reason=down.reason)
                if trouble >= self.patience.tries:
                    raise self._no_way(down) from None
            else:
                self.health.passed(method, subject)
                return answer
            await asyncio.sleep(self.patience.before(attempt))

    async def _reconnect(self, refusal: Refusal) -> None:
        if refusal.action is Action.RECONNECT:
            await self.hang_up()

    def tries(self, method: str, subject: int, since: float) -> int:
        """How often a request is tried: longer where others pass the same way meanwhile, and have trouble as well."""
        health = self.health
        mixed = health.others_failed(method, subject, since)
        mixed = mixed and health.others_passed(method, subject, since)
        return self.patience.stubborn if mixed else self.patience.tries

    async def whoami(self) -> Any:
        """This account as Telegram knows it (`User`); LoginNeeded where it does not."""
        try:
            users = await self.call(functions.users.GetUsersRequest([types.InputUserSelf()]))
        except Refusal as refusal:
            raise error_mapping.verdict(refusal, "The login") from None
        return users[0]

    async def config(self) -> Any:
        """Telegram's configuration as it was when the connection was opened."""
        return (await self.line()).config

    async def door(self) -> Address:
        """Where the parts of files go: where the main connection goes."""
        return (await self.line()).address

    async def hang_up(self) -> None:
        """End the connection; the next request opens another."""
        async with self._opening:
            line, self._line = self._line, None
        if line is not None:
            await line.close()


async def flooded(floods: FloodWaits, refusal: Refusal, method: str, chat: str | None) -> bool:
    """Close the gate where the refusal is a wait; True where it was."""
    if refusal.action is not Action.WAIT:
        return False
    what = method
    if refusal.rule.gate == "chat" and chat is not None:
        what = f"chat {chat}"
    elif method in _UPLOADS:
        # The throttle is the account's, whichever of the two ways the parts took; and who is told to send
        # no parts had better not post meanwhile.
        what = SENDING
    seconds = float(refusal.number or 1)
    await floods.close(what, seconds, refusal.name)
    _log.warning("flood_wait.started", what=what, seconds=seconds, error=refusal.name)
    return True


def method_of(request: Any) -> str:
    """`SendMedia` for a SendMediaRequest."""
    return type(request).__name__.removesuffix("Request")
