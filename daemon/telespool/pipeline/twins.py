"""Which files of one drop are the same, byte for byte: the first that leaves is sent, its twins are not (`duplicates`).

What an earlier process let out of the drop counts: its account tells of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime.cancellation import in_thread
from telespool.spool.account import Account

if TYPE_CHECKING:
    from telespool.spool import Spool
    from telespool.spool.receipts import Receipt


class Twins:
    """The contents of one job that have left."""

    def __init__(self, spool: Spool, job: str) -> None:
        self._spool = spool
        self._job = job
        self._first: dict[tuple[int, str], tuple[int, str]] | None = None

    async def of(self, line: Receipt) -> str:
        """The name of the file that left before this one and is the same; "" where this one is the first."""
        if self._first is None:
            account = await in_thread(Account.read, self._spool, self._job)
            before = sorted(account.members.items(), reverse=True)
            self._first = {(each.size, each.digest): (number, each.name) for number, each in before}
        own = (line.number, line.name)
        number, name = self._first.setdefault((line.size, line.digest), own)
        return "" if number == line.number else name
