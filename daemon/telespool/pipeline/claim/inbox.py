"""inbox/ → incoming/: claim what people dropped, as soon as nobody writes to it any more.

Events are only hints; the folder is scanned at the start, whenever something rings, and every `inbox.rescan`
seconds. Each chat of the configuration has a subfolder, made at the start. What is left where it lies is named in the
log once, with the reason.

Loose photos and videos of one moment are one job, in natural order, and so are the archives among which one export was
spread; other drops of one moment are claimed in natural order. A drop that cannot be claimed holds up nobody: it is
named, also by `telespool status`, and the others go on.

An archive in volumes is claimed when it is complete: names tell gaps, and whether the last one is there is asked of
7-Zip, in place. A volume that is missing is waited for with growing gaps; after `archives.volume_wait` the set is
claimed as it is, and its refusal names what was missing.
"""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.archives import volumes
from telespool.archives.endings import lacks_end
from telespool.errors import NoRoom, Permanent
from telespool.pipeline.claim.copy_taking import CopyTaking, together_as
from telespool.pipeline.claim.drop import CAPTION_ALONE
from telespool.pipeline.claim.stability import StabilityTracker
from telespool.pipeline.claim.volume_wait import (
    may_lack,
    missing_volume,
    no_end,
    still_written,
    waited,
)
from telespool.pipeline.claim.watched import WatchedFolders
from telespool.pipeline.worker import Worker, log
from telespool.runtime.cancellation import in_thread
from telespool.runtime.waits import Wait
from telespool.runtime.write_signs import WriteSigns
from telespool.spool.closed_inbox import not_taken
from telespool.spool.natural_order import natural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from watchdog.events import FileSystemEvent

    from telespool.archives.engine import Engine
    from telespool.pipeline.claim.drop import Drop, Signature
    from telespool.pipeline.worker import WorkerContext
    from telespool.runtime.fs_watcher import FolderWatcher
    from telespool.spool.layout import Entry

