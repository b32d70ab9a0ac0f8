"""The window into the daemon: who asks is answered, if it may read the spool, and believes only the daemon."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from telespool.observe import control_client
from telespool.observe.control_socket import opened
from tests.harness import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_LOOK = "import sys; from pathlib import Path; from telespool.observe.control_client import look; print(look(Path(sys.argv[1]), int(sys.argv[2])))"


async def tell() -> dict[str, Any]:
    """What is under way."""
    return {"unpacking": "holiday.zip"}


async def asked(root: Path, holder: int) -> str:
    """What another process is told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LOOK, root, str(holder)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return said.decode().strip()


async def test_an_answer(tmp_path: Path) -> None:
    """Another process is told what is under way; a link to the spool leads to the same window."""
    (tmp_path / "spool").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "spool")
    async with opened(tmp_path / "spool", {"look": tell}):
        assert await asked(tmp_path / "link", os.getpid()) == "{'unpacking': 'holiday.zip'}"
        unknown = await asyncio.to_thread(
            control_client.look, tmp_path / "spool", os.getpid(), "what else?"
        )
        assert unknown is None
    assert await asked(tmp_path / "spool", os.getpid()) == "None"


async def test_only_the_daemon_is_believed(tmp_path: Path) -> None:
    """An answer of a process that does not hold the lock counts for nothing."""
    async with opened(tmp_path, {"look": tell}):
        assert await asked(tmp_path, os.getppid()) == "None"


async def test_strangers_are_not_told(tmp_path: Path) -> None:
    """A user who cannot read the spool learns nothing of it; a member of its group does."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    tmp_path.chmod(0o755)
    os.chown(tmp_path, 0, 54321)
    as_stranger: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []}
    as_member = as_stranger | {"extra_groups": [54321]}
    script = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(bytes.fromhex(sys.argv[1]));"
        "s.sendall(b'look\\n'); print(s.recv(99).decode())"
    )
    # Not our own Python, which may lie where others cannot look.
    command = ["/usr/bin/python3", "-c", script, control_client.address(tmp_path).encode().hex()]
    async with opened(tmp_path, {"look": tell}):
        for who, told in ((as_stranger, ""), (as_member, '{"unpacking": "holiday.zip"}')):
            process = await asyncio.create_subprocess_exec(
                *command, stdout=subprocess.PIPE, cwd="/", **who
            )
            said, _ = await process.communicate()
            assert said.decode().strip() == told


async def test_a_window_that_cannot_be_opened(tmp_path: Path) -> None:
    """Where another process has taken the name, the daemon works without a window."""
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(control_client.address(tmp_path))
        async with opened(tmp_path, {"look": tell}):
            pass


async def test_the_end_leaves_no_connection(tmp_path: Path) -> None:
    """Who is being answered when the daemon ends is answered; whoever says nothing, or waits too long, is let go."""
    asked_for, finished = asyncio.Event(), asyncio.Event()

    async def soon() -> dict[str, Any]:
        asked_for.set()
        await finished.wait()
        return {"told": "yes"}

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    name = control_client.address(tmp_path)
    lines = [connected(name, said) for said in ("soon\n", "never\n", "")]
    async with opened(tmp_path, {"soon": soon, "never": never}):
        connections = [await line for line in lines]
        await asked_for.wait()
        asyncio.get_running_loop().call_soon(finished.set)
    ends = [await reader.read() for reader, _ in connections]
    assert ends == [b'{"told": "yes"}', b"", b""]
    for _, writer in connections:
        writer.close()
        await writer.wait_closed()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not others


async def connected(name: str, said: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection over which this was said."""
    reader, writer = await asyncio.open_unix_connection(name)
    writer.write(said.encode())
    return reader, writer
