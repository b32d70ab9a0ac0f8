"""inbox/ → incoming/: claim what people dropped, as soon as nobody writes to it any more.

Events are only hints; the folder is looked through at the start, whenever something rings, and every `inbox.rescan`
seconds. Each chat of the configuration has a subfolder, made at the start. What is left where it lies is named in the
log once, with the reason.

An archive in volumes is claimed when it is complete: names tell gaps, and whether the last one is there is asked of
7-Zip, in place. A volume that is missing is waited for with growing gaps; after `archives.volume_wait` the set is claimed
as it is, and its refusal names what was missing.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.archives import passwords, volumes
from telespool.errors import TelespoolError, VolumeMissing
from telespool.pipeline.drops import Drop, StabilityTracker, find
from telespool.pipeline.worker import Worker, log
from telespool.runtime.cancellation import in_thread
from telespool.spool.names import DEFAULT_CHAT, password_for

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.archives.engine import Engine
    from telespool.pipeline.drops import Signature
    from telespool.pipeline.worker import WorkerContext
    from telespool.runtime.fs_watcher import FolderWatcher

_SHORTEST = 0.05
_FIRST_GAP = 5.0
_LONGEST_GAP = 600.0


@dataclass(slots=True)
class _Incomplete:
    """A set of volumes that lacks one: how it looked, when it is looked at again, and after what gap."""

    signature: Signature
    again: float
    gap: float


class Inbox(Worker):
    """Claims drops."""

    name = "inbox"
    hears = ("inbox",)

    def __init__(
        self, house: WorkerContext, watching: FolderWatcher, engine: Engine | None = None
    ) -> None:
        super().__init__(house)
        self.watching = watching
        self.engine = engine
        self.pending = 0
        """Drops that will be claimed by themselves once they have settled."""
        self._settling = StabilityTracker(self.config.inbox.settle)
        self._named: set[tuple[Path, str]] = set()
        self._incomplete: dict[Path, _Incomplete] = {}

    async def step(self) -> float:
        """Claim every drop that has settled."""
        await in_thread(self.watching.check)
        settled, pause = await in_thread(self._look)
        for drop in settled:
            self.alive()
            wait = await self._wait_for_volumes(drop)
            if wait > 0:
                pause = min(pause, wait)
            else:
                await in_thread(self._claim, drop)
        return pause

    def _look(self) -> tuple[list[Drop], float]:
        """The drops that have settled, and the seconds until the next one may have."""
        self._make_subfolders()
        settings = self.config.inbox
        pause, pending, there, settled = float(settings.rescan), 0, set(), []
        for drop in find(self.spool.inbox, self.config.chats, settings.ignore):
            there.add(drop.path)
            if drop.obstacle:
                self._name(drop.path, drop.obstacle)
                continue
            wait = self._settling.wait(drop)
            if drop.open_for_writing:
                pause = min(pause, max(settings.settle, _SHORTEST))
            elif wait > 0:
                pending += 1
                pause = min(pause, max(wait, _SHORTEST))
            else:
                settled.append(drop)
        self._settling.forget(there)
        self._named = {(path, sentence) for path, sentence in self._named if path in there}
        self._incomplete = {path: each for path, each in self._incomplete.items() if path in there}
        self.pending = pending
        return settled, pause

    async def _wait_for_volumes(self, drop: Drop) -> float:
        """Seconds to wait before looking whether all volumes are there; 0 when they are, or long enough waited."""
        if not await in_thread(_may_lack, drop):
            return 0.0
        known = self._incomplete.get(drop.path)
        now = time.monotonic()
        if known is not None and known.signature == drop.signature and now < known.again:
            return known.again - now
        missing = await self._missing(drop)
        if not missing or self.spool.clock() - drop.changed > self.config.archives.volume_wait:
            self._incomplete.pop(drop.path, None)
            return 0.0
        self._name(drop.path, f"{missing} It is waited for.")
        gap = _FIRST_GAP
        if known is not None and known.signature == drop.signature:
            gap = min(known.gap * 2, _LONGEST_GAP)
        self._incomplete[drop.path] = _Incomplete(drop.signature, now + gap, gap)
        return gap

    async def _missing(self, drop: Drop) -> str:
        """A sentence that names the missing volume; empty when none is, or when nobody can tell."""
        if drop.missing:
            return f"{drop.path.name} lacks {volumes.some(drop.missing)}."
        if self.engine is None:
            return ""
        files = [path for path in drop.beside if password_for(path.name) is not None]
        try:
            words = [word for path in files for word in await in_thread(passwords.read, path)]
            await self.engine.open(drop.path, words)
        except VolumeMissing as error:
            return error.reason
        except (TelespoolError, OSError):
            pass  # what is wrong with it is told when it is unpacked
        return ""

    def _claim(self, drop: Drop) -> None:
        try:
            entry = self.spool.claim(drop.path, drop.chat, drop.beside)
        except FileNotFoundError:
            return  # a person took it back
        except PermissionError as error:
            # It may be another's; everybody else's drops need not wait for them.
            self._name(
                drop.path,
                f"{error.filename or drop.path} may not be read or moved by Telespool. Let the group do it:"
                f" chmod -R g+rwX {shlex.quote(str(drop.path))}",
            )
            return
        log.info("claimed", job=entry.job, unit=str(entry.unit), chat=drop.chat)

    def _make_subfolders(self) -> None:
        for chat in self.config.chats:
            if chat != DEFAULT_CHAT:
                (self.spool.inbox / chat).mkdir(parents=True, exist_ok=True)
        self.spool.inbox.mkdir(parents=True, exist_ok=True)

    def _name(self, path: Path, sentence: str) -> None:
        if (path, sentence) not in self._named:
            self._named.add((path, sentence))
            log.warning("left in the inbox", file=path.name, reason=sentence)


def _may_lack(drop: Drop) -> bool:
    """Whether a volume of this drop may still have to come."""
    with contextlib.suppress(OSError):
        return volumes.may_be(drop.path.name) and volumes.may_lack(drop.path)
    return False
