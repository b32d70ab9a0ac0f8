"""uploading/ → done/; what Telegram refuses → deferred/ or quarantine/; what must wait → deferred/ and back.

One unit at a time, in the order people expect: over all jobs photos, then videos, then other files, then converted
copies; inside a job by number. The files of an album are brought there together; each that is refused is taken out
(its rename commits that), and only then the rest is posted, so that an album's membership is fixed on disk before it
is sent. Every request carries ids derived from job and number: repeated after a crash, it is the same.

Waiting is not failing. A wait of everybody or of a whole chat puts all units it concerns aside until its end, so that
the converter can use the time and `ls` shows it; a short one is waited out. What has no chat waits (`absent_chats`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from telespool.destinations.base import SupportsPreviews
from telespool.errors import (
    LivePhotoRefused,
    LockedOut,
    NeedsConversion,
    NoRoom,
    Permanent,
    TelespoolError,
    Temporary,
    ToolFault,
)
from telespool.pipeline.send.absent_chats import first_with_chat
from telespool.pipeline.send.files_behind import FilesBehind
from telespool.pipeline.send.gatherer import Gatherer
from telespool.pipeline.send.live_photos import with_clips, with_halves
from telespool.pipeline.send.posting import deliver, post_all
from telespool.pipeline.send.prepare import Preparer
from telespool.pipeline.send.refusals import give_up, waiting_together
from telespool.pipeline.send.report_sender import ReportSender
from telespool.pipeline.send.retry_queue import RetryQueue
from telespool.pipeline.send.sending_times import SendingTimes
from telespool.pipeline.send.sending_waits import SendingWaits
from telespool.pipeline.send.stager import AHEAD, Stager, stamps
from telespool.pipeline.send_queue import SendQueue
from telespool.pipeline.worker import Worker, log
from telespool.runtime.cancellation import in_thread
from telespool.runtime.waits import EVERYBODY, Wait
from telespool.spool import receipts
from telespool.spool.job_report import close_job
from telespool.spool.titles import called

if TYPE_CHECKING:
    from telespool.destinations.base import Destination
    from telespool.pipeline.send.stager import StagedUnit
    from telespool.pipeline.worker import WorkerContext
    from telespool.spool.layout import Entry

_SHORT_WAIT = 20.0
_AFTER_DEATH = 30
"""Units that are sent alone after the process died over one: the next death names who is to blame."""


class Uploader(Worker):
    """Sends what lies in uploading/."""

    name = "uploader"
    hears = ("uploading", "deferred", "converting", "incoming")

    def __init__(self, context: WorkerContext, destination: Destination) -> None:
        super().__init__(context)
        self.destination = destination
        previews = isinstance(destination, SupportsPreviews) and destination.previews
        self.preparing = Preparer(
            context.spool, context.config, context.limit, previews=previews, alive=self.alive
        )
        self.stager = Stager(context, destination, self.preparing, self.alive)
        self._files = FilesBehind(context.config, destination, self.preparing)
        self.queue = SendQueue(context.spool)
        self.reporting = ReportSender(context.spool, context.config, destination, context.hooks)
        if self.reporting.wanted:
            self.wakeup = context.wakeups.listen((*self.hears, "done"))
        # Albums gather in deferred/ for what is still to be unpacked and converted.
        self.returning = RetryQueue(
            context.spool,
            context.wakeups.listen(("deferred", "converting", "incoming")),
            context.activity.waits,
            context.config.chats,
            Gatherer(context.spool, context.config, context.activity.waits),
        )
        self._uploading = context.wakeups.listen(("uploading",))
        self._holds = SendingWaits(self.name, context.activity.waits, context.spool)
        self._times = SendingTimes(context.config.send, context.spool)
        self._trouble_since: float | None = None
        self._alone = 0
        self._waits = context.activity.waits

    async def run(self) -> None:
        """Work until cancelled; what is being brought ahead is broken off with it."""
        try:
            await super().run()
        finally:
            await self.stager.close()

    async def step(self) -> float:
        """Bring back what has waited long enough, then send the first unit in order."""
        self.returning.release(self._holds.ended())
        pause = await self.returning.look(self.queue.forget)
        for job in self.returning.called_back():
            self._holds.end(job)
            pause = 0.0
        if not pause:
            return 0.0
        changed = self._uploading.rung
        self._uploading.clear()
        entry, wait = await in_thread(self._next, changed)
        if self.queue.conflicts:
            await in_thread(self.renumber, self.queue.conflicts.pop())
            self.queue.forget()
            return 0.0
        if entry is None:
            return 0.0 if await self.reporting.tell() else pause
        if wait:
            self._waits.begin(self.name, wait)
        if held := self._holds.of(entry):
            if self.returning.was_taken(entry) and self._holds.end(entry.job):
                return 0.0
            return await self._apply_hold(entry, *held)
        async with self.context.sending:
            await self._send(entry)
        return 0.0

    def _next(self, changed: bool) -> tuple[Entry | None, Wait | None]:
        """The first unit in order, and the wait for a time at which posts are made. Blocks."""
        entry = first_with_chat(self.queue, self.spool, self.config, changed=changed)
        asked = entry is not None and not self.queue.conflicts
        return entry, self._times.wait(self.spool.clock()) if asked else None

    # -- waiting -----------------------------------------------------------------------------------

    async def _apply_hold(self, entry: Entry, whom: str, until: float, reason: str) -> float:
        wait = until - self.spool.clock()
        if wait <= _SHORT_WAIT and whom == EVERYBODY:
            return wait
        told = {"job": entry.job, "unit": str(entry.unit), "seconds": round(wait)}
        log.info("wait.started", **told, reason=reason)
        self.returning.expect(entry, until)
        await in_thread(self.spool.wait, entry, until)
        self.queue.forget(entry)
        return 0.0

    async def put_off(self, entry: Entry, error: Temporary) -> None:
        """A unit, its chat, or everybody must wait."""
        self.guard.waits()
        now, settings = self.spool.clock(), self.config.send
        age = await in_thread(self.age, entry)
        own = min(max(age, settings.retry_min), settings.retry_max)
        delay = own if error.retry_after is None else error.retry_after
        if (
            error.scope == "unit"
            and age > settings.max_age
            and not isinstance(error, ToolFault | NoRoom | LockedOut)
        ):
            raise Permanent(
                f"{await in_thread(called, self.spool, entry)} could not be sent for {age / 86400:.0f} days; the last reason was:"
                f" {error.reason} Move it back to uploading/ to try again."
            )
        told = {"job": entry.job, "unit": str(entry.unit.plain()), "scope": error.scope}
        log.warning("wait.started", **told, seconds=round(delay), reason=error.reason)
        if error.scope != "unit":
            # What lasts is put aside even if each try asks for a short wait only: others can use the time.
            self._trouble_since = self._trouble_since or now
            if now - self._trouble_since > _SHORT_WAIT:
                delay = max(delay, settings.retry_min)
            self._holds.begin(entry, error, now + delay)
            if delay <= _SHORT_WAIT:
                await self._let_go(entry)
                return
        if error.scope == "unit":
            whom = f"{entry.job}/{entry.unit.plain()}"
            self._waits.begin(self.name, Wait(error.reason, now + delay, "unit", whom, error.kind))
        self.returning.expect(entry, now + delay)
        await in_thread(self.spool.wait, entry, now + delay)

    def try_again(self, job: str) -> None:
        """End what this job waits for, of its chat and of everybody."""
        self._holds.end(job)
        super().try_again(job)

    def was_cancelled(self, job: str) -> None:
        """Break off what is being brought ahead of a job."""
        self.stager.drop_job(job)
        super().was_cancelled(job)

    async def _let_go(self, entry: Entry) -> None:
        await super()._let_go(entry)
        self.queue.reset()

    # -- sending -----------------------------------------------------------------------------------

    async def _brought(self, entry: Entry) -> StagedUnit | None:
        """What was brought ahead of this unit, while the next ones are."""
        if not self.stager.has(entry):
            return None
        self.stager.ahead([entry, *self._following()])
        return await self.stager.brought(entry)

    def _following(self) -> list[Entry]:
        behind = [] if self._alone > 0 else self.queue.following(AHEAD)
        return [e for e in behind if e.chat in self.config.chats and not self._holds.of(e)]

    async def _send(self, entry: Entry) -> None:
        self.queue.forget(entry)
        try:
            if await in_thread(self._goes_home, entry):
                return
            if entry.unit.attempt:
                self._alone = _AFTER_DEATH
            unit = await self._brought(entry)
            self._waits.end(self.name, f"{entry.job}/{entry.unit.plain()}")
            entry, members, unit = await in_thread(self._begin, entry, unit)
        except FileNotFoundError:
            return  # a person took it away
        try:
            await self.attempt(entry, self._attempt(entry, unit, members))
        except FileNotFoundError:
            await in_thread(close_job, self.spool, entry.job)  # a person took away the last of it
            raise
        finally:
            self.context.activity.upload = None
            await self.preparing.clean(members)
        await in_thread(close_job, self.spool, entry.job)

    def _goes_home(self, entry: Entry) -> bool:
        """Whether it belongs into another folder, where it is now. Blocks."""
        self.guard.begin(entry)
        return self.spool.send_home(entry)

    def _begin(
        self, entry: Entry, unit: StagedUnit | None
    ) -> tuple[Entry, list[Entry], StagedUnit | None]:
        """Mark the unit; its files, and what was brought of it ahead where they are still the same. Blocks."""
        same = unit is not None and unit.stamps == stamps(self.spool.members(entry))
        entry = self.spool.begin(entry)
        members = self.spool.members(entry)
        if unit is not None and same:
            unit.moved(members)
        return entry, members, unit if same else None

    async def _attempt(self, entry: Entry, unit: StagedUnit | None, touched: list[Entry]) -> None:
        """Make one attempt at a unit (`unit`: brought ahead), to its receipt; `touched` gets members that it makes."""
        if unit is None:
            bringing = asyncio.create_task(self.stager.bring(entry), name="stage a unit")
            await asyncio.sleep(0)  # its files go first
            self.stager.ahead(self._following())
            unit = await bringing
        self.context.activity.upload = unit.activity
        members, staged, refused = unit.members, unit.staged, unit.refused
        if before := await self.stager.posted_before(entry, unit):
            await self._receipt(entry, unit, before, [])
            return
        for _ in range(len(members) + 2):
            if await self._part(entry, members, refused):
                if not entry.unit.is_album:
                    return  # it has another name now, and is begun anew
                unit = await self.stager.bring(entry)
                self.context.activity.upload = unit.activity
                members, staged, refused = unit.members, unit.staged, unit.refused
                touched += members.values()
                continue
            await self._take_out(entry, members, refused, alone=not staged)
            if not staged:
                return
            posted = [number for number in members if number not in refused]
            await in_thread(receipts.ask, self.spool, entry.job, posted)
            messages, refused, notes = await post_all(
                self.destination, self.preparing, entry, staged
            )
            for number in refused:
                del staged[number]
            if not messages:
                continue
            messages = with_clips(messages, members.values())
            await self._take_out(entry, members, refused, alone=False)
            self._trouble_since = None
            for number in await in_thread(unit.replaced):
                messages.pop(number, None)  # what has its name now was not sent: it goes by itself
                await in_thread(self.renumber, members[number])
            if not messages:
                return
            notes += await self._files.post(entry, unit, messages)
            await self._receipt(entry, unit, messages, notes)
            return

    async def _part(
        self, entry: Entry, members: dict[int, Entry], refused: dict[int, TelespoolError]
    ) -> bool:
        """Part the live photos that are refused as such, of which nothing was posted; the unit is brought anew."""
        apart = {n: e for n, e in refused.items() if isinstance(e, LivePhotoRefused)}
        if not apart:
            return False
        reason = next(iter(apart.values())).reason
        told = {"job": entry.job, "unit": str(entry.unit.plain()), "files": len(apart)}
        log.info("live_photo.parted", **told, reason=reason)
        await self.preparing.part(entry, list(members.values()), apart)
        return True

    async def _receipt(
        self, entry: Entry, unit: StagedUnit, messages: dict[int, int], notes: list[str]
    ) -> None:
        sent = [line for number, line in unit.lines.items() if number in messages]
        peer = self.config.chats.get(entry.chat, "")
        kept = {n: unit.staged[n].kept for n in messages if n in unit.staged}
        done = await in_thread(deliver, self.spool, entry, sent, messages, peer, notes, kept)
        self._alone -= 1
        self._times.posted(self.spool.clock())
        self.context.activity.counts["delivered"] += len(messages)
        told = {"job": entry.job, "unit": str(done.unit), "chat": entry.chat}
        log.info("unit.delivered", **told, files=len(messages))

    # -- refusals ----------------------------------------------------------------------------------

    async def _take_out(
        self,
        entry: Entry,
        members: dict[int, Entry],
        refused: dict[int, TelespoolError],
        *,
        alone: bool,
    ) -> None:
        """Take the refused files out of the unit, each to where its error says; the rest goes on without them.

        Files that must wait hold up nobody: those that wait for the same wait together, a still with its clip.
        A wait of all is raised.
        """
        for wait, numbers in waiting_together(refused, alone=alone):
            found = with_halves(numbers, members.values())
            await self._put_off(await in_thread(self.spool.set_apart, entry, found), wait)
        for number, error in refused.items():
            if isinstance(error, Temporary):
                continue
            member = members[number]
            if isinstance(error, NeedsConversion) and self.preparing.convertible(member):
                told = {"job": member.job, "unit": str(member.unit.plain())}
                log.info("unit.deferred", **told, reason=error.reason)
                await in_thread(self.spool.defer, member)
            else:
                await self.give_up(member, error)
        if alone and entry.unit.is_album:
            await in_thread(self.spool.drop_empty_album, entry)

    async def give_up(self, entry: Entry, error: TelespoolError) -> None:
        """Quarantine: of a converted copy the original, and the copy is removed."""
        await give_up(self.spool, entry, error.reason)
