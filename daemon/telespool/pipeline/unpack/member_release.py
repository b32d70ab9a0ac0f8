"""Letting the judged members of one job out of tmp/, each on its way: to send, to convert, set aside, left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from telespool.pipeline.unpack.quarantine_share import QuarantineShare
from telespool.runtime.cancellation import in_thread
from telespool.spool.account import LeftOut

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.pipeline.unpack.account_writer import AccountWriter
    from telespool.pipeline.unpack.assessed_member import AssessedMember
    from telespool.spool import Spool
    from telespool.spool.names import Unit
    from telespool.spool.receipts import Receipt

log = structlog.get_logger()


class MemberRelease:
    """Where members leave to. `released` counts those that are sent, converted or set aside.

    `left_out` names the others; `kept_inside` are sentences on files that nobody can read and that lie in the dropped
    archive alone.
    """

    def __init__(self, spool: Spool, job: str, account: AccountWriter) -> None:
        self._spool, self._job, self._account = spool, job, account
        self._quarantine = QuarantineShare(spool, job)
        self.released = 0
        self.left_out: list[LeftOut] = []
        self.kept_inside: list[str] = []

    async def send(self, files: Sequence[tuple[Unit, Path]]) -> None:
        """Let one file, or an album of several, out to be sent."""
        await self._account.note(*(unit.first for unit, _ in files))
        if len(files) == 1:
            unit, path = files[0]
            entry = await in_thread(self._spool.release, self._job, path, unit, "uploading")
        else:
            entry = await in_thread(self._spool.release_album, self._job, files)
        log.info("unit.released", job=self._job, unit=str(entry.unit), files=len(files))

    async def defer(self, member: AssessedMember) -> None:
        """Let it out to be converted."""
        self.released += 1
        await self._account.note(member.unit.first)
        release = self._spool.release
        entry = await in_thread(release, self._job, member.path, member.unit, "deferred")
        reason = "; ".join(member.verdict.reasons) if member.verdict is not None else ""
        log.info("unit.deferred", job=self._job, unit=str(entry.unit), reason=reason)

    async def refuse(self, member: AssessedMember) -> None:
        """Set it aside with its reason; beyond quarantine's share it stays in the archive alone."""
        reason = member.sentence()
        if not await in_thread(self._quarantine.take, member.path):
            self.kept_inside.append(f"{member.name}: {member.why_refused} It lies in the archive.")
            await self.leave_out(member, f"it lies in the archive, unread: {member.why_refused}")
            return
        self.released += 1
        await self._account.note(member.unit.first)
        log.warning("unit.quarantined", job=self._job, unit=str(member.unit), reason=reason)
        set_aside = self._spool.quarantine_staged
        await in_thread(set_aside, self._job, member.path, member.unit, reason)

    async def leave_out(
        self, member: AssessedMember, reason: str = "", proof: Receipt | None = None
    ) -> None:
        """Name it as left out, and its clip; remove what came out. `proof`: by which it is found where it was sent."""
        self._account.lines.pop(member.unit.first, None)
        reason = reason or member.why_left_out
        size, digest = (proof.size, proof.digest) if proof is not None else (0, "")
        self.left_out.append(LeftOut(member.name, reason, size, digest, member.unit.first))
        await self.drop(member.path)
        if member.clip is not None:
            await self.leave_out(member.clip, reason)

    async def drop(self, path: Path) -> None:
        """Remove what has come out and is not sent; a file that was dropped alone stays where it is."""
        if path.is_relative_to(self._spool.tmp):
            await in_thread(self._spool.disk.unlink, path)
