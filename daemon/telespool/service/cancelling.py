"""Cancel units: break off what is under way and move it to quarantine with a note.

Beside a running daemon the command asks it (`control_socket`), because a step under way must be broken off first: its
children end, its marks are taken back, and only then the unit is moved. Without a daemon the command moves by itself.

What waits is moved first, so that none of it is begun in the place of what is broken off; then the workers that are
about the job are held at one moment, and the rest is moved while none of them goes on. The answer comes when nothing of
what was to be cancelled lies in a working folder any more. Whoever renames a unit first has it: what a worker took
meanwhile is looked for again.

A converted copy whose original is still there is removed, and the original goes to quarantine. Nothing that was sent is
touched; nothing is deleted that cannot be made again.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import structlog

from telespool.runtime.cancellation import in_thread
from telespool.spool import receipts, rights
from telespool.spool.job_report import close_job
from telespool.spool.layout import WORKING
from telespool.spool.titles import called, retry_command
from telespool.spool.transition import NO_ROOM

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from telespool.pipeline.worker import Worker
    from telespool.spool import Spool
    from telespool.spool.layout import Entry, SpoolLayout

log = structlog.get_logger()

_UNSURE = "If it stands in the chat already, it is not sent a second time"
_WHILE = {
    "incoming": "while it was being unpacked",
    "uploading": f"while it was being sent. {_UNSURE}",
    "converting": "while it was being converted",
}
_HELD_IN_ORDER = ("uploader", "intake", "converter")
"""What leaves first is broken off first; each is held until all are."""
_ROUNDS = 5

Key = tuple[int, int | None, str]
"""What stays the same of a unit's name while it moves: its first and last number, and its kind."""


