"""What systemd hears from the service, on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from telespool.runtime.liveness import Liveness
from telespool.service.sd_notify import SdNotify
from telespool.service.watchdog import Watchdog
from tests.patience import longest
from tests.sockets import short_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A manager that wants to hear something every 90 ms."""
    monkeypatch.setenv("WATCHDOG_USEC", "90000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    with short_folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(folder / "notify"))
        listening.setblocking(False)
        yield listening


@contextlib.asynccontextmanager
async def keeping(supervision: Watchdog) -> AsyncIterator[None]:
    """Let it speak while the block lasts."""
    task = asyncio.create_task(supervision.keep())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def hears(manager: socket.socket, what: str) -> list[str]:
    """Listen until this is said; all that was said until then."""
    loop = asyncio.get_running_loop()
    said: list[str] = []
    async with asyncio.timeout(longest(20)):
        while not said or what not in said[-1]:
            said.append((await loop.sock_recv(manager, 4096)).decode())
    return said


async def test_ready_is_said_after_the_first_round(manager: socket.socket) -> None:
    """Not before the worker that is waited for has rested; then once, with the line of the moment."""
    heartbeat, line = Liveness(), ["starting"]
    supervision = Watchdog(SdNotify(manager.getsockname()), heartbeat, lambda: line[0])
    async with keeping(supervision):
        assert not any("READY" in each for each in await hears(manager, "WATCHDOG=1"))
        heartbeat.rest("inbox")
        assert not any("READY" in each for each in await hears(manager, "WATCHDOG=1"))
        line[0] = "idle"
        supervision.ready_when_rested("inbox")
        assert (await hears(manager, "READY"))[-1] == "READY=1\nSTATUS=idle"
        line[0] = "uploading"
        assert "READY" not in (await hears(manager, "STATUS=uploading"))[-1]


async def test_a_hung_worker_is_told_with_its_stack_and_ends_the_process(
    manager: socket.socket,
) -> None:
    """The manager is asked to act at once; the log has the place down to the innermost await."""

    async def stuck_in_the_middle() -> None:
        await asyncio.Event().wait()

    async def step() -> None:
        await stuck_in_the_middle()

    heartbeat = Liveness(patience=0.05)
    task = asyncio.create_task(step(), name="uploader")
    with capture_logs() as logs:
        heartbeat.beat("uploader")
        async with keeping(Watchdog(SdNotify(manager.getsockname()), heartbeat, str)):
            await hears(manager, "WATCHDOG=trigger")
            await hears(manager, "WATCHDOG=trigger")
    task.cancel()
    (hung,) = [each for each in logs if each["event"] == "worker.hung"]
    assert hung["worker"] == "uploader"
    stack = hung["stack"]
    assert stack.index("in step") < stack.index("in stuck_in_the_middle") < stack.index("in wait")


async def test_an_excused_worker_is_not_hung(manager: socket.socket) -> None:
    """Who waits for a child with a time limit is left in peace."""
    heartbeat = Liveness(patience=0.0)
    heartbeat.beat("converter")
    notify = SdNotify(manager.getsockname())
    async with keeping(Watchdog(notify, heartbeat, str, lambda: ["converter"])):
        assert not any("trigger" in each for each in await hears(manager, "WATCHDOG=1"))
