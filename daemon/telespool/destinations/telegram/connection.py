"""One connection to Telegram.

Telethon's sender does the encryption, the containers, the salts and the clock; what is ours:

* The parts of files are neither gzipped nor copied about (`large_messages`): that took 12 ms of a standing event loop
  for each of them, four fifths of all CPU time.
* A line that breaks says so at once (`ConnectionDown`) instead of keeping requests for a connection to come: whoever
  sent them decides. Nothing is ever sent twice behind one's back.
* No request waits for ever: each has a limit, which begins anew whenever the other side gives a sign of life.
* A silent line is pinged, so that a dead one is found before somebody needs it.

What leaves a request: Telethon's `RPCError` (Telegram said no), `ConnectionDown` (nobody knows what it said).
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telethon.errors import AuthKeyNotFound, InvalidBufferError, RPCError
from telethon.network import MTProtoSender
from telethon.tl import functions
from telethon.tl.alltlobjects import LAYER

from telespool import __version__
from telespool.destinations.telegram.large_messages import (
    Acknowledgements,
    Packer,
    PartState,
    State,
    Transport,
)
from telespool.destinations.telegram.proxy_transport import ProxyTrouble
from telespool.errors import TelespoolError

if TYPE_CHECKING:
    from telethon.crypto import AuthKey

    from telespool.destinations.telegram.address import Address
    from telespool.destinations.telegram.proxy import Proxy

_CLOSING: set[asyncio.Task[None]] = set()  # the loop alone would forget them


class ConnectionDown(TelespoolError):
    """The connection broke or was silent for too long: whether a request was carried out is unknown.

    It stays inside this package. `throttled`: Telegram has enough connections (transport error 429);
    `stranger`: Telegram does not know our key (transport error 404).
    """

    def __init__(self, reason: str, *, cause: BaseException | None = None) -> None:
        super().__init__(reason)
        self.stranger = isinstance(cause, AuthKeyNotFound)
        self._proxy = cause if isinstance(cause, ProxyTrouble) else None
        self.throttled = isinstance(cause, InvalidBufferError) and cause.code == 429

    @property
    def sentence(self) -> str:
        """What is said to a person; with a proxy on the way, what to do about it."""
        if self._proxy is not None:
            return f"{self._proxy.reason}. {self._proxy.cure}."
        return f"No connection to Telegram: {self.reason}."


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Seconds: to connect, to be answered, between pings, and for a ping's answer."""

    connect: float = 10.0
    answer: float = 60.0
    idle: float = 45.0
    pong: float = 15.0


class _Loggers(dict[str, logging.Logger]):
    """Telethon asks for its loggers by module; what it says of lost connections, we say ourselves."""

    def __missing__(self, key: str) -> logging.Logger:
        logger = logging.getLogger("telespool." + key)
        logger.setLevel(logging.CRITICAL)
        self[key] = logger
        return logger


class _Nowhere:
    """Where updates go: we ask for none, and read our own from the answers."""

    def put_nowait(self, update: object) -> None:
        """Forget it."""


class _Sender(MTProtoSender):  # type: ignore[misc]
    """Telethon's, with our state, one attempt to connect, and an ear for signs of life."""

    def __init__(self, key: AuthKey, heard: Any) -> None:
        super().__init__(
            key,
            loggers=_Loggers(),
            retries=0,
            delay=0,
            auto_reconnect=False,
            updates_queue=_Nowhere(),
        )
        self._state.__class__ = State
        self._send_queue = Packer(self._state, loggers=self._loggers)
        self._pending_ack = Acknowledgements()
        self._heard = heard

    def send(self, request: Any, ordered: bool = False) -> Any:
        """Put it in the queue; a future of its answer."""
        if not hasattr(request, "pieces"):
            return super().send(request, ordered)
        if not self._user_connected:
            raise ConnectionError
        state = PartState(request, request.pieces())
        self._send_queue.append(state)
        return state.future

    def learn_from(self, other: _Sender) -> None:
        """Begin with the salt and the clock of another."""
        self._state.salt = other._state.salt
        self._state.time_offset = other._state.time_offset

    async def _process_message(self, message: Any) -> None:
        self._heard()
        await super()._process_message(message)


