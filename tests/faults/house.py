"""The real daemon in this process, over a chat that keeps its messages, with files of a few bytes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from telespool.config.schema import (
    Bytes,
    Config,
    InboxSettings,
    Seconds,
    SendSettings,
    SpoolSettings,
)
from telespool.service.service import Service
from telespool.spool.layout import WORKING
from tests.crash.chat import Chat
from tests.crash.disks import DyingDisk
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

PATIENCE = 30.0


def config(root: Path, *, inbox: Path | None = None, reserve: int = 0, **of_inbox: Any) -> Config:
    """Everything as it comes, but quick."""
    settings = {"settle": Seconds(0.05), "rescan": Seconds(0.2)} | of_inbox
    return Config(
        chats={"default": "me", "family": "@family"},
        spool=SpoolSettings(root=root, inbox=inbox, reserve=Bytes(reserve)),
        inbox=InboxSettings(**settings),
        send=SendSettings(retry_min=Seconds(0.1), retry_max=Seconds(0.1)),
    )


class House:
    """A daemon and what has arrived."""

    def __init__(self, settings: Config, chat: Chat | None = None) -> None:
        self.chat = chat or Chat(DyingDisk())
        self.service = Service(settings, self.chat)
        self.spool = self.service.spool

    @property
    def arrived(self) -> list[bytes]:
        """The contents of all messages."""
        return [message.data for message in self.chat.messages]

    def lying(self, folder: str) -> list[str]:
        """The files of a folder below its jobs, by name."""
        found = (self.spool.root / folder).glob("*/*")
        return sorted(path.name for path in found)

    @property
    def idle(self) -> bool:
        """Whether nothing of ours lies in a working folder."""
        return not any(self.spool.occupied(folder) for folder in WORKING)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something has come true."""
        async with asyncio.timeout(longest(PATIENCE)):
            while not true():
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(settings: Config, chat: Chat | None = None) -> AsyncIterator[House]:
    """A house whose daemon runs; its end must be clean."""
    house = House(settings, chat)
    task = asyncio.ensure_future(house.service.run())
    try:
        await house.until(lambda: task.done() or house.service.workers)
        if task.done():
            task.result()
        yield house
        if task.done():
            task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
