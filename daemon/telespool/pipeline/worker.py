"""What every worker is: a loop that looks, does one thing, and looks again.

`step` does at most one thing and says how many seconds it may wait before it looks again (0: at once, there may
be more). Rings of the folders it listens to cut the wait short. A full or failing disk stops no worker: it says so
once, waits, and looks again. What a person took away under its hands is simply not there any more.

`attempt` is the one place where an error decides what becomes of a unit: its class says whether it waits or goes to
quarantine, whichever worker had it. Whose fault it is follows from no exception's type alone: an error of the file
system belongs to the unit only if the unit lies there and the spool's disk works at the same moment.

Cancellation is the only way to stop one; `step` cleans up behind itself and lets it through.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import sqlite3
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import structlog

from telespool.destinations.base import no_limit
from telespool.errors import (
    LoginNeeded,
    Permanent,
    TelespoolError,
    Temporary,
)
from telespool.pipeline.interruption import Interruption
from telespool.pipeline.kernel_refusals import (
    NO_SPACE,
    is_below,
    locked_out_of_job,
    readable,
    refused_by_kernel,
)
from telespool.pipeline.locked_jobs import LockedJobWaits
from telespool.pipeline.progress_guard import LIMIT, ProgressGuard
from telespool.pipeline.report_hooks import ReportHooks
from telespool.pipeline.trouble import Trouble
from telespool.runtime.cancellation import clean_up, in_thread, raise_if_cancelled
from telespool.runtime.liveness import Liveness
from telespool.runtime.wakeups import Wakeup
from telespool.spool.ages import SHORT_GAP, Ages
from telespool.spool.job_report import close_job
from telespool.spool.transition import claimed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telespool.config.schema import Config
    from telespool.observe.progress import Activity
    from telespool.runtime.wakeups import WakeupBus
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

log = structlog.get_logger()

_LOCKED_AGAIN = 5.0  # seconds: that a folder may be read again rings nobody


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
    wakeups: WakeupBus
    activity: Activity
    heartbeat: Liveness = field(default_factory=Liveness)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a unit is being sent."""
    settled: IdleTracker = field(default_factory=IdleTracker)
    limit: Callable[[], Awaitable[int]] = no_limit
    """Bytes that one message may hold."""
    hooks: ReportHooks = field(default_factory=ReportHooks)
    """Who is told of the end of a job beside the chat."""
    locked: LockedJobWaits = field(init=False)

    def __post_init__(self) -> None:
        self.locked = LockedJobWaits(self.spool, self.activity.waits, self.config.send.max_deaths)


