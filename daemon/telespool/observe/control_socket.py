"""The control socket of the daemon: answers questions about what is under way and carries out orders.

    async with opened(root, {"look": tell}): ...     # `tell` is a coroutine function
    activity = glance.look(root, holder)              # in another process

A Unix socket in the abstract namespace, named after the spool: no file is left anywhere, nothing is written while
nobody looks, and it is gone with its process. Only root, the daemon's own user, and members of the spool's group are
answered. Nothing raises: a window that cannot be opened is no reason to stop working.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from typing import TYPE_CHECKING, Any

import structlog

from telespool.observe import control_client
from telespool.runtime.cancellation import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    Answer = Callable[[], Awaitable[dict[str, Any]]]
    Order = Callable[[str], Awaitable[dict[str, Any]]]

log = structlog.get_logger()

_LAST_ANSWERS = 1.0  # seconds
_SO_PEERGROUPS = 59  # asm-generic/socket.h; the module socket does not name it


@contextlib.asynccontextmanager
async def opened(
    root: Path, answers: Mapping[str, Answer], orders: Mapping[str, Order] | None = None
) -> AsyncIterator[None]:
    """Answer these questions, and carry out these orders (`NAME ARGUMENT`), while the `async with` lasts.

    What is asked when it ends has a second to be answered; then its connection is closed.
    """
    under_way: set[asyncio.Task[None]] = set()

    def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(answer(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, ValueError):
                line = (await reader.readline()).decode("ascii", "replace").strip()
                name, _, argument = line.partition(" ")
                tell, carry_out = answers.get(line), (orders or {}).get(name)
                asks = writer.get_extra_info("socket")
                allowed = await in_thread(may_look, asks, root)
                if allowed and (tell or carry_out):
                    said = await _said(
                        tell() if tell else carry_out(argument) if carry_out else None
                    )
                    writer.write(json.dumps(said).encode())
                    await writer.drain()
        finally:
            writer.close()

    try:
        server = await asyncio.start_unix_server(converse, control_client.address(root))
    except OSError:  # another process sits there, or there are no such sockets
        yield
        return
    try:
        yield
    finally:
        server.close()
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=_LAST_ANSWERS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _said(answering: Awaitable[dict[str, Any]] | None) -> dict[str, Any]:
    """The answer; what went wrong in finding it is one too, and no silence."""
    try:
        return await answering if answering is not None else {}
    except Exception as error:
        log.exception("order.failed", reason=str(error) or type(error).__name__)
        return {"error": str(error) or type(error).__name__}


def may_look(channel: socket.socket, root: Path) -> bool:
    """Return True if the peer may read the spool."""
    _, user, group = control_client.peer(channel)
    if user in {0, os.geteuid()}:
        return True
    data = channel.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 1024)
    groups = {group, *(number for (number,) in struct.iter_unpack("I", data))}
    return root.stat().st_gid in groups
