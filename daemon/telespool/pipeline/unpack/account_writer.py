"""Write the account of a drop and its captions, before what they tell of is let out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime.cancellation import in_thread
from telespool.spool.account import Account

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from telespool.pipeline.unpack.caption_files import CaptionFiles
    from telespool.spool import Spool
    from telespool.spool.account import LeftOut
    from telespool.spool.delivered_index import DeliveredIndex
    from telespool.spool.receipts import Receipt


class AccountWriter:
    """The account of one job. `lines` are its members by number, `opened` the archives inside it."""

    def __init__(
        self, spool: Spool, job: str, captions: CaptionFiles, delivered: DeliveredIndex | None
    ) -> None:
        self._spool = spool
        self._job = job
        self._captions = captions
        self._delivered = delivered
        self.lines: dict[int, Receipt] = {}
        self.opened: dict[int, Receipt] = {}
        self.left_out: Sequence[LeftOut] = ()
        """What is not sent, in the end."""

    async def note(self, *numbers: int) -> None:
        """Put what is let out next into the account: a file in a folder must have its line and its caption."""
        lines = [self.lines[number] for number in numbers if number in self.lines]
        await in_thread(self._spool.note_members, self._job, [str(line) for line in lines])
        await self._note_captions(self._captions.lines(numbers))
        if self._delivered is not None:
            for line in lines:
                await in_thread(self._delivered.add, self._job, line)

    async def late_captions(self) -> None:
        """Put down the captions that came after their files had been let out."""
        await self._note_captions(self._captions.late())

    async def _note_captions(self, lines: list[str]) -> None:
        if lines:
            await in_thread(self._spool.note_captions, self._job, lines)

    async def close(
        self, standing: Collection[int], left_out: Iterable[LeftOut], *, complete: bool
    ) -> bool:
        """Write the whole account if it is `complete` and all that stands is in it; whether it is."""
        before = await in_thread(Account.read, self._spool, self._job)
        members = before.members | self.lines
        whole = complete and all(number in members for number in standing)
        opened = before.opened | self.opened
        self.left_out = _still_true(before.left_out, left_out, {*members, *opened})
        if whole:
            account = Account(members, tuple(self.left_out), whole, opened)
            await in_thread(self._spool.close_members, self._job, account.lines())
        return whole


def _still_true(
    before: Iterable[LeftOut], now: Iterable[LeftOut], came_out: Collection[int]
) -> tuple[LeftOut, ...]:
    """What is left out, after what an earlier attempt said: what has come out since, or is told anew, is told once."""
    told = list(now)
    numbers = {each.number for each in told if each.number} | set(came_out)
    names = {each.name for each in told}
    kept = [
        each
        for each in before
        if (each.number not in numbers if each.number else each.name not in names)
    ]
    return tuple(dict.fromkeys((*kept, *told)))
