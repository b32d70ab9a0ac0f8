"""Which files of one drop are the same, byte for byte: the first that leaves is sent, its twins are not (`duplicates`).

What an earlier process let out of the drop counts: its account tells of it.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from telespool.runtime.cancellation import in_thread
from telespool.spool.account import Account

if TYPE_CHECKING:
    from telespool.spool import Spool
    from telespool.spool.receipts import Receipt


class Twins:
    """The contents of one job that have left; by the rule "send" none is looked for."""

    def __init__(self, spool: Spool, job: str, rule: str) -> None:
        self._looks = rule != "send"
        self._spool = spool
        self._job = job
        self._first: dict[tuple[int, str], tuple[int, str]] | None = None

    async def of(self, line: Receipt | None) -> str:
        """The name of the file that left before this one and is the same; "" where this one is the first."""
        if line is None or not self._looks:
            return ""
        if self._first is None:
            account = await in_thread(Account.read, self._spool, self._job)
            before = sorted(account.members.items(), reverse=True)
            self._first = {(each.size, each.digest): (number, each.name) for number, each in before}
        own = (line.number, line.name)
        number, name = self._first.setdefault((line.size, line.digest), own)
        return "" if number == line.number else name


def cure(job: str, number: int) -> str:
    """What a person can do about a file that is set aside because it was sent before."""
    return (
        f"Remove it, or send it all the same: telespool retry {shlex.quote(f'{job}/{number:04d}')}"
    )