class Worker(abc.ABC):
    """One transition of the spool, again and again."""

    name: ClassVar[str]
    hears: ClassVar[tuple[str, ...]]

    def __init__(self, context: WorkerContext) -> None:
        self.context = context
        self.spool = context.spool
        self.config = context.config
        self.wakeup = context.wakeups.listen(self.hears)
        self.guard = ProgressGuard(context.spool)
        self._trouble = Trouble(self.name, context.spool, context.activity.waits)
        self._nudge = Wakeup()
        self.interruption = Interruption()

    @abc.abstractmethod
    async def step(self) -> float:
        """Do one thing; seconds until the next look, 0 for at once."""

    async def put_off(self, entry: Entry, error: Temporary) -> None:
        """Let a unit wait; Permanent where it has waited, or been tried, for too long."""
        raise NotImplementedError

    async def give_up(self, entry: Entry, error: TelespoolError) -> None:
        """Put a unit where its error says, for good."""
        raise NotImplementedError

    def try_again(self, job: str) -> None:
        """End what this job waits for here, where that can be ended: a person wants it tried. In the loop's thread."""
        self._trouble.is_looked_at()
        self._nudge.ring()
        self.wakeup.ring()

    def was_cancelled(self, job: str) -> None:
        """Forget what was prepared of a job, and what it waits for: a person has set all of it aside."""
        self.context.activity.waits.end_of(self.name, job)

    async def attempt(self, entry: Entry, work: Awaitable[object]) -> None:
        """Do one piece of work on a unit that was begun. What goes wrong decides, by its class, what becomes of it."""
        try:
            with readable(entry):
                await work
        except Temporary as error:
            await self._put_off(entry, error)
        except Permanent as error:
            await self.give_up(entry, error)
        except (LoginNeeded, asyncio.CancelledError):
            await self._let_go(entry)
            raise
        except Exception as error:
            if isinstance(error, FileNotFoundError) and await in_thread(
                self._is_of_ours, entry, error
            ):
                reason = (
                    f"A working file of {entry.unit.label} was removed meanwhile: {error.filename}."
                )
                await self._put_off(entry, Temporary(reason, kind="disk"))
                return
            if isinstance(error, OSError) and (
                locked := await in_thread(locked_out_of_job, self.spool, entry, error)
            ):
                await self._put_off(entry, locked)
                return
            if isinstance(error, FileNotFoundError) or await self._is_of_machine(entry, error):
                await self._let_go(entry)
                raise
            if isinstance(error, OSError):
                await self._put_off(entry, refused_by_kernel(entry, error))
                return
            told = {"job": entry.job, "unit": str(entry.unit.plain())}
            log.error("worker.failed", traceback=_traceback(), **told)  # noqa: TRY400 - a field of its own
            reason = f"An internal error stopped the work on {entry.unit.label}: {error!r}."
            await self.give_up(entry, Permanent(reason))

    async def _put_off(self, entry: Entry, error: Temporary) -> None:
        self.guard.waits()
        try:
            await self.put_off(entry, error)
        except Permanent as over:
            await self.give_up(entry, over)

    async def _let_go(self, entry: Entry) -> None:
        """Take the mark of the attempt back, whatever happens."""
        await clean_up(self.spool.pause, entry)

    def _is_of_ours(self, entry: Entry, error: FileNotFoundError) -> bool:
        """Whether it is a working file that is missing, and not what a person took away. Blocks."""
        missing = error.filename
        return missing is not None and is_below(missing, self.spool.tmp) and entry.path.exists()

    async def _is_of_machine(self, entry: Entry, error: Exception) -> bool:
        """Whether this error would have met any other unit as well."""
        if isinstance(error, (sqlite3.Error, MemoryError)):
            return True
        if not isinstance(error, OSError):
            return False
        if error.errno in NO_SPACE or error.filename is None:
            return True
        if not is_below(error.filename, entry.path.parent):
            return True
        return not await in_thread(self.spool.disk_works)

    def alive(self) -> None:
        """Give a sign of life; called whenever a long step gets further."""
        self.context.heartbeat.beat(self.name)

    def age(self, entry: Entry) -> float:
        """Give the seconds since the unit's job was claimed, as far as they are sure: a clock may be wrong by years.

        Blocks.
        """
        now, since = self.spool.clock(), claimed(entry.job)
        age = max(0.0, now - since)
        if age <= SHORT_GAP:
            return age
        return Ages.of(self.spool, now, self.spool.uptime(), SHORT_GAP).age(since)

    def renumber(self, entry: Entry) -> Entry:
        """Give a unit another number, as its own belongs to another of the job; and say so. Blocks."""
        if self.spool.drop_orphan_note(entry):
            return entry
        moved = self.spool.renumber(entry)
        log.warning(
            "unit.renumbered",
            job=entry.job,
            unit=str(entry.unit),
            reason=f"{entry.unit.label} was moved to where another file has its number; Telegram would take it for"
            f" that one, so it is {moved.unit} now",
        )
        return moved

    async def run(self) -> None:
        """Work until cancelled."""
        self.context.settled.enter(self.name)
        while True:
            self.alive()
            self.wakeup.clear()
            self._nudge.clear()
            deaf = 0.0
            try:
                pause = await self.interruption.guard(self._guarded_step)
                self._trouble.step_succeeded(at_once=pause == 0)
            except TelespoolError:
                raise
            except Exception as error:  # noqa: BLE001 - a mistake of ours over one unit must not end the process
                raise_if_cancelled()
                deaf, pause = await self._trouble.step_failed(error)
            raise_if_cancelled()
            if pause > 0:
                if not self.wakeup.rung:
                    self.context.settled.leave(self.name)
                self.context.heartbeat.rest(self.name)
                await self._nudge.wait(deaf)
                if not self._nudge.rung:
                    await self.wakeup.wait(pause - deaf)
                self.context.settled.enter(self.name)

    async def _guarded_step(self) -> float:
        """Do one step, and see whether it moved its unit on; one that was broken off says nothing of that."""
        try:
            pause = await self.step()
        except OSError as error:
            if await self._waits_for_job(error):
                return 0.0
            raise
        except BaseException:
            self.guard.forget()
            raise
        await self._check_progress()
        if self.context.locked.may_have_changed:
            await in_thread(self.context.locked.tell)
            pause = min(pause, _LOCKED_AGAIN)
        return pause

    async def _waits_for_job(self, error: OSError) -> bool:
        """Let the unit of this step wait by itself where only its own job's folder is refused; whether it does."""
        entry = self.guard.unit
        self.guard.forget()
        if entry is None:
            return False
        locked = await in_thread(locked_out_of_job, self.spool, entry, error)
        if locked is not None:
            with contextlib.suppress(OSError):
                await self._put_off(entry, locked)
                return True
        return False

    async def _check_progress(self) -> None:
        """Stop a unit with which nothing happens: it goes to quarantine, and that is said.

        A mark of an attempt that is still there is taken back: the process did not die.
        """
        if not self.guard.watches:
            return
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


def _traceback() -> str:
    """The lines that led to the error that is handled."""
    return traceback.format_exc()
