"""What every worker is: a loop that looks, does one thing, and looks again.

`step` does at most one thing and says how many seconds it may wait before it looks again (0: at once, there may
be more). Rings of the folders it listens to cut the wait short. A full or failing disk stops no worker: it says so
once, waits, and looks again. What a person took away under its hands is simply not there any more.

Cancellation is the only way to stop one; `step` cleans up behind itself and lets it through.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import errno
import os
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import structlog

from telespool.destinations.base import no_limit
from telespool.errors import TelespoolError, Unreadable
from telespool.observe.job_report import close_job
from telespool.pipeline.interruption import Interruption
from telespool.pipeline.progress_guard import LIMIT, ProgressGuard
from telespool.runtime.cancellation import in_thread, raise_if_cancelled
from telespool.runtime.liveness import Liveness
from telespool.spool.transition import claimed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from telespool.config.schema import Config
    from telespool.observe.progress import Activity
    from telespool.runtime.wakeups import WakeupBus
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

log = structlog.get_logger()

_WAIT_FOR_DISK = 10.0
_WAIT_AFTER_MISTAKE = 60.0
_DISK_TROUBLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk reports an error",
}


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@contextlib.contextmanager
def readable(entry: Entry) -> Iterator[None]:
    """Raise Unreadable where it is this unit that cannot be read: it waits by itself, and the disk is not to blame."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in _FULL:
            raise
        # Without a name it came out of read(2) itself.
        name = error.filename
        own = error.errno == errno.EIO if name is None else _is_below(name, entry.path)
        if not own:
            raise
        raise Unreadable(
            f"{entry.unit.label} cannot be read ({error.strerror}). Make it readable (chmod u+r), or see whether"
            " its disk is sound; it is tried again now and then."
        ) from error


def _is_below(name: str | bytes | int, path: Path) -> bool:
    return not isinstance(name, int) and Path(os.fsdecode(name)).is_relative_to(path)


class IdleTracker:
    """Who has nothing to do. `on_change` is called whenever a worker goes idle."""

    def __init__(self) -> None:
        self.busy: set[str] = set()
        self.on_change: Callable[[], None] = lambda: None

    def enter(self, name: str) -> None:
        """This worker looks, or works."""
        self.busy.add(name)

    def leave(self, name: str) -> None:
        """This worker found nothing to do."""
        self.busy.discard(name)
        self.on_change()


@dataclass(slots=True)
class WorkerContext:
    """What all workers share."""

    config: Config
    spool: Spool
    bells: WakeupBus
    activity: Activity
    heartbeat: Liveness = field(default_factory=Liveness)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a unit is being sent."""
    settled: IdleTracker = field(default_factory=IdleTracker)
    limit: Callable[[], Awaitable[int]] = no_limit
    """Bytes that one message may hold."""


class Worker(abc.ABC):
    """One transition of the spool, again and again."""

    name: ClassVar[str]
    hears: ClassVar[tuple[str, ...]]

    def __init__(self, house: WorkerContext) -> None:
        self.house = house
        self.spool = house.spool
        self.config = house.config
        self.bell = house.bells.listen(self.hears)
        self.guard = ProgressGuard(house.spool)
        self._trouble = ""
        self.interruption = Interruption()

    @abc.abstractmethod
    async def step(self) -> float:
        """Do one thing; seconds until the next look, 0 for at once."""

    def alive(self) -> None:
        """Give a sign of life; called whenever a long step gets further."""
        self.house.heartbeat.beat(self.name)

    def age(self, entry: Entry) -> float:
        """Seconds since the unit's job was claimed."""
        return max(0.0, self.spool.clock() - claimed(entry.job))

    def renumber(self, entry: Entry) -> Entry:
        """Give a unit another number, as its own belongs to another of the job; and say so. Blocks."""
        moved = self.spool.renumber(entry)
        log.warning(
            "renumbered",
            job=entry.job,
            unit=str(entry.unit),
            reason=f"{entry.unit.label} was moved to where another file has its number; Telegram would take it for"
            f" that one, so it is {moved.unit} now",
        )
        return moved

    async def run(self) -> None:
        """Work until cancelled."""
        self.house.settled.enter(self.name)
        while True:
            self.alive()
            self.bell.clear()
            try:
                pause = await self.interruption.guard(self._guarded_step)
                self._trouble = ""
            except OSError as error:
                raise_if_cancelled()
                pause = self._after(error)
            except TelespoolError:
                raise
            except Exception as error:  # noqa: BLE001 - a mistake of ours over one unit must not end the process
                raise_if_cancelled()
                pause = self._after_mistake(error)
            raise_if_cancelled()
            if pause > 0:
                if not self.bell.rung:
                    self.house.settled.leave(self.name)
                self.house.heartbeat.rest(self.name)
                await self.bell.wait(pause)
                self.house.settled.enter(self.name)

    async def _guarded_step(self) -> float:
        """Do one step, and see whether it moved its unit on; one that was broken off says nothing of that."""
        try:
            pause = await self.step()
        except BaseException:
            self.guard.forget()
            raise
        await self._check_progress()
        return pause

    async def _check_progress(self) -> None:
        """Stop a unit with which nothing happens: it goes to quarantine, and that is said.

        A mark of an attempt that is still there is taken back: the process did not die.
        """
        left = await in_thread(self.guard.end)
        if left is None:
            return
        entry, stuck = left
        if not stuck:
            if entry.unit.attempt and entry.folder != "deferred":
                await in_thread(self.spool.pause, entry)
            return
        reason = (
            f"{entry.unit.label} was worked on {LIMIT} times and nothing came of it. That is a mistake of Telespool,"
            " not of the file; please report it. To try again, move it back to"
            f" {'incoming' if entry.unit.first == 0 else 'uploading'}/."
        )
        log.error("unit.stuck", job=entry.job, unit=str(entry.unit.plain()), reason=reason)
        await in_thread(self.spool.quarantine, entry, reason)
        await in_thread(close_job, self.spool, entry.job)

    def _after_mistake(self, error: Exception) -> float:
        trouble = repr(error)
        if trouble != self._trouble:
            self._trouble = trouble
            log.error(
                "worker.failed",
                worker=self.name,
                reason=f"That is a mistake of Telespool: {trouble}. Please report it. It is tried again in a minute",
                traceback=traceback.format_exc(),
            )
        return _WAIT_AFTER_MISTAKE

    def _after(self, error: OSError) -> float:
        trouble = _DISK_TROUBLE.get(error.errno or 0)
        if trouble is None:
            if isinstance(error, FileNotFoundError):
                log.info(
                    "moved away", worker=self.name, file=str(error.filename), reason=str(error)
                )
                return 0.1
            trouble = error.strerror or str(error)
        if trouble != self._trouble:
            self._trouble = trouble
            log.error(
                "waiting for the disk",
                worker=self.name,
                file=str(error.filename or self.spool.root),
                reason=f"{trouble}; nothing is lost, it goes on by itself when that is over",
            )
        return _WAIT_FOR_DISK
