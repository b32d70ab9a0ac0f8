"""Who must wait before anything more of it is sent: everybody, a chat, or a topic of it.

A wait ends by its time (`Deadlines`), or because a person asks for it: `telespool retry`, or moving or touching a
unit that waits. The configuration's hours and what Telegram ordered (LASTING) stay. What waited with one that was
ended is in `ended` until it was brought back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime.timers import Deadlines
from telespool.runtime.waits import EVERYBODY, LASTING, Wait
from telespool.spool.names import Job

if TYPE_CHECKING:
    from telespool.errors import Temporary
    from telespool.runtime.waits import Waits
    from telespool.spool import Spool
    from telespool.spool.layout import Entry


class SendingWaits:
    """The waits of the uploader, of more than one unit."""

    def __init__(self, name: str, waits: Waits, spool: Spool) -> None:
        self._name = name
        self._waits = waits
        self._spool = spool
        self._ends = Deadlines()
        self._asked: set[str] = set()
        self._ended: list[Wait] = []

    def of(self, entry: Entry) -> tuple[str, float, str] | None:
        """For whose sake this unit must wait, until when, and why; None where it need not."""
        now = self._spool.clock()
        for whom in (EVERYBODY, entry.chat, entry.place):
            wait = self._waits.of(self._name, whom)
            if wait is None or wait.until is None:
                continue
            if (left := self._ends.left(whom, wait.until, now)) > 0:
                return whom, now + left, wait.reason
            self._waits.end(self._name, whom)
        return None

    def begin(self, entry: Entry, error: Temporary, until: float) -> None:
        """Everybody whom this error of a unit concerns waits."""
        whom = {"all": EVERYBODY, "topic": entry.place}.get(error.scope, entry.chat)
        self._waits.begin(self._name, Wait(error.reason, until, error.scope, whom, error.kind))
        self._ends.left(whom, until, self._spool.clock())

    def end(self, job: str) -> bool:
        """End what this job waits for, now and once more before the next unit: an attempt under way may begin it again.

        Whether there was something to end.
        """
        self._asked.add(job)
        return self._end(job)

    def ended(self) -> list[Wait]:
        """The waits that were ended since this was asked last."""
        asked, self._asked = self._asked, set()
        for job in asked:
            self._end(job)
        ended, self._ended = self._ended, []
        return ended

    def _end(self, job: str) -> bool:
        parsed = Job.parse(job)
        if parsed is None:
            return False
        waits = [
            wait
            for wait in self._waits.begun_by(self._name)
            if wait.scope in {"all", "chat", "topic"}
            and wait.kind not in LASTING
            and wait.concerns(job, parsed.chat, parsed.place)
        ]
        for wait in waits:
            self._waits.end(self._name, wait.whom)
        self._ended += waits
        return bool(waits)
