"""inbox/ → incoming/: claim what people dropped, as soon as nobody writes to it any more.

Events are only hints; the folder is looked through at the start, whenever something rings, and every `inbox.rescan`
seconds. Each chat of the configuration has a subfolder, made at the start. What is left where it lies is named in the
log once, with the reason.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemon.drops import DEFAULT_CHAT, Drop, Settling, find
from daemon.workers.base import Worker, log

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.watching import Watching
    from daemon.workers.base import House

_SHORTEST = 0.05


class Inbox(Worker):
    """Claims drops."""

    name = "inbox"
    hears = ("inbox",)

    def __init__(self, house: House, watching: Watching) -> None:
        super().__init__(house)
        self.watching = watching
        self.pending = 0
        """Drops that will be claimed by themselves once they have settled."""
        self._settling = Settling(self.config.inbox.settle)
        self._named: set[tuple[Path, str]] = set()

    async def step(self) -> float:
        """Claim every drop that has settled."""
        await asyncio.to_thread(self.watching.check)
        return await asyncio.to_thread(self._claim_all)

    def _claim_all(self) -> float:
        self._make_subfolders()
        settings = self.config.inbox
        pause, pending, there = float(settings.rescan), 0, set()
        for drop in list(find(self.spool.inbox, self.config.chats, settings.ignore)):
            there.add(drop.path)
            if drop.obstacle:
                self._name(drop)
                continue
            wait = self._settling.wait(drop)
            if drop.written_to:
                pause = min(pause, max(settings.settle, _SHORTEST))
            elif wait > 0:
                pending += 1
                pause = min(pause, max(wait, _SHORTEST))
            else:
                self._claim(drop)
        self._settling.forget(there)
        self._named = {(path, sentence) for path, sentence in self._named if path in there}
        self.pending = pending
        return pause

    def _claim(self, drop: Drop) -> None:
        try:
            entry = self.spool.claim(drop.path, drop.chat)
        except FileNotFoundError:
            return  # a person took it back
        log.info("claimed", job=entry.job, unit=str(entry.unit), chat=drop.chat)

    def _make_subfolders(self) -> None:
        for chat in self.config.chats:
            if chat != DEFAULT_CHAT:
                (self.spool.inbox / chat).mkdir(parents=True, exist_ok=True)
        self.spool.inbox.mkdir(parents=True, exist_ok=True)

    def _name(self, drop: Drop) -> None:
        if (drop.path, drop.obstacle) not in self._named:
            self._named.add((drop.path, drop.obstacle))
            log.warning("left in the inbox", file=drop.path.name, reason=drop.obstacle)
