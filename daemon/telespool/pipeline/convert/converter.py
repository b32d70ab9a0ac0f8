"""deferred/ → converting/ → a copy in uploading/; the original → done/ after its copy was delivered.

The one converter. It begins nothing while anything lies in uploading/, and what it has begun stands still until that
folder is empty again (the gate). A finished copy is sent before the next original is taken, unless it gathers: copies
of one job wait in deferred/ for an album to fill (`spool.gathering`), and that is sent before the next original is
taken. With `convert.deferred = false` it converts at once and gives way to nobody.

The original stays in converting/ until its copy is in done/. An attempt that fails is counted by @K; after
`convert.max_tries` the original goes to quarantine with ffmpeg's last words. An ffmpeg that somebody killed is no
failure but a death: after `send.max_deaths` of them without a finished piece in between the original is poison.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from telespool.errors import ChildDied, LockedOut, NoRoom, Temporary, Unreadable
from telespool.file_endings import by_ending
from telespool.media.compatibility import assess
from telespool.observe.progress import ConversionProgress
from telespool.pipeline.convert.chapters import chapters_ahead
from telespool.pipeline.convert.conversion_phase import Phase
from telespool.pipeline.convert.copy_maker import CopyMaker
from telespool.pipeline.convert.helping import Helping
from telespool.pipeline.worker import Worker, log
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.gate import PauseGate
from telespool.runtime.throttle import Throttle
from telespool.runtime.timers import Deadline
from telespool.runtime.waits import LASTING, Wait
from telespool.spool import delivered_index, numbering
from telespool.spool.job_report import close_job

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.errors import TelespoolError
    from telespool.media.convert import Progress
    from telespool.pipeline.worker import WorkerContext
    from telespool.spool.layout import Entry

_LOOK_AGAIN = 60.0


class Converter(Worker):
    """Converts one original at a time."""

    name = "converter"
    hears = ("uploading", "deferred", "converting", "done")

    def __init__(self, context: WorkerContext, gate: PauseGate) -> None:
        super().__init__(context)
        self.gate = gate
        self._pause = Deadline(0.0, 0.0)
        self._phase: Phase | None = None
        self._own: set[tuple[str, int]] = set()
        self._deferred = context.wakeups.listen(("deferred",))
        self._looking, self._queueing = Throttle(), Throttle()
        self._converting = context.wakeups.listen(("converting",))
        self._empty, self._none_begun = Throttle(_LOOK_AGAIN), False
        self._row: list[Entry] = []
        self._helping = Helping(context.activity)
        self._maker = CopyMaker(context, self._helping)

    async def step(self) -> float:
        """Release an original whose copy has arrived, go on with one that was begun, or take the next."""
        self._helping.of(self.config.convert)
        if pause := self._looking.left():
            return pause
        original = await in_thread(self._begun) if self._may_have_begun() else None
        if original is None and (self.gate.is_open or not self.config.convert.deferred):
            if not self._row or self._deferred.rung:
                pause = self._queueing.left()
                if not pause:
                    self._deferred.clear()
                    await in_thread(self._line_up)
            original = await in_thread(self._take_next)
            if original is None and pause:
                return pause
            if original is None:
                self._end_phase()
        if original is None:
            return _LOOK_AGAIN
        if (left := self._pause.left(self.spool.clock())) > 0:
            return left
        if self.config.convert.deferred and not self.gate.is_open:
            return _LOOK_AGAIN
        await in_thread(self.guard.begin, original)
        await self._convert(original)
        return 0.0

    def _may_have_begun(self) -> bool:
        """Whether converting/ must be looked into: sending wakes us often, and mostly the folder is empty."""
        if self._none_begun and not self._converting.rung and self._empty.left():
            return False
        self._converting.clear()
        return True

    def _begun(self) -> Entry | None:
        """The original to go on with. Those whose copy is under way wait; those whose copy arrived are released."""
        with self._empty:
            originals = list(self.spool.all_units("converting"))
        self._none_begun = not originals
        for original in originals:
            if self.spool.send_home(original):
                continue
            with self._looking:
                copy = self.spool.copy_of(original.job, original.unit.first)
            if copy is None:
                if self._has_chat(original):
                    return original
                continue
            if copy.folder == "done" and copy.unit.message is None:
                # A person withdrew the copy, so its original is not sent either: it is no proof of anything.
                self.spool.drop_segments(original)
                self.spool.put(original, "done", original.unit.plain())
                close_job(self.spool, original.job)
            elif copy.folder == "done":
                line = delivered_index.line_of(original)
                if line is not None:
                    delivered_index.record(
                        self.spool,
                        original.job,
                        [line],
                        {},
                        self.config.chats.get(original.chat, ""),
                    )
                done = self.spool.release_original(original)
                log.info("unit.recovered", job=done.job, unit=str(done.unit))
                close_job(self.spool, done.job)
            else:
                self.spool.drop_segments(original)
        return None

    def _line_up(self) -> None:
        """Look for all that is to be converted, oldest first."""
        with self._queueing:
            units = filter(self._has_chat, self.spool.all_units("deferred"))
            row = [entry for entry in units if _is_mine(entry)]
            conflicts = numbering.conflicts(self.spool, row, "deferred")
        renumbered = {each: self.renumber(each) for each in conflicts if _is_mine(each)}
        row.sort(key=_turn)
        self._row = [renumbered.get(entry, entry) for entry in reversed(row)]

    def _has_chat(self, entry: Entry) -> bool:
        """Whether the configuration has its chat; without it the original waits as it is (`absent_chats`)."""
        return entry.chat in self.config.chats

    def _take_next(self) -> Entry | None:
        while self._row:
            entry = self._row.pop()
            if plain_files.exists(entry.path):
                begun = self.spool.start_conversion(entry)
                if self.spool.copy_of(entry.job, entry.unit.first) is not None:
                    return None  # a person moved it back after it was converted
                self._own.add((entry.job, entry.unit.first))
                return begun
        return None

    async def _convert(self, original: Entry) -> None:
        if (original.job, original.unit.first) not in self._own or not original.unit.attempt:
            # Begun by an earlier process, which died or was stopped over it: another attempt.
            self._own.add((original.job, original.unit.first))
            original = await in_thread(self.spool.begin, original)
        log.info("conversion.started", job=original.job, unit=str(original.unit))
        activity = ConversionProgress(original.job, str(original.unit.plain()))
        self.context.activity.conversion = activity
        finished = await in_thread(self.spool.finished, original)

        def progress(state: Progress) -> None:
            nonlocal finished
            self.alive()
            if (now := self.spool.finished(original)) > finished:
                finished = now
                self.spool.advance(original)
            activity.done = state.fraction
            activity.speed, activity.seconds_left = state.speed, state.seconds_left
            activity.standing_still = not self.gate.is_open
            self._helping.tell()
            promise.check()

        begun = time.monotonic()
        self._phase = self._phase or Phase()
        settings = self.config.convert
        gate = self.gate if settings.deferred else PauseGate()
        promise = self.spool.room.promise(original.unit.label)

        async def work() -> None:
            limit = await self._maker.limit()
            try:
                async with plain_files.unchanged(original.path) as state:
                    verdict = await assess(
                        original.path, settings, max_bytes=limit, name=original.unit.label
                    )
                    # While it is encoded anew its segments and the whole lie beside each other.
                    size = state.st_size * (2 if verdict.action == "encode" else 1)
                    await in_thread(promise.grow, size)
                    parts = await self._maker.make(original, verdict, limit, gate, progress)
            except plain_files.NotPlain:
                await in_thread(self._maker.drop_made, original)
                raise
            # Before they are let out: they may be on their way the moment after.
            sizes = await in_thread(_sizes, original.path, parts)
            gathers = verdict.kind in {"photo", "video"} and not original.unit.goes_as_document
            copy = await in_thread(self._let_out, original, parts, gathers)
            self._note_success(time.monotonic() - begun, *sizes)
            log.info("conversion.finished", job=original.job, unit=str(copy.unit))
            await in_thread(self.spool.drop_segments, original)
            await in_thread(self._maker.drop_folders, original)

        self.context.activity.waits.end(self.name)
        try:
            await self.attempt(original, work())
        finally:
            promise.release()
            self.context.activity.conversion = None

    def _let_out(self, original: Entry, parts: tuple[Path, ...], gathers: bool) -> Entry:
        chat, now = self.config.chat(original.chat), self.spool.clock()
        if not gathers or chat.patience <= 0:
            if len(parts) > 1:
                return self.spool.release_parts(original, parts)
            return self.spool.release_copy(original, parts[0])
        until, size = now + chat.patience, chat.album
        if len(parts) > 1:
            copy = self.spool.let_out_parts(original, parts, until=until, size=size)
        else:
            together = chapters_ahead(self.spool, original, size)
            copy = self.spool.let_out_copy(
                original, parts[0], until=until, size=size, together=together
            )
        # Before the next one is taken: an album that lacks nothing is sent first.
        self.spool.close_due(original.job, size, lambda _, until: until - now)
        return copy

    def _note_success(self, seconds: float, before: int, after: int) -> None:
        counts = self.context.activity.counts
        counts["conversions_succeeded"] += 1
        counts["conversion_seconds"] += round(seconds)
        if self._phase is not None:
            self._phase.converted += 1
            self._phase.bytes_before += before
            self._phase.bytes_after += after

    def _end_phase(self) -> None:
        """Nothing is left to convert: say what the phase has brought."""
        phase, self._phase = self._phase, None
        if phase is not None and (phase.converted or phase.given_up):
            log.info("recovery.finished", **phase.to_json())

    async def put_off(self, original: Entry, error: Temporary) -> None:
        """Let the original wait. Where a child was killed the mark stays, and counts as if we had died with it."""
        wait = error.retry_after or self.config.send.retry_min
        now = self.spool.clock()
        if isinstance(error, NoRoom):
            await in_thread(self.spool.close_copies)
            what = f"{original.job}/{original.unit.plain()}"
            self.context.activity.waits.begin(
                self.name, Wait(error.reason, now + wait, "unit", what, error.kind)
            )
        if isinstance(error, Unreadable | NoRoom | LockedOut):
            # Others go on; it comes back by way of the uploader.
            await in_thread(self.spool.wait, original, now + wait)
            log.warning(
                "wait.started",
                job=original.job,
                unit=str(original.unit.plain()),
                reason=error.reason,
            )
            return
        if isinstance(error, ChildDied):
            deaths = await in_thread(self.spool.deaths, original)
            if deaths >= self.config.send.max_deaths:
                reason = (
                    f"{error.reason} That happened {deaths} times with {original.unit.label}, so it is not"
                    " tried again. Move it back to deferred/ to try once more."
                )
                await self._give_up(original, reason)
                return
            self._own.discard((original.job, original.unit.first))
        else:
            await in_thread(self.spool.pause, original)
        self._pause = Deadline.to(now + wait, now)
        whom = f"{original.job}/{original.unit.plain()}"
        self.context.activity.waits.begin(
            self.name, Wait(error.reason, now + wait, "unit", whom, error.kind)
        )
        log.warning(
            "wait.started",
            job=original.job,
            unit=str(original.unit.plain()),
            seconds=round(wait),
            reason=error.reason,
        )

    def try_again(self, job: str) -> None:
        """Go on with an original that waits for its next try."""
        waits = self.context.activity.waits
        for wait in waits.begun_by(self.name):
            if wait.concerns(job) and wait.kind not in LASTING:
                waits.end(self.name, wait.whom)
                self._pause = Deadline(0.0, 0.0)
        super().try_again(job)

    async def give_up(self, original: Entry, error: TelespoolError) -> None:
        """Count an attempt that failed; at the limit quarantine the original."""
        reason, tries = error.reason, original.unit.attempt
        if tries < self.config.convert.max_tries:
            log.warning(
                "conversion.failed", job=original.job, unit=str(original.unit), reason=reason
            )
            await in_thread(self.spool.begin_again, original)  # the next attempt's number
            return
        await self._give_up(original, reason)

    async def _give_up(self, original: Entry, reason: str) -> None:
        log.warning(
            "unit.quarantined", job=original.job, unit=str(original.unit.plain()), reason=reason
        )
        self.context.activity.counts["conversions_given_up"] += 1
        if self._phase is not None:
            self._phase.given_up += 1
        await in_thread(self.spool.quarantine, original, reason)
        await in_thread(close_job, self.spool, original.job)


def _sizes(original: Path, parts: tuple[Path, ...]) -> tuple[int, int]:
    size = plain_files.lstat(original).st_size
    return size, sum(plain_files.lstat(part).st_size for part in parts)


def _is_mine(entry: Entry) -> bool:
    """Whether this unit of deferred/ is to be converted; the others wait for their next try."""
    unit = entry.unit
    original = unit.kind == "" and unit.first > 0 and not unit.is_album
    return original and not unit.attempt and unit.message is None


def _turn(entry: Entry) -> tuple[str, bool]:
    """When it is its turn: the oldest job first; pictures before films, but in a story as they follow each other."""
    unit = entry.unit
    return entry.job, unit.place is None and by_ending(unit.label) != "photo"
