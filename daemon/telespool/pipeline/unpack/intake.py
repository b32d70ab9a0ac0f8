"""incoming/ → uploading/, deferred/, quarantine/; the drop itself → done/.

A drop is an archive, a folder, or a single file. Its members come out one by one, are judged, and are released in
natural name order as soon as the ones before them are: photos and videos that Telegram plays into uploading/, as
albums; videos that must be converted first into deferred/; what nobody can read into quarantine/. What stands in any
folder already (after a crash) is not unpacked again.

The drop goes to done/ after its last member has left; to quarantine/ if it cannot be read, or is damaged (its good
members are sent all the same).
"""

from __future__ import annotations

import contextlib
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from telespool.archives.engine import Engine
from telespool.errors import (
    ChildDied,
    LockedOut,
    NoRoom,
    Permanent,
    ToolFault,
    Unreadable,
    VolumeMissing,
)
from telespool.pipeline.unpack import outcome
from telespool.pipeline.unpack.caption_files import CaptionFiles
from telespool.pipeline.unpack.late_arrivals import LateArrivals
from telespool.pipeline.unpack.release_order import ReleaseOrder
from telespool.pipeline.unpack.room_queue import ROOM_AGAIN, RoomQueue
from telespool.pipeline.unpack.sources import Rules, open_source
from telespool.pipeline.worker import Worker, log
from telespool.runtime.cancellation import in_thread
from telespool.runtime.throttle import Throttle
from telespool.runtime.waits import Wait
from telespool.spool.delivered_index import DeliveredIndex
from telespool.spool.job_captions import JobCaptions
from telespool.spool.job_report import close_job

if TYPE_CHECKING:
    from telespool.errors import TelespoolError, Temporary
    from telespool.pipeline.unpack.sources import Source
    from telespool.pipeline.worker import WorkerContext
    from telespool.spool.layout import Entry

_LOOK_AGAIN = 60.0


