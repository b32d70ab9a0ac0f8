"""Cancel units: break off what is under way and move it to quarantine with a note.

Beside a running daemon the command asks it (`control_socket`), because a step under way must be broken off first: its
children end, its marks are taken back, and only then the unit is moved. Without a daemon the command moves by itself.

A converted copy whose original is still there is removed, and the original goes to quarantine. Nothing that was sent is
touched; nothing is deleted that cannot be made again.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import structlog

from telespool.runtime.cancellation import in_thread
from telespool.spool.job_report import close_job
from telespool.spool.layout import WORKING
from telespool.spool.titles import called

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telespool.pipeline.worker import Worker
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

log = structlog.get_logger()

_WHILE = {
    "incoming": "while it was being unpacked",
    "uploading": "while it was being sent. If it stands in the chat already, it is not sent a second time",
    "converting": "while it was being converted",
}
_WORKERS = {"incoming": "intake", "uploading": "uploader", "converting": "converter"}

Key = tuple[int, int | None, str]
"""What stays the same of a unit's name while it moves: its first and last number, and its kind."""


def key(entry: Entry) -> Key:
    """Return what identifies this unit within its job, in any folder."""
    return entry.unit.first, entry.unit.last, entry.unit.kind


def order(job: str, entries: Iterable[Entry]) -> str:
    """Return the order for the running daemon."""
    return "cancel " + json.dumps({"job": job, "units": [key(entry) for entry in entries]})


def standing(spool: Spool, job: str, keys: Iterable[Key]) -> list[Entry]:
    """Return those of these units that lie in a working folder now."""
    wanted = {(first, last, kind) for first, last, kind in keys}
    found = [entry for folder in WORKING for entry in spool.units(folder, job)]
    return [entry for entry in found if key(entry) in wanted]


def note(spool: Spool, entry: Entry) -> str:
    """Return the sentence for the quarantine: what was cancelled, in the midst of what, and how to go on."""
    under_way = bool(entry.unit.attempt) and entry.folder in _WHILE
    when = _WHILE[entry.folder] if under_way else "before it was sent"
    return f"You cancelled {called(spool, entry)} {when}. To send it after all: telespool retry {shlex.quote(entry.job)}"


def cancel(spool: Spool, entry: Entry, reason: str) -> Entry | None:
    """Move one unit to quarantine; None for a copy that was removed because its original is there. Blocks."""
    if entry.unit.kind == "c" and spool.original_of(entry) is not None:
        spool.drop_copy(entry)
        return None
    if entry.unit.is_album:
        for member in spool.members(entry):
            if member.unit.kind == "c" and spool.original_of(member) is not None:
                spool.drop_copy(member)
        if not spool.members(entry):
            spool.drop_empty_album(entry)
            return None
    return spool.quarantine(entry, reason)


class Canceller:
    """Carries out `cancel` in the daemon."""

    def __init__(self, spool: Spool, workers: Mapping[str, Worker]) -> None:
        self._spool = spool
        self._workers = workers

    async def __call__(self, argument: str) -> dict[str, Any]:
        """Cancel what the order names; the names of what was moved, for the command to print."""
        wanted = json.loads(argument)
        job, keys = (
            str(wanted["job"]),
            [(first, last, str(kind)) for first, last, kind in wanted["units"]],
        )
        moved: list[str] = []
        for each in keys:
            for entry in await in_thread(standing, self._spool, job, [each]):
                moved += await self._one(entry)
        await in_thread(close_job, self._spool, job)
        return {"cancelled": moved}

    async def _one(self, entry: Entry) -> list[str]:
        moved: list[str] = []
        # Now: a step that is broken off takes its mark back.
        reason = await in_thread(note, self._spool, entry)

        def move() -> None:
            for each in standing(self._spool, entry.job, [key(entry)]):
                name = called(self._spool, each)
                if cancel(self._spool, each, reason) is not None:
                    log.info("unit.cancelled", job=each.job, unit=str(each.unit.plain()))
                    moved.append(name)

        async def between() -> None:
            await in_thread(move)

        worker = self._workers.get(_WORKERS.get(entry.folder, ""))
        if worker is not None and entry.unit.attempt:
            await worker.interruption.interrupt(between)
        else:
            await between()
        return moved
