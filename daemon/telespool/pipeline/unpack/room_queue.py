"""The drops for which there is no room on the disk: who waits for how much, told to `status`, until it is there.

    error = queue.lacking(drop, size)     # NoRoom to be raised, or None where the bytes fit
    queue.stand_aside(drop, error)        # the others go on
    queue.must_wait(job)                  # whether what it needs is still missing

What could not fit on the empty disk is no wait: `Permanent` leaves `lacking` with the sentence for its note.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from telespool.errors import NoRoom
from telespool.pipeline.worker import log
from telespool.runtime.trees import list_tree
from telespool.runtime.waits import Wait

if TYPE_CHECKING:
    from collections.abc import Collection

    from telespool.pipeline.worker import WorkerContext
    from telespool.runtime.wakeups import Wakeup
    from telespool.spool.layout import Entry

ROOM_AGAIN = 2.0
"""Seconds between two looks at the disk: other programs make room too, and ring no wakeup."""

_LONGEST_GAP = 60.0
_SMALL = 1 << 20
_ASKED = 16  # of so many small pieces one is asked for
_WORKER = "intake"


class RoomQueue:
    """Who waits for room."""

    def __init__(self, context: WorkerContext) -> None:
        self._spool = context.spool
        self._waits = context.activity.waits
        self._wakeup = context.wakeups.listen(("uploading", "done"))
        self._needed: dict[str, int] = {}
        self._gaps: dict[str, tuple[float, float]] = {}
        self._unasked = 0

    def lacking(self, drop: Entry, size: int) -> NoRoom | None:
        """NoRoom where `size` bytes do not fit now; Permanent where they never could, beside the drop. Blocks."""
        name = drop.unit.label
        try:
            self._spool.room.check(size, name)
        except NoRoom as error:
            self._spool.room.must_ever_fit(size + _weight(drop), name)
            self._unasked = 0
            return error
        self._unasked = _ASKED if self._spool.room.left() > 4 * _ASKED * _SMALL else 0
        return None

    def surely_fits(self, size: int) -> bool:
        """Whether the disk need not be asked: it had plenty of room a few small pieces ago. Writing is counted."""
        self._unasked -= 1
        return size <= _SMALL and self._unasked >= 0

    def wait_begins(self, drop: Entry, error: NoRoom) -> None:
        """This drop waits; said once in the log, and shown for as long as it lasts."""
        if self._waits.of(_WORKER, drop.job) is None:
            log.warning(
                "room.waiting",
                job=drop.job,
                unit=str(drop.unit.plain()),
                needed=error.needed,
                free=error.free,
                reason=error.reason,
            )
        self._waits.begin(_WORKER, Wait(error.reason, scope="job", whom=drop.job, kind=error.kind))

    def wait_ends(self, job: str) -> None:
        """It waits no more."""
        self._needed.pop(job, None)
        self._waits.end(_WORKER, job)

    def stand_aside(self, drop: Entry, error: NoRoom) -> None:
        """It waits, and the others go on."""
        self.wait_begins(drop, error)
        self._needed[drop.job] = error.needed

    def fell_short(self, drop: Entry, error: NoRoom, needed: int) -> NoRoom:
        """Room ran out in the midst of a member that seemed to fit, and needs so much at least: what is to be raised.

        The next try has more time before it each time. Permanent leaves where it can never fit. Blocks.
        """
        gap = min(_LONGEST_GAP, 2 * self._gaps.get(drop.job, (0.0, ROOM_AGAIN))[1])
        self._gaps[drop.job] = (time.monotonic() + gap, gap)
        again = self.lacking(drop, needed)
        return again or NoRoom(error.reason, needed=needed, free=error.free)

    def must_wait(self, job: str) -> bool:
        """Whether this job stands aside and what it needs is not there yet. Blocks."""
        needed = self._needed.get(job)
        if needed is None:
            return False
        too_early = self._gaps.get(job, (0.0, 0.0))[0] > time.monotonic()
        if too_early or needed > self._spool.room.left():
            return True
        self.wait_ends(job)
        return False

    def keep(self, jobs: Collection[str]) -> None:
        """Forget all but these: the others went elsewhere."""
        for job in (self._needed.keys() | self._gaps.keys()) - set(jobs):
            self.wait_ends(job)
            self._gaps.pop(job, None)

    async def changed(self, incoming: Wakeup) -> None:
        """Return when something was sent, when something came in, or after a while."""
        self._wakeup.clear()
        incoming.clear()
        sent = asyncio.ensure_future(self._wakeup.wait(ROOM_AGAIN))
        came = asyncio.ensure_future(incoming.wait(ROOM_AGAIN))
        try:
            await asyncio.wait({sent, came}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sent.cancel()
            came.cancel()


def _weight(drop: Entry) -> int:
    """Bytes that the drop itself takes on the disk."""
    try:
        return sum(kind.sign[1] for _, kind in list_tree(drop.path) if kind.is_file)
    except FileNotFoundError:
        return 0
