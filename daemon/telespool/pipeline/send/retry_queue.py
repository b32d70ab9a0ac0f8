"""deferred/ → uploading/: units whose wait is over go back, and everything that a person put where it can only go back.

The folder is scanned when it rings and when the next unit is due, at its own pace. A unit's time says until when it
waits; `touch` ends that, and so does moving it to uploading/ (`was_taken`, `called_back`), and a start: whoever has
put right what it waited for wants to see it tried. What Telegram told us to wait for is kept elsewhere
(`floods.json`). What a person holds is told as a wait of its job. Albums that gather are closed on the way
(`gatherer`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.throttle import Throttle
from telespool.runtime.timers import Deadline, Deadlines
from telespool.runtime.waits import Wait
from telespool.spool.titles import called, retry_command
from telespool.spool.waiting import HELD, waits_until

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from telespool.pipeline.send.gatherer import Gatherer
    from telespool.runtime.waits import Waits
    from telespool.runtime.wakeups import Wakeup
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

_Key = tuple[str, int, bool, str]

_NAME = "retry_queue"
_LOOK_AGAIN = 60.0
_LEAST = 0.01
_FOR_EVER = float("inf")


class RetryQueue:
    """Brings units back. `wakeup` rings when deferred/ does; `waits` is told what a person holds.

    What is for none of `chats` stays (`absent_chats`).
    """

    def __init__(
        self,
        spool: Spool,
        wakeup: Wakeup,
        waits: Waits,
        chats: Container[str],
        gatherer: Gatherer | None = None,
    ) -> None:
        self._spool = spool
        self._chats = chats
        self._gatherer = gatherer
        self._wakeup = wakeup
        self._told = waits
        self._held: set[str] = set()
        self._pace = Throttle()
        self._waits = Deadlines()
        self._next = Deadline(0.0, 0.0)
        self._looked = False
        self._seen: set[_Key] = set()
        self._ended: list[Wait] = []
        self._called_back: set[str] = set()

    async def look(self, brought: Callable[[], None]) -> float:
        """Bring back what is due, and call `brought` for each; seconds until the next look."""
        if self._wakeup.rung or self._next.left(self._spool.clock()) <= 0:
            # Before anything of what was called back is sent: nothing overtakes.
            pause = 0.0 if self._ended else self._pace.left()
            if not pause:
                self._wakeup.clear()
                pause = await in_thread(self._bring_back, brought)
            now = self._spool.clock()
            self._next = Deadline.to(now + pause, now)
        return max(_LEAST, min(_LOOK_AGAIN, self._next.left(self._spool.clock())))

    def expect(self, entry: Entry, until: float) -> None:
        """This unit is about to be put there: its wait has begun, whatever the clock says when it is seen."""
        self._waits.left(_key(entry), until, self._spool.clock())
        self._seen.add(_key(entry))

    def release(self, ended: list[Wait]) -> None:
        """What waited with these for its chat, or for everybody, is due now."""
        if ended:
            self._ended += ended
            self._next = Deadline(0.0, 0.0)

    def was_taken(self, entry: Entry) -> bool:
        """Whether a person moved this unit of uploading/ there out of its wait."""
        return self._waits.known(_key(entry), self._spool.clock()) > 0

    def called_back(self) -> set[str]:
        """The jobs of which a person has ended a unit's wait, by `touch` or by moving it, since this was asked last."""
        called, self._called_back = self._called_back, set()
        return called

    def _bring_back(self, brought: Callable[[], None]) -> float:
        now, pause = self._spool.clock(), _LOOK_AGAIN
        there: set[_Key] = set()
        ended = list(self._ended)
        held: dict[str, list[Entry]] = {}
        with self._pace:
            entries = list(self._spool.all_units("deferred"))
        for entry in entries:
            try:
                left = self._left(entry, now, ended, brought)
            except FileNotFoundError:
                continue  # a person, or a command, was first
            if left is None:
                continue
            if left >= _FOR_EVER:
                held.setdefault(entry.job, []).append(entry)
            there.add(_key(entry))
            pause = min(pause, left + _LEAST)
        self._called_back |= {job for job, *_ in self._taken(there, now)}
        self._waits.keep(there)
        self._seen = there
        if self._gatherer is not None:
            gathering = self._gatherer.look(entries)
            pause = pause if gathering is None else min(pause, gathering + _LEAST)
        self._tell(held)
        self._looked = True
        self._ended = [wait for wait in self._ended if wait not in ended]
        return pause

    def _left(
        self, entry: Entry, now: float, ended: list[Wait], brought: Callable[[], None]
    ) -> float | None:
        """Seconds that a unit waits yet; None for one that does not, or not here: what is due is brought back."""
        if self._spool.send_home(entry) or not entry.unit.attempt:
            return None
        key, state = _key(entry), plain_files.lstat(entry.path)
        # Both were set in one moment, by one clock: whether that was right, or is now, does not matter for the length.
        longest = max(0.0, state.st_mtime - state.st_ctime)
        before = self._waits.known(key, now)
        left = self._waits.left(key, state.st_mtime, now, longest)
        due = not self._looked or any(
            wait.concerns(entry.job, entry.chat, entry.place) for wait in ended
        )
        if waits_until(entry.unit, state.st_mtime) == HELD:
            return _FOR_EVER
        if entry.chat not in self._chats:
            return _LOOK_AGAIN  # a start looks at it anew
        if left > 0 and not due:
            return left
        if before > _LEAST and not due:
            self._called_back.add(entry.job)
        self._spool.resume(entry)
        self._waits.forget(key)
        brought()
        return None

    def _taken(self, there: set[_Key], now: float) -> Iterator[_Key]:
        """Those that are gone before their time, and stand in uploading/."""
        for key in self._seen - there:
            left = self._waits.known(key, now)
            if left > 0 and any(
                _key(entry) == key for entry in self._spool.units("uploading", key[0])
            ):
                yield key

    def _tell(self, held: dict[str, list[Entry]]) -> None:
        for job, entries in held.items():
            what = (
                called(self._spool, entries[0])
                if len(entries) == 1
                else f"{len(entries)} of its files"
            )
            reason = f"a person holds {what}; to let go: {retry_command(job)}"
            self._told.begin(_NAME, Wait(reason, scope="job", whom=job, kind="person"))
        for job in self._held - held.keys():
            self._told.end(_NAME, job)
        self._held = set(held)


def _key(entry: Entry) -> _Key:
    return entry.job, entry.unit.first, entry.unit.is_album, entry.unit.kind