class Connection:
    """One connection, from `open` until it is `down`; it is not opened twice."""

    def __init__(
        self,
        address: Address,
        key: AuthKey,
        api_id: int,
        limits: ConnectionLimits = ConnectionLimits(),
        like: Connection | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        """`like` is another line with this login: what it learnt of salt and clock need not be learnt again."""
        self.address = address
        self._proxy = proxy
        self._through: Any = None
        self.in_flight = 0
        self.config: Any = None
        self._api_id = api_id
        self._limits = limits
        self._sender = _Sender(key, self._sign_of_life)
        if like is not None:
            self._sender.learn_from(like._sender)  # noqa: SLF001 - one of ours
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._cause: BaseException | None = None
        self._reason = f"the connection to Telegram ({address}) was closed"
        self._heard = 0.0
        self._pings: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether a request may be sent."""
        return self.config is not None and not self._ended.done()

    @property
    def time_offset(self) -> int:
        """Seconds by which Telegram's clock is ahead of ours."""
        return int(self._sender._state.time_offset)  # noqa: SLF001 - Telethon has no public way

    @property
    def _way(self) -> str:
        through = f" through the proxy {self._proxy}" if self._proxy else ""
        return f"Telegram ({self.address}){through}"

    async def open(self) -> None:
        """Connect and say who we are; LineDown where that fails or takes too long."""
        try:
            async with asyncio.timeout(self._limits.connect):
                await self._connect()
        except ProxyTrouble as trouble:
            await self.close()
            raise ConnectionDown(trouble.reason, cause=trouble) from None
        except TimeoutError:
            await self.close()
            if self._through is not None:
                silence = self._through.silence()
                raise ConnectionDown(silence.reason, cause=silence) from None
            raise ConnectionDown(f"{self._way} did not answer in time") from None
        except OSError as error:
            await self.close()
            raise ConnectionDown(f"{self._way} cannot be reached", cause=error) from None
        except BaseException:
            await self.close()
            raise
        self._pings = asyncio.create_task(self._keep_alive(), name=f"ping {self.address}")

    async def _connect(self) -> None:
        if self._proxy is not None:
            connection = self._through = self._proxy.transport(self.address, _Loggers())
        else:
            connection = Transport(
                self.address.host, self.address.port, self.address.dc, loggers=_Loggers()
            )
        await self._sender.connect(connection)
        self._sign_of_life()
        self._sender._disconnected.add_done_callback(self._on_down)  # noqa: SLF001
        # core.telegram.org/api/invoking: the first request of a connection introduces the client.
        self.config = await self._exchange(
            functions.InvokeWithLayerRequest(
                LAYER, functions.InvokeWithoutUpdatesRequest(introduction(self._api_id))
            ),
            self._limits.connect,
        )

    async def request(self, request: Any, limit: float | None = None) -> Any:
        """Send it and return the answer, within `limit` seconds of silence."""
        if not self.is_up:
            raise ConnectionDown(self._reason, cause=self._cause)
        self.in_flight += 1
        try:
            return await self._exchange(request, limit or self._limits.answer)
        finally:
            self.in_flight -= 1

    async def _exchange(self, request: Any, limit: float) -> Any:
        try:
            future = self._sender.send(request)
        except ConnectionError as error:
            raise ConnectionDown(self._reason, cause=error) from None
        try:
            await self._await(future, limit)
        finally:
            # Cancelled, or looked at: an error nobody waits for any more is no news.
            if not future.cancel() and not future.cancelled():
                future.exception()
        if future.done() and not future.cancelled():
            refused = future.exception()
            if refused is None:
                return future.result()
            if isinstance(refused, RPCError):
                raise refused
            self._cause = self._cause or refused
        raise ConnectionDown(self._reason, cause=self._cause)

    async def _await(self, future: Any, limit: float) -> None:
        """Wait for the answer or the end of the line; silence beyond the limit is the end."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        while True:
            left = max(since, self._heard) + limit - loop.time()
            if left <= 0:
                break
            done, _ = await asyncio.wait(
                (future, self._ended), timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                return
        self._reason = f"Telegram ({self.address}) was silent for {limit:.0f} s"
        self._cause = None
        self._hang_up()

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
        if self._pings is not None:
            self._pings.cancel()
            self._pings = None

    def _hang_up(self) -> asyncio.Task[None]:
        """End it from here; the sender is cleared away in the background."""
        self._end()
        if self._closing is None:
            self._closing = asyncio.create_task(self._sender.disconnect())
            _CLOSING.add(self._closing)
            self._closing.add_done_callback(_CLOSING.discard)
        return self._closing

    def _on_down(self, future: asyncio.Future[None]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._cause = self._cause or error
        self._end()

    def _sign_of_life(self) -> None:
        self._heard = asyncio.get_running_loop().time()

    async def _keep_alive(self) -> None:
        """Ping a line that is silent; hang up when even that is not answered."""
        loop = asyncio.get_running_loop()
        delay = int(self._limits.idle + self._limits.pong) + 15
        while not self._ended.done():
            silent = loop.time() - self._heard
            if self.in_flight or silent < self._limits.idle:
                await asyncio.sleep(max(self._limits.idle - silent, 1.0))
                continue
            number = int.from_bytes(os.urandom(7), "little")
            try:
                # Telegram closes the connection itself when no further ping comes within `delay`.
                await self._exchange(
                    functions.PingDelayDisconnectRequest(number, delay), self._limits.pong
                )
            except ConnectionDown:
                return

    async def close(self) -> None:
        """End it; whoever waits for an answer gets LineDown. Safe to call twice."""
        await asyncio.shield(self._hang_up())


async def all_closed() -> None:
    """Wait until every connection that was hung up is cleared away."""
    if _CLOSING:
        await asyncio.wait(_CLOSING)


def introduction(api_id: int) -> Any:
    """Who we are, for the first request of a connection."""
    system = platform.uname()
    return functions.InitConnectionRequest(
        api_id=api_id,
        device_model=f"Telespool on {system.node}"[:64],
        system_version=f"{system.system} {system.release}"[:64],
        app_version=__version__,
        lang_code="en",
        system_lang_code="en",
        lang_pack="",
        query=functions.help.GetConfigRequest(),
    )
