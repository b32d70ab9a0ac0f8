"""Ask a running daemon over its control socket (`observe/control_socket.py`).

    activity = look(root, holder)          # `telespool status`, blocking, a few milliseconds

Who asks believes an answer only from the process that holds the spool's lock. Nothing is raised: without an answer the
folders still say what they say. Imports little, because `status` must start at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 1.0
_PEER = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)


def address(root: Path) -> str:
    """Return the socket's name in the abstract namespace."""
    digest = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()
    return f"\0telespool/{digest[:32]}"


def peer(channel: socket.socket) -> tuple[int, int, int]:
    """Return process, user and group of the peer."""
    data = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    process, user, group = _PEER.unpack(data)
    return process, user, group


def look(
    root: Path, holder: int, question: str = "look", patience: float = _PATIENCE
) -> dict[str, Any] | None:
    """Return the answer of the daemon with this process id; None without an answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(patience)
        try:
            channel.connect(address(root))
            process, _, _ = peer(channel)
            if process not in {holder, 0}:  # 0: it lives in a PID namespace that we cannot see into
                return None
            channel.sendall(f"{question}\n".encode())
            said = b"".join(iter(lambda: channel.recv(65536), b""))
            answer = json.loads(said)
        except (OSError, ValueError):
            return None
    return answer if isinstance(answer, dict) else None
