"""The window into a running daemon: what is under way, told to whoever asks at this moment.

    async with opened(root, {"look": tell}): ...     # the daemon; `tell` is a coroutine function
    activity = look(root, holder)                     # `telespool status`, blocking, a few milliseconds

A Unix socket in the abstract namespace, named after the spool: no file is left anywhere, nothing is written while
nobody looks, and it is gone with its process. Only root, the daemon's own user, and members of the spool's group are
answered; who asks believes an answer only from the process that holds the spool's lock. Nothing raises: without a
window the folders still say what they say.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    Answer = Callable[[], Awaitable[dict[str, Any]]]

_PATIENCE = 1.0
_PEER = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)
_SO_PEERGROUPS = 59  # asm-generic/socket.h; the module socket does not name it


def _address(root: Path) -> str:
    digest = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()
    return f"\0telespool/{digest[:32]}"


@contextlib.asynccontextmanager
async def opened(root: Path, answers: Mapping[str, Answer]) -> AsyncIterator[None]:
    """Answer whoever asks one of these questions while the `async with` lasts."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            tell = answers.get((await reader.readline()).decode("ascii", "replace").strip())
            if tell is not None and _may_look(writer.get_extra_info("socket"), root):
                writer.write(json.dumps(await tell()).encode())
                await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_unix_server(answer, _address(root))
    except OSError:  # another process sits there, or there are no such sockets
        yield
        return
    try:
        yield
    finally:
        server.close()


def look(
    root: Path, holder: int, question: str = "look", patience: float = _PATIENCE
) -> dict[str, Any] | None:
    """What the daemon with this process id answers; None where it does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(patience)
        try:
            channel.connect(_address(root))
            process, _, _ = _peer(channel)
            if process not in {holder, 0}:  # 0: it lives in a PID namespace that we cannot see into
                return None
            channel.sendall(f"{question}\n".encode())
            said = b"".join(iter(lambda: channel.recv(65536), b""))
            answer = json.loads(said)
        except (OSError, ValueError):
            return None
    return answer if isinstance(answer, dict) else None


def _peer(channel: socket.socket) -> tuple[int, int, int]:
    data = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    process, user, group = _PEER.unpack(data)
    return process, user, group


def _may_look(channel: socket.socket, root: Path) -> bool:
    _, user, group = _peer(channel)
    if user in {0, os.geteuid()}:
        return True
    data = channel.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 4096)
    groups = {group, *(number for (number,) in struct.iter_unpack("I", data))}
    return root.stat().st_gid in groups
