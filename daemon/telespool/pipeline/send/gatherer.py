"""deferred/ → uploading/: albums that gather are closed when they lack nothing, are full, or have waited long enough.

Part of the uploader's look at deferred/. The rules are in `spool.gathering`; here are the clocks, and what people are
told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.observe import humanize
from telespool.runtime.timers import Deadlines
from telespool.runtime.waits import Wait
from telespool.spool.gathering import gathers
from telespool.spool.names import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telespool.config.schema import Config
    from telespool.runtime.waits import Waits
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

_NAME = "gathering"


class Gatherer:
    """Closes albums, and tells which jobs wait for theirs."""

    def __init__(self, spool: Spool, config: Config, waits: Waits) -> None:
        self._spool = spool
        self._config = config
        self._told = waits
        self._deadlines = Deadlines()
        self._waiting: set[str] = set()

    def look(self, deferred: Iterable[Entry]) -> float | None:
        """Close what is due; seconds until something else is, None where nothing gathers. Blocks."""
        pauses: list[float] = []
        waiting: dict[str, list[Entry]] = {}
        for entry in deferred:
            if entry.chat in self._config.chats and gathers(entry):
                waiting.setdefault(entry.job, []).append(entry)
        for job, albums in list(waiting.items()):
            size = self._config.chat(Job.chat_of(job)).album
            pause = self._spool.close_due(job, size, self._left)
            if pause is None:
                del waiting[job]
                continue
            pauses.append(pause)
            self._tell(job, albums, pause)
        self._deadlines.keep({key for job in waiting for key in ((job, "c"), (job, ""))})
        for job in self._waiting - waiting.keys():
            self._told.end(_NAME, job)
        self._waiting = set(waiting)
        return min(pauses, default=None)

    def _left(self, albums: Sequence[Entry], until: float) -> float:
        # Times and patience were noted by one clock: a clock that jumps does not make the wait longer.
        longest = self._config.chat(albums[0].chat).patience
        key = (albums[0].job, albums[0].unit.kind)
        return self._deadlines.left(key, until, self._spool.clock(), longest)

    def _tell(self, job: str, albums: Sequence[Entry], pause: float) -> None:
        count = sum(len(self._spool.members(album)) for album in albums)
        files = humanize.count(count, "file")
        if albums[0].unit.kind == "c":
            reason = f"{files} to go in an album with what is converted next ([send] patience)"
        else:
            reason = f"{files} to keep their order with what is converted ([send] patience)"
        until = self._spool.clock() + pause
        self._told.begin(_NAME, Wait(reason, until, "job", job, "album"))