_SHORTEST = 0.05
_FIRST_GAP = 5.0
_LONGEST_GAP = 600.0
_CLOSED_AGAIN = 5.0  # seconds: that a folder may be read again need not ring
_ITS_OWN = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EBUSY,
    errno.ETXTBSY,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.EINVAL,
    errno.ENOTDIR,
    errno.EISDIR,
}


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
        self, context: WorkerContext, watching: FolderWatcher, engine: Engine | None = None
    ) -> None:
        super().__init__(context)
        self.watching = watching
        self.engine = engine
        self.pending = 0
        """Drops that will be claimed by themselves once they have settled."""
        self._settling = StabilityTracker(self.config.inbox.settle)
        self._signs = WriteSigns()
        watching.heard = self._heard
        others = [f"{self.hears[0]} {chat}" for chat in self.config.inbox.folders]
        self.wakeup = context.wakeups.listen((*self.hears, *others))
        self._copying = CopyTaking(self.spool, self.config.inbox)
        self._folders = WatchedFolders(self.spool, self.config)
        self._named: dict[Path, tuple[str, str]] = {}
        self._closed: set[Path] = set()
        self._incomplete: dict[Path, _Incomplete] = {}

    async def step(self) -> float:
        """Claim every drop that has settled."""
        await in_thread(self.watching.check)
        settled, pause = await in_thread(self._look)
        settled.sort(key=lambda drops: natural(drops[0].path.name))
        for drops in settled:
            self.alive()
            complete, soon = [], False
            for drop in drops:
                wait = await self._wait_for_volumes(drop) if _may_wait(drop, drops) else 0.0
                if wait > 0:
                    pause = min(pause, wait)
                    soon = soon or wait <= self.config.inbox.settle
                else:
                    complete.append(drop)
            if soon and drops[0].export:
                continue  # the others of its export wait for as long as one may still be sent
            if not all(drop.caption for drop in complete):
                await in_thread(self._claim, complete)
        return pause

    def _look(self) -> tuple[list[list[Drop]], float]:
        """The drops that have settled, as jobs, and the seconds until the next one may have."""
        self._folders.make()
        self._folders.sort_out_notes()
        pause, pending, there, settled = float(self.config.inbox.rescan), 0, set(), []
        closed = set()
        loose: dict[str, list[tuple[Drop, float]]] = {}
        exports: dict[tuple[Path, str], list[tuple[Drop, float]]] = {}
        for drop in self._folders.find(self._signs):
            there.add(drop.path)
            if drop.closed:
                closed.add(drop.path)
                pause = min(pause, _CLOSED_AGAIN)
            if drop.obstacle:
                self._name(drop, drop.obstacle)
                continue
            if self._copying.copies(drop) and not self._copying.untaken(drop):
                continue
            wait = self._settling.wait(drop)
            if drop.open_for_writing:
                # Where no event tells of its end, look again.
                pause = min(pause, max(self.config.inbox.settle, _SHORTEST))
                wait = float("inf")
            elif wait > 0:
                pending += 1
                pause = min(pause, max(wait, _SHORTEST))
            if drop.loose:
                loose.setdefault(drop.place, []).append((drop, wait))
            elif drop.export or wait <= 0:
                whole = (drop.path.parent if drop.export else drop.path, drop.export)
                exports.setdefault(whole, []).append((drop, wait))
        for files in loose.values():
            if all(drop.caption for drop, _ in files):
                self._name(files[0][0], CAPTION_ALONE)
                continue
            jobs, wait = self._settling.together(files)
            # The caption is last: a job is called like the first of its files.
            jobs = [sorted(job, key=lambda drop: drop.caption) for job in jobs]
            jobs = [job for job in jobs if not job[0].caption]
            settled += jobs
            if not jobs and any(ready <= 0 for _, ready in files):
                pending += 1
                pause = min(pause, max(wait, _SHORTEST))
        self._forget(there)
        if self._closed - closed:  # what was closed as it was watched rings nobody
            self.watching.renew(self.hears[0])
        self._closed = closed
        self.pending = pending
        settled += [job for each in exports.values() for job in self._whole_export(each)]
        return settled, pause

    def _whole_export(self, archives: Sequence[tuple[Drop, float]]) -> list[list[Drop]]:
        """The archives of one export (or a drop by itself) as one job, once none of them is on its way any more."""
        jobs, _ = self._settling.together(archives, float(self.config.archives.volume_wait))
        written = [drop.path.name for drop, _ in archives if drop.open_for_writing]
        for drop, wait in archives if written and not jobs else ():
            if wait <= 0:
                self._name(drop, still_written(drop, written))
        self.pending += not jobs and any(wait <= 0 for _, wait in archives)
        return jobs

    def _forget(self, there: set[Path]) -> None:
        """Drop what is known of what is no longer in the inbox."""
        self._settling.forget(there)
        self._signs.forget({str(path) for path in there})
        self._incomplete = {path: each for path, each in self._incomplete.items() if path in there}
        for path in self._named.keys() - there:
            _, whom = self._named.pop(path)
            self.context.activity.waits.end(self.name, whom)

    def _heard(self, name: str, event: FileSystemEvent) -> None:
        if name.startswith(self.hears[0]):
            self._signs.heard(event)

    async def _wait_for_volumes(self, drop: Drop) -> float:
        """Seconds to wait before looking whether all volumes are there; 0 when they are, or long enough waited."""
        if not await in_thread(may_lack, drop):
            return await self._wait_for_end(drop)
        known = self._incomplete.get(drop.path)
        now = time.monotonic()
        if known is not None and known.signature == drop.signature and now < known.again:
            return known.again - now
        missing = await missing_volume(drop, self.engine)
        if not missing or self.spool.clock() - drop.changed > self.config.archives.volume_wait:
            self._incomplete.pop(drop.path, None)
            return 0.0
        self._name(drop, waited(missing, self.config.archives.volume_wait))
        gap = _FIRST_GAP
        if known is not None and known.signature == drop.signature:
            gap = min(known.gap * 2, _LONGEST_GAP)
        self._incomplete[drop.path] = _Incomplete(drop.signature, now + gap, gap)
        return gap

    async def _wait_for_end(self, drop: Drop) -> float:
        """Seconds to wait for the end of an archive that may still be written.

        Where the kernel tells that nobody writes it, for the settling time: a sender that resumes has closed it as
        well.
        """
        try:
            if not await in_thread(lacks_end, drop.path):
                return 0.0
        except OSError:
            return 0.0  # whoever takes it says why it cannot be read
        longest = self.config.inbox.settle if drop.swift else self.config.archives.volume_wait
        left = drop.changed + longest - self.spool.clock()
        if not 0.0 < left <= longest:  # a time that is yet to come says nothing
            return 0.0
        if drop.swift:
            self.pending += 1
            return left
        self._name(drop, waited(no_end(drop), longest))
        return min(left, _LONGEST_GAP)

    def _claim(self, drops: Sequence[Drop]) -> None:
        """Make one job of these. What cannot be claimed is named and left; of several, the others are claimed alone."""
        drop = drops[0]
        try:
            entry = self._take(drops)
        except FileNotFoundError:
            return  # a person took it back, or it is being changed
        except (NoRoom, Permanent, OSError) as error:
            # What the kernel refuses is this drop's; so is room for the copy that one needs that cannot be moved.
            if isinstance(error, OSError) and not self._concerns_drop(error):
                raise
            if len(drops) > 1:
                for each in drops:
                    if not each.caption:
                        self._claim([each])
                return
            self._name(
                drop,
                not_taken(drop.path, error) if isinstance(error, OSError) else error.reason,
            )
            if isinstance(error, NoRoom):
                wait = Wait(error.reason, scope="drop", whom=drop.path.name, kind=error.kind)
                self.context.activity.waits.begin(self.name, wait)
            return
        self.context.activity.waits.end(self.name, drop.path.name)
        log.info(
            "drop.claimed", job=entry.job, unit=str(entry.unit), chat=drop.chat, files=len(drops)
        )

    def _take(self, drops: Sequence[Drop]) -> Entry:
        drop = drops[0]
        if self._copying.copies(drop):
            return self._copying.take(drops)
        if len(drops) == 1:
            return self.spool.claim(drop.path, drop.chat, drop.beside, topic=drop.topic)
        others = [*drop.beside, *(path for each in drops[1:] for path in (each.path, *each.beside))]
        together = together_as(drops)
        return self.spool.claim(drop.path, drop.chat, others, together=together, topic=drop.topic)

    def _concerns_drop(self, error: OSError) -> bool:
        """Whether the kernel refuses this drop and not the spool: then nobody else need wait for it."""
        if error.errno not in _ITS_OWN:
            return False
        return error.errno != errno.EROFS or not os.statvfs(self.spool.root).f_flag & os.ST_RDONLY

    def _name(self, drop: Drop, sentence: str) -> None:
        """Say once, and as long as it lasts to `telespool status`, why something is left in the inbox."""
        path, inbox = drop.path, self.spool.inbox
        if self._named.get(path, ("",))[0] == sentence:
            return
        if path.is_relative_to(inbox):
            whom = str("inbox" / path.relative_to(inbox))
            wait = Wait(sentence, scope="unit", whom=whom, kind="person")
        else:
            whom = f"{path} (chat {drop.chat})"
            wait = Wait(sentence, scope="drop", whom=whom, kind="person")
        self._named[path] = sentence, whom
        self.context.activity.waits.begin(self.name, wait)
        log.warning("drop.left", file=path.name, reason=sentence)


def _may_wait(drop: Drop, together: Sequence[Drop]) -> bool:
    """Whether it must be asked what is still to come of a drop; of many photos only for what may be a piece."""
    return len(together) == 1 or bool(drop.export) or volumes.may_be(drop.path.name)