class Intake(Worker):
    """Unpacks and sorts, one drop at a time, oldest first."""

    name = "intake"
    hears = ("incoming",)

    def __init__(
        self, context: WorkerContext, engine: Engine | None, passwords: tuple[str, ...] = ()
    ) -> None:
        super().__init__(context)
        self.engine = engine
        self.passwords = passwords
        self._room = RoomQueue(context)
        self._incoming = context.wakeups.listen(("incoming",))
        self._pace = Throttle()
        self._late = LateArrivals(context.spool)
        self._delivered = DeliveredIndex(context.spool, context.config.chats)
        self._row: list[Entry] = []
        self._not_before: dict[str, float] = {}

    async def step(self) -> float:
        """Unpack the oldest drop that need not wait."""
        pause = min(_LOOK_AGAIN, await in_thread(self._late.look))
        if not self._row or self._incoming.rung:
            if left := self._pace.left():
                pause = min(pause, left)
            else:
                self._incoming.clear()
                pause = min(pause, await in_thread(self._look))
        while self._row:
            drop = self._row.pop()
            if not await in_thread(drop.path.exists):
                continue
            await in_thread(self.guard.begin, drop)
            if not await in_thread(self.spool.send_home, drop):
                await self._take_in(drop)
            return 0.0
        return pause

    def _look(self) -> float:
        """Line up what may be unpacked now; seconds until something else may be."""
        pause, row = _LOOK_AGAIN, []
        now = time.monotonic()
        with self._pace:
            drops = list(self.spool.all_units("incoming"))
        self._room.keep({drop.job for drop in drops})
        for drop in drops:
            wait = self._due_in(drop)
            if wait <= 0:
                row.append(drop)
            else:
                pause = min(pause, wait)
        self._not_before = {job: due for job, due in self._not_before.items() if due > now}
        self._row = row[::-1]
        return pause

    async def _take_in(self, drop: Entry) -> None:
        drop = await in_thread(self.spool.begin, drop)
        self.context.activity.unpacking = drop.unit.label
        self.context.activity.waits.end(self.name, drop.job)
        try:
            await self.attempt(drop, self._unpack(drop))
        finally:
            self.context.activity.unpacking = None
        if drop.job not in self._not_before:
            await in_thread(close_job, self.spool, drop.job)

    async def give_up(self, entry: Entry, error: TelespoolError) -> None:
        """Quarantine the drop."""
        # In the spool the drop has a number and a mark; people know it by its own name.
        reason = entry.unit.in_words(error.reason)
        log.warning("unit.quarantined", job=entry.job, unit=str(entry.unit.plain()), reason=reason)
        await in_thread(self.spool.quarantine, entry, reason)

    async def put_off(self, entry: Entry, error: Temporary) -> None:
        """Let the drop wait where it is; what lets a child be killed each time is poison at the limit."""
        grows = isinstance(error, Unreadable | LockedOut)
        age = await in_thread(self.age, entry) if grows else 0.0
        if isinstance(error, Unreadable) and age > self.config.send.max_age:
            raise Permanent(f"{error.reason} Move it back to incoming/ when it is.") from None
        if isinstance(error, ChildDied) and self._is_last_try(entry):
            raise Permanent(
                f"{error.reason} That happened {entry.unit.attempt} times with {entry.unit.label}, so it"
                " is not tried again. Move it back to incoming/ to try once more."
            ) from None
        if isinstance(error, NoRoom):
            await in_thread(self.spool.pause, entry)
            self._room.stand_aside(entry, error)
            return
        wait = error.retry_after or self.config.send.retry_min
        if isinstance(error, ToolFault) and error.tool == "7-Zip":
            self.engine = None  # an upgrade may have put it elsewhere
        if grows:
            wait = max(wait, min(age, self.config.send.retry_max))
        self._not_before[entry.job] = time.monotonic() + wait
        if not isinstance(error, ChildDied):
            await in_thread(self.spool.pause, entry)
        until = self.spool.clock() + wait
        self.context.activity.waits.begin(
            self.name, Wait(entry.unit.in_words(error.reason), until, "job", entry.job, error.kind)
        )
        log.info(
            "wait.started",
            job=entry.job,
            unit=str(entry.unit.plain()),
            seconds=round(wait),
            reason=entry.unit.in_words(error.reason),
        )

    def try_again(self, job: str) -> None:
        """Take a drop in that waits for its next try."""
        if self._not_before.pop(job, None) is not None:
            self.context.activity.waits.end(self.name, job)
        self._incoming.ring()
        super().try_again(job)

    def _is_last_try(self, drop: Entry) -> bool:
        return drop.unit.attempt >= self.config.send.max_deaths

    async def _unpack(self, drop: Entry) -> None:
        # The drop itself is no member of it.
        standing = set(await in_thread(self.spool.standing, drop.job)) - {0}
        source = await self._open(drop)
        log.info(
            "unpack.started",
            job=drop.job,
            unit=str(drop.unit.plain()),
            kind=source.kind,
            members=len(source.members),
        )
        sorting = ReleaseOrder(
            self.spool,
            self.config,
            drop.job,
            source.members,
            standing=standing,
            last_try=self._is_last_try(drop),
            delivered=self._delivered,
            captions=await self._captions(drop, source),
        )
        try:
            await self._release(drop, source, sorting, standing)
        finally:
            await source.close()
        sorting.out.left_out += source.left_out
        source.damage += sorting.out.kept_inside
        if not standing and (reason := outcome.nothing_inside(drop.unit.label, source, sorting)):
            raise Permanent(reason)
        told = await sorting.close_account(standing)
        if reason := outcome.not_whole(drop.unit.label, source, sorting):
            raise Permanent(reason)
        if not told:
            log.warning(
                "account.incomplete",
                job=drop.job,
                reason="an earlier process died before it could note all members: the drop is kept",
            )
        if told and source.kind == "folder":
            await in_thread(self._late.put_back, drop)
        if source.kept_apart or (sorting.known and not sorting.out.released):
            filed = await in_thread(self.spool.release_drop, drop)
            if source.kind == "folder":
                self._late.watch(filed)
        log.info(
            "unpack.finished",
            job=drop.job,
            unit=str(drop.unit.plain()),
            released=sorting.out.released,
            skipped=len(sorting.out.left_out),
        )

    async def _captions(self, drop: Entry, source: Source) -> CaptionFiles:
        """What the captions of a drop are for; those are known as well that stand in a folder already."""
        before = await in_thread(JobCaptions.read, self.spool, drop.job)
        return CaptionFiles.of_source(source, drop.unit.label, before, drop.topic)

    async def _open(self, drop: Entry) -> Source:
        if self.engine is None:
            with contextlib.suppress(ToolFault):  # told by whoever needs it: other drops do not
                self.engine = await Engine.find_working(self.config.archives)
        try:
            return await open_source(
                drop,
                await in_thread(self.spool.archive_in, drop),
                Rules.of_chat(
                    self.config.chat(drop.chat),
                    self.config,
                    self.spool.tmp / f"{drop.job}.unpack",
                    self.engine,
                    self.passwords,
                    self.spool.disk,
                    room=self.spool.room,
                ),
                self.spool.room,
            )
        except VolumeMissing as error:
            raise Permanent(outcome.volume_missing(error)) from error

    async def _release(
        self, drop: Entry, source: Source, sorting: ReleaseOrder, standing: set[int]
    ) -> None:
        async with aclosing(source.pieces(skip=standing)) as pieces:
            while True:
                await self._wait_for_room(drop, source.next_size(), sorting)
                try:
                    piece = await anext(pieces, None)
                except NoRoom as error:
                    needed = max(error.needed, source.next_size())
                    raise await in_thread(self._room.fell_short, drop, error, needed) from None
                if piece is None:
                    break
                self.alive()
                await sorting.add(piece)
        await sorting.finish()

    async def _wait_for_room(self, drop: Entry, size: int, sorting: ReleaseOrder) -> None:
        """Return when `size` bytes fit above the reserve; sending makes room.

        NoRoom where others could be unpacked meanwhile: nobody stands behind the one that waits. Permanent where it
        can never fit.
        """
        if self._room.surely_fits(size):
            return
        while (error := await in_thread(self._room.lacking, drop, size)) is not None:
            if sorting.holds_back:
                # Name order and little room contradict: room wins.
                log.info(
                    "release.reordered",
                    job=drop.job,
                    reason="the disk is nearly full, so what is unpacked is sent before what comes first by name",
                )
                await sorting.let_go()
                continue
            others = bool(self._row) or await in_thread(self._others, drop)
            if others:
                raise error
            self._room.wait_begins(drop, error)
            self.alive()
            await self._room.changed(self._incoming)
        self._room.wait_ends(drop.job)

    def _others(self, drop: Entry) -> bool:
        """Whether another drop lies there that need not wait. Blocks."""
        return any(
            each.job != drop.job and self._due_in(each) <= 0
            for each in self.spool.all_units("incoming")
        )

    def _due_in(self, drop: Entry) -> float:
        """Seconds until this drop may be unpacked; 0 or less where it may be now."""
        if drop.chat not in self.config.chats:
            return _LOOK_AGAIN  # its rules are not known (`absent_chats`)
        if self._room.must_wait(drop.job):
            return ROOM_AGAIN
        return self._not_before.get(drop.job, 0.0) - time.monotonic()
