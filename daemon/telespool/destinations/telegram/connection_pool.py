"""The connections that carry the parts of files, and nothing else.

One to eight of them, four where nothing else is configured, opened when there are parts to send and kept open. That is
what official clients open for uploads: TDLib (NetQueryDispatcher.cpp) four for an account without Premium whose home is
data centre 2 or 4, and eight for all others; Telegram Desktop (storage/file_upload.cpp, kMaxSessionsCount) one that
grows to eight. They go where the main connection goes, to a
regular address of the home data centre, as the uploads of TDLib and Telegram Desktop do: media-only addresses are
theirs for downloads. They carry only `upload.*`: a login that is seen with other requests on two connections may be
ended (AUTH_KEY_DUPLICATED). Each part takes the line with the
least on it. What breaks is replaced; where Telegram has enough of them (transport error 429), fewer are used.

What leaves `send`: `Refusal`, `Temporary`, `LoginNeeded`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from telethon.errors import RPCError

from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.connection import Connection, ConnectionDown
from telespool.destinations.telegram.error_table import Action
from telespool.destinations.telegram.rpc import flooded, method_of
from telespool.errors import Temporary

if TYPE_CHECKING:
    from telespool.destinations.telegram.flood_waits import FloodWaits
    from telespool.destinations.telegram.flow_control import FlowControl
    from telespool.destinations.telegram.rpc import RetryPolicy, RpcClient

_log = structlog.get_logger()
_REST = 30.0  # seconds before another is tried after one could not be opened
_FEWER = 600.0  # seconds for which a connection too many is done without
_NEIGHBOUR = 0.3  # seconds a part waits for a line that is being opened


class ConnectionPool:
    """The open ones, and those that are being opened."""

    def __init__(
        self,
        caller: RpcClient,
        floods: FloodWaits,
        window: FlowControl,
        patience: RetryPolicy,
        *,
        count: int,
        part_timeout: float,
    ) -> None:
        self._caller = caller
        self._floods = floods
        self._window = window
        self._patience = patience
        self._count = count
        self._throttled: list[float] = []  # when Telegram last said that there are too many
        self._part_timeout = part_timeout
        self._lines: list[Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._not_before = 0.0

    def __len__(self) -> int:
        return sum(line.is_up for line in self._lines)

    @property
    def allowed(self) -> int:
        """How many there may be: as configured, and one less for each time Telegram had enough of them."""
        now = asyncio.get_running_loop().time()
        self._throttled = [when for when in self._throttled if now - when < _FEWER]
        return max(1, self._count - len(self._throttled))

    async def send(self, request: Any, subject: int = 0, tries: int | None = None) -> float:
        """Send one part (of the item with this key) until it is acknowledged; how many seconds the last attempt took.

        `tries` is how often it is tried while it brings trouble; by default, as patience says.
        """
        loop = asyncio.get_running_loop()
        method = method_of(request)
        health = self._caller.health
        first = loop.time()
        trouble = 0
        while True:
            await self._floods.passage(method)
            line: Connection | None = None
            try:
                line = await self._pick()
                began = loop.time()
                if await line.request(request, self._part_timeout) is True:
                    health.passed(method, subject)
                    return loop.time() - began
                refusal = error_mapping.Refusal(
                    "RPC_CALL_FAIL"
                )  # boolFalse: not stored, nobody says why
            except RPCError as error:
                refusal = error_mapping.read(error)
            except ConnectionDown as down:
                self._broken(down)
                refusal, reason = None, down
                trouble += line is None  # none at all could be had: that is tried half as often
            if refusal is not None and await flooded(self._floods, refusal, method, None):
                self._window.shrink()
                continue
            trouble += 1
            if refusal is not None and refusal.action not in _AGAIN:
                raise refusal
            if refusal is not None and refusal.is_trouble:
                health.failed(method, subject)
            if trouble >= (tries or self._caller.tries(method, subject, first)):
                raise refusal or Temporary(reason.sentence, scope="all")
            if refusal is not None and line is not None and refusal.action in _ELSEWHERE:
                await line.close()
            await asyncio.sleep(self._patience.before(trouble))

    async def _pick(self) -> Connection:
        """The line with the least on it, opening more while all are busy."""
        while True:
            self._lines = [line for line in self._lines if line.is_up]
            best = min(self._lines, key=_load, default=None)
            if best is not None and best.in_flight == 0:
                return best
            rests = best is not None and asyncio.get_running_loop().time() < self._not_before
            if len(self._lines) + len(self._opening) < self.allowed and not rests:
                self._begin()
            if not self._opening:
                if best is None:
                    raise ConnectionDown("there is no connection")
                return best
            opened, _ = await asyncio.wait(
                self._opening,
                timeout=None if best is None else _NEIGHBOUR,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if best is not None and not opened and best.is_up:
                return best
            if not any(line.is_up for line in self._lines):
                for task in opened:
                    task.result()

    def _begin(self) -> None:
        task = asyncio.create_task(self._open(), name="open a line for parts")
        self._opening.add(task)
        task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        self._not_before = asyncio.get_running_loop().time() + _REST
        error = task.exception()
        if isinstance(error, ConnectionDown):
            self._broken(error)
        if self._lines:
            _log.info("connection.dropped", reason=str(error), lines=len(self._lines))

    def _broken(self, down: ConnectionDown) -> None:
        self._window.shrink()
        now = asyncio.get_running_loop().time()
        # One refusal is heard of by all parts that were on that line.
        if down.throttled and (not self._throttled or now - self._throttled[-1] > 1.0):
            self._throttled.append(now)

    async def _open(self) -> None:
        line = self._caller.another(await self._caller.door())
        try:
            await line.open()
        except RPCError as error:
            raise error_mapping.read(error) from None
        self._lines.append(line)

    async def close(self) -> None:
        """Close all of them; safe to call twice."""
        for task in list(self._opening):
            task.cancel()
        if self._opening:
            await asyncio.wait(self._opening)
        lines, self._lines = self._lines, []
        for line in lines:
            await line.close()


_ELSEWHERE = {Action.RECONNECT}
_AGAIN = {Action.RETRY, Action.RECONNECT, Action.UNKNOWN}


def _load(line: Connection) -> int:
    return line.in_flight
