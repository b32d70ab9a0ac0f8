"""What the rule of a chat for files that were sent before (`duplicates`) makes of the members of a job."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.pipeline.unpack.twins import cure
from telespool.runtime.cancellation import in_thread
from telespool.spool.account import LeftOut

if TYPE_CHECKING:
    from telespool.pipeline.unpack.sources import ExtractedMember
    from telespool.spool.delivered_index import DeliveredIndex
    from telespool.spool.receipts import Receipt


class DeliveredBefore:
    """The rule, for one job; `left_out` counts what it has left out."""

    def __init__(self, index: DeliveredIndex, job: str, rule: str) -> None:
        self._index = index
        self._job = job
        self._rule = rule
        self.left_out = 0

    async def leave_out(self, name: str, line: Receipt) -> LeftOut | None:
        """How a file is named that was sent before and must not be again; None where it may."""
        if self._rule != "skip":
            return None
        before = await in_thread(self._index.before, self._job, line)
        if before is None:
            return None
        self.left_out += 1
        return LeftOut(name, before, line.size, line.digest, line.number)

    async def refuse(self, piece: ExtractedMember, line: Receipt) -> tuple[ExtractedMember, str]:
        """The member, refused where it was sent before and is to be set aside, and what a person can do about it."""
        if self._rule != "quarantine" or piece.refused:
            return piece, ""
        before = await in_thread(self._index.before, self._job, line)
        if before is None:
            return piece, ""
        refused = replace(piece, refused=f"{piece.member.name} {before}.")
        return refused, cure(self._job, piece.member.number)
