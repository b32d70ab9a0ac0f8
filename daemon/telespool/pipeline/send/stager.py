"""Bringing the files of units to the destination: of the one that is posted next, and of some behind it meanwhile.

Bringing has no effect in the chat, so it may run ahead; posting stays one at a time, in order. What was brought ahead
is used only where the unit is still the same files, and where nothing of it must wait: else it is brought again. A
unit is marked as being worked on when its turn comes, not before: who dies meanwhile died over that one.

Memory is bounded by the destination's window, however many units there are; a unit behind waits for those before it.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from telespool.destinations.base import SupportsFetch, SupportsResume, Uploaded
from telespool.errors import (
    LivePhotoRefused,
    LoginNeeded,
    NeedsConversion,
    NoRoom,
    Permanent,
    TelespoolError,
    Temporary,
    first_of,
)
from telespool.observe.progress import UploadProgress
from telespool.pipeline import glance
from telespool.pipeline.kernel_refusals import readable
from telespool.pipeline.send.live_photos import clips_of
from telespool.pipeline.send.refusals import nothing_in
from telespool.pipeline.worker import log
from telespool.runtime import broken_off, plain_files
from telespool.runtime.cancellation import in_thread
from telespool.spool import delivered_index
from telespool.spool.delivered_index import Receipt

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from telespool.destinations.base import Destination
    from telespool.pipeline.send.prepare import Preparer
    from telespool.pipeline.worker import WorkerContext
    from telespool.spool.layout import Entry

AHEAD = 3
"""Units that are brought while one is posted."""
_TOGETHER = 10
_AGAIN = 2  # the attempt after a death

_Key = tuple[str, int, str]


@dataclass(slots=True)
class StagedUnit:
    """What became of the files of a unit, by their numbers. `stamps` tell whether they are still the same."""

    members: dict[int, Entry]
    stamps: dict[int, tuple[int, int]]
    activity: UploadProgress
    staged: dict[int, Uploaded] = field(default_factory=dict)
    refused: dict[int, TelespoolError] = field(default_factory=dict)
    lines: dict[int, Receipt] = field(default_factory=dict)

    @property
    def holds_up(self) -> bool:
        """Whether some of it must wait."""
        return any(isinstance(error, Temporary) for error in self.refused.values())

    def moved(self, members: Iterable[Entry]) -> None:
        """The same files have other paths now."""
        for member in members:
            number = member.unit.first
            before = self.members[number]
            self.members[number] = member
            uploaded = self.staged.get(number)
            if uploaded is not None and uploaded.item.path == before.path:
                item = replace(uploaded.item, path=member.path)
                self.staged[number] = replace(uploaded, item=item)

    def replaced(self) -> list[int]:
        """The numbers of those in whose place a person has put another file meanwhile. Blocks."""
        now = stamps([*self.members.values()])
        return [n for n, (_, inode) in now.items() if inode != self.stamps.get(n, (0, 0))[1]]


class Stager:
    """Brings units; `alive` is called whenever something got further."""

    def __init__(
        self,
        context: WorkerContext,
        destination: Destination,
        preparing: Preparer,
        alive: Callable[[], None],
    ) -> None:
        self._context = context
        self._spool = context.spool
        self._destination = destination
        self._preparing = preparing
        self._alive = alive
        self._limit = asyncio.Semaphore(_TOGETHER * 2)
        self._tasks: dict[_Key, asyncio.Task[StagedUnit]] = {}

    def ahead(self, entries: Iterable[Entry]) -> None:
        """Begin to bring these, and drop what is none of them."""
        wanted = {_key(entry): entry for entry in entries}
        for key in [key for key in self._tasks if key not in wanted]:
            self._drop(key)
        for key, entry in wanted.items():
            if key not in self._tasks:
                task = asyncio.create_task(self._early(entry), name="stage a unit")
                task.add_done_callback(_forget)  # the process may stop before anybody asks for it
                self._tasks[key] = task

    def has(self, entry: Entry) -> bool:
        """Whether this one is being brought, or was."""
        return _key(entry) in self._tasks

    async def brought(self, entry: Entry) -> StagedUnit | None:
        """Return what was brought ahead of this unit, once that has ended.

        Nothing where the unit must wait, or its files have changed.
        """
        task = self._tasks.pop(_key(entry), None)
        if task is None:
            return None
        self._context.activity.upload = None
        try:
            done = await task
        except (OSError, LoginNeeded, NoRoom, Permanent):
            return None  # it is seen again, and told, when it is brought in its turn
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        return None if done.holds_up else done

    async def bring(self, entry: Entry) -> StagedUnit:
        """Bring all files of a unit; what is about one of them stands in `refused`.

        OSError and LoginNeeded leave, and Permanent where it holds no file.
        """
        unit, seen = await in_thread(self._look, entry)
        members = unit.members
        if not members and (nothing := await in_thread(nothing_in, entry)):
            raise nothing
        clips = clips_of(members.values())
        halves = {clip.unit.first for clip in clips.values()}
        items = {number: member for number, member in members.items() if number not in halves}
        known = {number: _line(members[number], each) for number, each in seen.items()}
        others = [m for n, m in members.items() if known.get(n) is None]

        async def one(member: Entry) -> Uploaded | TelespoolError:
            async with self._limit:
                clip = clips.get(member.unit.first)
                first = seen.pop(member.unit.first, None)
                return await self._stage(entry, member, clip, unit.activity, first)

        if entry.unit.attempt:
            self._context.activity.upload = unit.activity
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {n: group.create_task(one(member)) for n, member in items.items()}
                lines = group.create_task(delivered_index.digests(others))
        except BaseExceptionGroup as several:
            raise first_of(several) from None  # a login that is gone, a full disk: not the album's
        unit.lines = lines.result() | {n: line for n, line in known.items() if line is not None}
        for number, task in tasks.items():
            outcome = task.result()
            if isinstance(outcome, TelespoolError):
                unit.refused[number] = outcome
            else:
                unit.staged[number] = outcome
        return unit

    async def posted_before(self, entry: Entry, unit: StagedUnit) -> dict[int, int]:
        """The message of a file that was posted before the process died, and is refused now; by its name and size."""
        if entry.unit.attempt < _AGAIN or entry.unit.is_album or unit.staged or unit.holds_up:
            return {}
        if not isinstance(self._destination, SupportsFetch):
            return {}
        found = {}
        for number, member in unit.members.items():
            size, _ = unit.stamps.get(number, (0, 0))
            message = await self._destination.find(entry.chat, member.unit.shown, size)
            if message is not None:
                found[number] = message
        return found

    async def _early(self, entry: Entry) -> StagedUnit:
        await in_thread(self._spool.announce, entry)
        return await self.bring(entry)

    def _look(self, entry: Entry) -> tuple[StagedUnit, dict[int, glance.PhotoGlance]]:
        """A unit of which nothing has been brought, and what is seen of its files: each is read once here. Blocks."""
        members = self._spool.members(entry)
        states = _states(members)
        known = _stamps(states)
        size = sum(size for size, _ in known.values())
        activity = UploadProgress(entry.job, str(entry.unit.plain()), size)
        seen = {}
        with plain_files.held(*{member.path.parent for member in members}):
            for member in members:
                broken_off.check()
                with contextlib.suppress(OSError):  # told where it is brought
                    seen[member.unit.first] = glance.of_photo(
                        member.path, states.get(member.unit.first)
                    )
        return StagedUnit({member.unit.first: member for member in members}, known, activity), seen

    async def _stage(
        self,
        entry: Entry,
        member: Entry,
        clip: Entry | None,
        activity: UploadProgress,
        seen: glance.PhotoGlance | None,
    ) -> Uploaded | TelespoolError:
        """Bring one file there, in another form where Telegram refuses the first; the last refusal if all fail."""

        def arrived(size: int) -> None:
            self._alive()
            # The first word is of what an earlier attempt brought there.
            further = size > activity.arrived.get(member.unit.first, size)
            self._context.activity.arrived(activity, member.unit.first, size)
            if further and entry.unit.attempt and isinstance(self._destination, SupportsResume):
                self._spool.advance_upload(entry)

        is_live = clip is not None
        last: TelespoolError = Permanent(f"{member.unit.label} has no form that could be sent.")
        try:
            with readable(member, clip):
                async for item in self._preparing.forms(member, clip, seen):
                    is_live = item.clip is not None
                    try:
                        return await self._destination.stage(member.chat, item, arrived)
                    except NeedsConversion as error:
                        last = error
                        if is_live:
                            return LivePhotoRefused(error.reason)
                        log.info(
                            "unit.refused",
                            job=member.job,
                            unit=str(member.unit),
                            form=item.kind,
                            reason=error.reason,
                        )
        except (LoginNeeded, NoRoom):
            raise
        except TelespoolError as error:
            # Which half is to blame is seen when each goes by itself.
            if is_live and isinstance(error, Permanent):
                return LivePhotoRefused(error.reason)
            return error
        return last

    def drop_job(self, job: str) -> None:
        """Break off what is being brought ahead of a job; what is left of it is brought again."""
        for key in [key for key in self._tasks if key[0] == job]:
            self._drop(key)

    def _drop(self, key: _Key) -> None:
        self._tasks.pop(key).cancel()

    async def close(self) -> None:
        """Break off what is being brought; safe to call twice."""
        tasks = [*self._tasks.values()]
        for key in list(self._tasks):
            self._drop(key)
        if tasks:
            await asyncio.wait(tasks)


def stamps(members: Sequence[Entry]) -> dict[int, tuple[int, int]]:
    """Size and inode of each file, by number; what is gone has none. Blocks."""
    return _stamps(_states(members))


def _stamps(states: dict[int, os.stat_result]) -> dict[int, tuple[int, int]]:
    return {number: (state.st_size, state.st_ino) for number, state in states.items()}


def _states(members: Sequence[Entry]) -> dict[int, os.stat_result]:
    found = {}
    with (
        contextlib.suppress(FileNotFoundError),
        plain_files.held(*{member.path.parent for member in members}),
    ):
        for member in members:
            if (state := plain_files.lstat_or_none(member.path)) is not None:
                found[member.unit.first] = state
    return found


def _forget(task: asyncio.Task[StagedUnit]) -> None:
    """What becomes of a unit that nobody waits for is no news."""
    if not task.cancelled():
        task.exception()


def _line(member: Entry, seen: glance.PhotoGlance) -> Receipt | None:
    """Its line, where it was read to its end."""
    if not seen.digest:
        return None
    return Receipt(member.unit.first, 0, seen.first.size, seen.digest, member.unit.shown)


def _key(entry: Entry) -> _Key:
    return entry.job, entry.unit.first, entry.unit.kind
