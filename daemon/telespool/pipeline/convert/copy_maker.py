"""What is sent instead of an original: a film, the parts of one, the pages of a picture, or numbered pieces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from telespool.destinations.base import ANY_ACCOUNT
from telespool.errors import Permanent, Temporary
from telespool.media.convert import convert
from telespool.media.pages import extract
from telespool.media.split import split
from telespool.media.split_raw import cut
from telespool.pipeline.worker import log
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.media.compatibility import Assessment
    from telespool.media.convert import Progress
    from telespool.pipeline.convert.helping import Helping
    from telespool.pipeline.worker import WorkerContext
    from telespool.runtime.gate import PauseGate
    from telespool.spool.layout import Entry

_ALBUM = 10


class CopyMaker:
    """Makes copies in tmp/; what is finished of them lies beside the original, so that it is never made again."""

    def __init__(self, context: WorkerContext, helping: Helping) -> None:
        self._context = context
        self._spool = context.spool
        self._helping = helping

    async def make(
        self,
        original: Entry,
        verdict: Assessment,
        limit: int,
        gate: PauseGate,
        progress: Callable[[Progress], None],
    ) -> tuple[Path, ...]:
        """Make what is sent instead of the original: a film, parts of one, pages, or numbered pieces."""
        in_pieces = original.unit.goes_as_document or verdict.kind in {"audio", "other"}
        settings, name = self._context.config.convert, original.unit.label
        if verdict.kind == "photo" and not in_pieces:
            folder = self._spool.tmp / f"{original.job}.{original.unit.first:04d}.pages"
            pages = await extract(
                original.path, folder, verdict.pages, settings=settings, gate=gate, name=name
            )
            await self._note_lost(original, verdict.left_behind)
            return pages
        whole = original.path
        if verdict.action != "split" and not in_pieces:
            whole = self._spool.tmp / f"{original.job}.{original.unit.first:04d}c.mp4"
            outcome = await convert(
                original.path,
                whole,
                settings=settings,
                state=self._spool.segments(original),
                gate=gate,
                progress=progress,
                # Telegram refused what looked fine to us: only another picture can help.
                at_least="encode" if verdict.action == "send" else "send",
                disk=self._spool.disk,
                assessment=verdict,
                name=name,
                helpers=self._helping.of(settings),
            )
            await self._note_lost(original, outcome.left_behind)
        return await self._parts(original, whole, limit, None if in_pieces else gate)

    async def _parts(
        self, original: Entry, whole: Path, limit: int, gate: PauseGate | None
    ) -> tuple[Path, ...]:
        """Return the file, or where it is too large for one message its parts, which play; pieces without a gate."""
        if (await in_thread(whole.stat)).st_size <= limit:
            return (whole,)
        folder = self._spool.tmp / f"{original.job}.{original.unit.first:04d}.parts"
        if gate is None:
            parts = await in_thread(cut, whole, folder, limit)
        else:
            parts = await split(
                whole,
                folder,
                max_bytes=limit,
                settings=self._context.config.convert,
                gate=gate,
                disk=self._spool.disk,
            )
        if len(parts) > _ALBUM:
            raise Permanent(
                f"{original.unit.label} would make {len(parts)} parts; an album holds {_ALBUM}."
                " Cut it into shorter films and drop these."
            )
        return parts

    async def limit(self) -> int:
        """Bytes that one message may hold; what every account may send where Telegram cannot be asked now."""
        try:
            return await self._context.limit()
        except Temporary:
            return ANY_ACCOUNT

    def drop_folders(self, original: Entry) -> None:
        """Remove the folders in which parts were made, after these have been let out."""
        for ending in ("pages", "parts"):
            folder = self._spool.tmp / f"{original.job}.{original.unit.first:04d}.{ending}"
            if plain_files.exists(folder):
                self._spool.disk.rmtree(folder)

    def drop_made(self, original: Entry) -> None:
        """Remove what was made of something that was swapped for the original meanwhile."""
        begins = f"{original.job}.{original.unit.first:04d}"
        for name in plain_files.names(self._spool.tmp):
            # Behind the number of another unit there is a further digit, behind an album's first a hyphen.
            if re.match(rf"{re.escape(begins)}(?![\d-])", name):
                self._spool.disk.rmtree(self._spool.tmp / name)
        self._spool.drop_segments(original)

    async def _note_lost(self, original: Entry, left_behind: tuple[str, ...]) -> None:
        """Say what the copy does not hold: in the log, and in the report of the job."""
        if not left_behind:
            return
        lost = "; ".join(left_behind)
        log.warning("unit.incomplete", job=original.job, unit=str(original.unit.plain()), lost=lost)
        line = f"{original.unit.label}: {lost}"
        await in_thread(self._spool.add_notes, original.job, [line])