def key(entry: Entry) -> Key:
    """Return what identifies this unit within its job, in any folder."""
    return entry.unit.first, entry.unit.last, entry.unit.kind


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be cancelled: these units of a job, or (`units` None) all of it, whatever is yet to come out of it."""

    job: str
    units: frozenset[Key] | None = None

    def __str__(self) -> str:
        """Return the order for the running daemon."""
        units = None if self.units is None else sorted(self.units, key=str)
        return "cancel " + json.dumps({"job": self.job, "units": units})

    @classmethod
    def parse(cls, argument: str) -> Self:
        """What such an order says, without its first word."""
        wanted = json.loads(argument)
        units = wanted["units"]
        if units is None:
            return cls(str(wanted["job"]))
        return cls(str(wanted["job"]), frozenset((a, b, str(kind)) for a, b, kind in units))

    def includes(self, entry: Entry) -> bool:
        """Whether this unit is to be cancelled."""
        return entry.job == self.job and (self.units is None or key(entry) in self.units)

    def standing(self, spool: SpoolLayout) -> list[Entry]:
        """Those that lie in a working folder now; not originals whose copy was sent, which only go to done/. Blocks."""
        found = (entry for folder in WORKING for entry in spool.units(folder, self.job))
        return [each for each in found if self.includes(each) and not _was_sent(spool, each)]


def _was_sent(spool: SpoolLayout, entry: Entry) -> bool:
    """Whether this is an original whose copy stands in the chat."""
    if entry.folder != "converting":
        return False
    copy = spool.copy_of(entry.job, entry.unit.first)
    return copy is not None and copy.folder == "done" and copy.unit.message is not None


def note(spool: SpoolLayout, entry: Entry, while_: str = "") -> str:
    """Return the sentence for the quarantine: what was cancelled, in the midst of what, and how to go on. Blocks."""
    when = while_ or (_WHILE.get(entry.folder, "") if entry.unit.attempt else "")
    if not when:
        asked = receipts.asked(spool, entry.job)
        tried = any(member.unit.first in asked for member in spool.members(entry))
        when = f"after its sending had begun. {_UNSURE}" if tried else "before it was sent"
    name = called(spool, entry)
    return f"You cancelled {name} {when}. To send it after all: {retry_command(entry.job)}"


def cancel(spool: Spool, entry: Entry, reason: str) -> Entry | None:
    """Move one unit to quarantine; None for a copy that was removed because its original is there. Blocks."""
    if entry.unit.kind == "c" and spool.original_of(entry) is not None:
        spool.drop_copy(entry)
        return None
    if entry.unit.is_album:
        for member in spool.members(entry):
            if member.unit.kind == "c" and spool.original_of(member) is not None:
                spool.drop_copy(member)
        if not spool.members(entry):
            spool.drop_empty_album(entry)
            return None
    return spool.quarantine(entry, reason)


class Cancellation:
    """One order, being carried out: `moved` names what has been set aside, as people call it."""

    def __init__(self, spool: Spool, order: Order) -> None:
        self.moved: list[str] = []
        self.failed = ""
        """Why some of it could not be moved, as a sentence; "" where all was."""
        self.under_way: dict[Key, str] = {}
        """In the midst of what a unit was broken off."""
        self._spool = spool
        self._order = order

    def set_aside(self, but: Container[Key] = ()) -> None:
        """Move all that lies in working folders, `but` what is under way. What somebody else was first with is left.

        It blocks. Nothing is raised: why a unit could not be moved stands in `failed`.
        """
        self.failed = ""
        with self._spool.gathering:  # an album that gathers is not closed, nor added to, meanwhile
            try:
                for entry in self._order.standing(self._spool):
                    if key(entry) not in but:
                        self._move(entry)
            except PermissionError as error:
                self.failed = self._refused(error)

    def _move(self, entry: Entry) -> None:
        name = called(self._spool, entry)
        reason = note(self._spool, entry, self.under_way.get(key(entry), ""))
        try:
            moved = cancel(self._spool, entry, reason)
        except FileNotFoundError:
            return
        except PermissionError as error:
            self.failed = self._refused(error)
            return
        except OSError as error:
            self.failed = _why(name, error)
            return
        if moved is not None:
            log.info("unit.cancelled", job=entry.job, unit=str(moved.unit.plain()))
            self.moved.append(name)

    def _refused(self, error: PermissionError) -> str:
        found = rights.refused(error, self._spool.root)
        return found[1] if found is not None else f"{error.filename}: {error.strerror}"


def _why(name: str, error: OSError) -> str:
    if error.errno in NO_ROOM:
        return (
            f"The disk is full, so {name} could not be moved to quarantine/. Free some space, then cancel again:"
            " until then it stays where it is and goes on when it can."
        )
    return f"{name} could not be moved to quarantine/ ({error.strerror or error}): it stays where it is."


class Canceller:
    """Carries out `cancel` in the daemon."""

    def __init__(self, spool: Spool, workers: Mapping[str, Worker]) -> None:
        self._spool = spool
        self._workers = [workers[name] for name in _HELD_IN_ORDER if name in workers]

    async def __call__(self, argument: str) -> dict[str, Any]:
        """Cancel what the order names: the names of what was moved, and what went wrong, for the command to print."""
        order = Order.parse(argument)
        work = Cancellation(self._spool, order)
        await in_thread(work.set_aside, self._under_way(order).keys())
        for _ in range(_ROUNDS):
            await self._hold(self._workers, order, work)
            if work.failed or not await in_thread(order.standing, self._spool):
                break
        for worker in self._workers if order.units is None else ():
            worker.was_cancelled(order.job)
        with contextlib.suppress(PermissionError):
            await in_thread(close_job, self._spool, order.job)
        return {"cancelled": work.moved, "failed": work.failed}

    def _under_way(self, order: Order) -> dict[Key, str]:
        """In the midst of what the workers have units of this order."""
        found = (worker.guard.entry for worker in self._workers)
        return {
            key(entry): _WHILE.get(entry.folder, "")
            for entry in found
            if entry is not None and order.includes(entry)
        }

    async def _hold(self, workers: Sequence[Worker], order: Order, work: Cancellation) -> None:
        """Break off the steps of those that have something of the order, and move all of it while none goes on."""
        if not workers:
            await in_thread(work.set_aside)
            return
        worker, *others = workers

        async def then() -> None:
            await self._hold(others, order, work)

        entry = worker.guard.entry
        if entry is None or not order.includes(entry):
            await then()
            return
        work.under_way |= self._under_way(
            order
        )  # now: a step that is broken off takes its mark back
        await worker.interruption.interrupt(then)


def cancel_without_daemon(spool: Spool, order: Order) -> Cancellation:
    """Cancel what the order names where nobody works on it. Blocks."""
    work = Cancellation(spool, order)
    work.set_aside()
    return work


def of_entries(job: str, entries: Iterable[Entry]) -> Order:
    """Return the order for these units of a job."""
    return Order(job, frozenset(key(entry) for entry in entries))
