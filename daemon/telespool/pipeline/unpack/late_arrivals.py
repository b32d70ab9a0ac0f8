"""What comes into a folder after it was claimed: put back into the inbox, as a drop of its own.

Whoever works inside a folder (a shell that stands in it, `wget -P .`) goes on writing into it wherever it was moved.
So a folder is looked at again before it is filed, and for an hour after that, often at first. What is not in its
account by then is proven to be nobody's mistake by `retention_plan`: it is kept, and named.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from telespool.spool.account import Account, late, outgrown
from telespool.spool.transition import claimed

if TYPE_CHECKING:
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

log = structlog.get_logger()

_OFTEN, _SELDOM = 3.0, 30.0
_LONG, _OVER = 300.0, 3600.0


@dataclass(slots=True)
class _Watched:
    drop: Entry
    since: float
    due: float


class LateArrivals:
    """Looks at the folders that were claimed not long ago."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._watched: dict[str, _Watched] | None = None

    def _all(self) -> dict[str, _Watched]:
        """Those that are watched; at first the folders that an earlier process claimed within the last hour."""
        if self._watched is None:
            self._watched = {}
            now, spool = time.monotonic(), self._spool
            for job in itertools.takewhile(self._is_young, reversed(spool.jobs("done"))):
                with contextlib.suppress(PermissionError):  # it belongs to somebody else by now
                    drop = spool.drop(job)
                    if drop is not None and drop.folder == "done":
                        self._watched[job] = _Watched(drop, now, now)
        return self._watched

    def _is_young(self, job: str) -> bool:
        return self._spool.clock() - claimed(job) < _OVER

    def watch(self, drop: Entry) -> None:
        """This folder was filed just now."""
        now = time.monotonic()
        self._all()[drop.job] = _Watched(drop, now, now + _OFTEN)

    def look(self) -> float:
        """Look at those that are due; seconds until the next is (an hour where none is watched). Blocks."""
        now = time.monotonic()
        watched = self._all()
        for job, each in list(watched.items()):
            if each.due > now:
                continue
            self.put_back(each.drop)
            age = now - each.since
            each.due = now + (_OFTEN if age < _LONG else _SELDOM)
            if age > _OVER or not each.drop.path.exists():
                del watched[job]
        return min((each.due - now for each in watched.values()), default=_OVER)

    def put_back(self, drop: Entry) -> None:
        """Put into the inbox what lies in a folder and is not in its account, or grew after it was sent. Blocks."""
        account = Account.read(self._spool, drop.job)
        names = list(late(self._spool, drop, account))
        if drop.folder == "incoming":
            names += outgrown(self._spool, drop, account)
        if not names:
            return
        for path in self._spool.return_late(drop, names):
            log.info(
                "drop.late_file",
                job=drop.job,
                file=path.name,
                reason="it came, or was changed, after its folder was taken; it is back in the inbox",
            )
