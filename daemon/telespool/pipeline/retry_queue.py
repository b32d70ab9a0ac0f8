"""deferred/ → uploading/: units whose wait is over go back, and everything that a person put where it can only go back.

The folder is scanned when it rings and when the next unit is due, at its own pace. A unit's time says until when it
waits; `touch` ends that, and so does a start: whoever has put right what it waited for wants to see it tried. What Telegram
told us to wait for is kept elsewhere (`floods.json`). What a person holds is told as a wait of its job. Albums that
gather are closed on the way (`gatherer`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.throttle import Throttle
from telespool.runtime.timers import Deadline, Deadlines
from telespool.runtime.waits import Wait
from telespool.spool.layout import HELD

if TYPE_CHECKING:
    from collections.abc import Callable

    from telespool.pipeline.gatherer import Gatherer
    from telespool.runtime.waits import Waits
    from telespool.runtime.wakeups import Wakeup
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

_NAME = "retry_queue"
_LOOK_AGAIN = 60.0
_LEAST = 0.01


class RetryQueue:
    """Brings units back. `wakeup` rings when deferred/ does; `waits` is told what a person holds."""

    def __init__(
        self, spool: Spool, wakeup: Wakeup, waits: Waits, gatherer: Gatherer | None = None
    ) -> None:
        self._spool = spool
        self._gatherer = gatherer
        self._wakeup = wakeup
        self._told = waits
        self._held: set[str] = set()
        self._pace = Throttle()
        self._waits = Deadlines()
        self._next = Deadline(0.0, 0.0)
        self._looked = False

    async def look(self, brought: Callable[[], None]) -> float:
        """Bring back what is due, and call `brought` for each; seconds until the next look."""
        if self._wakeup.rung or self._next.left(self._spool.clock()) <= 0:
            pause = self._pace.left()
            if not pause:
                self._wakeup.clear()
                pause = await in_thread(self._bring_back, brought)
            now = self._spool.clock()
            self._next = Deadline.to(now + pause, now)
        return max(_LEAST, min(_LOOK_AGAIN, self._next.left(self._spool.clock())))

    def expect(self, entry: Entry, until: float) -> None:
        """This unit is about to be put there: its wait has begun, whatever the clock says when it is seen."""
        self._waits.left(_key(entry), until, self._spool.clock())

    def _bring_back(self, brought: Callable[[], None]) -> float:
        now, pause, there = self._spool.clock(), _LOOK_AGAIN, set()
        held: dict[str, list[Entry]] = {}
        with self._pace:
            entries = list(self._spool.all_units("deferred"))
        for entry in entries:
            if self._spool.send_home(entry) or not entry.unit.attempt:
                continue
            key = _key(entry)
            state = plain_files.lstat(entry.path)
            # Both were set in one moment, by one clock: whether that was right, or is now, does not matter for the length.
            longest = max(0.0, state.st_mtime - state.st_ctime)
            left = self._waits.left(key, state.st_mtime, now, longest)
            if left <= 0 or (not self._looked and state.st_mtime != HELD):
                self._spool.resume(entry)
                brought()
            else:
                if state.st_mtime >= HELD:
                    held.setdefault(entry.job, []).append(entry)
                there.add(key)
                pause = min(pause, left + _LEAST)
        self._waits.keep(there)
        if self._gatherer is not None:
            gathering = self._gatherer.look(entries)
            pause = pause if gathering is None else min(pause, gathering + _LEAST)
        self._tell(held)
        self._looked = True
        return pause

    def _tell(self, held: dict[str, list[Entry]]) -> None:
        for job, entries in held.items():
            what = entries[0].unit.label if len(entries) == 1 else f"{len(entries)} of its files"
            reason = f"a person holds {what}; to let go: telespool retry {job}"
            self._told.begin(_NAME, Wait(reason, scope="job", whom=job, kind="person"))
        for job in self._held - held.keys():
            self._told.end(_NAME, job)
        self._held = set(held)


def _key(entry: Entry) -> tuple[str, int, str]:
    return entry.job, entry.unit.first, entry.unit.kind
