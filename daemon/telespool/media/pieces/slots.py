"""Who takes which piece: the slots of this machine, and the helpers that are there.

Each slot takes the first span that nobody has, makes its piece, and takes the next. What is lost with a helper lies
there to be taken again. A slot that finds nothing left takes over what another has held for much longer than it takes
itself: whoever is first has made the piece. While the gate is closed nothing is handed out, and what runs here
stands still; what runs elsewhere may finish.

Nothing of this is kept: the finished pieces in `segments` are all there is. Errors: as `running`, of this machine's
own slots alone; OSError from the disk; `Undivided` where one continuous run has to do it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import ffmpeg
from telespool.media.ffmpeg_process import together
from telespool.media.pieces import encoding
from telespool.media.pieces.answer import Wrong, signature, take
from telespool.media.pieces.helper import HelperLost
from telespool.media.pieces.packets import Cutter, Unfit
from telespool.runtime.cancellation import in_thread, shielded_until_done

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.conversion_context import ConversionContext
    from telespool.media.ffmpeg_args import EncodePlan
    from telespool.media.pieces.helper import Helper
    from telespool.media.pieces.spans import Span
    from telespool.media.segments import Segments

_LOOK_AGAIN = 1.0  # seconds after which somebody who found nothing to do looks again
_SOON = 5.0  # seconds in which nobody takes over from another
_STRIKES = 2  # helpers that may fail at a span before it is made here


class Undivided(Exception):
    """This film has to be encoded in one continuous run after all."""


@dataclass(slots=True)
class _Loan:
    """A span that somebody has, since when, and those who work on it."""

    since: float
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Slots:
    """Makes the pieces of one film that are not there yet."""

    def __init__(
        self,
        work: ConversionContext,
        segments: Segments,
        plan: EncodePlan,
        step: int,
        spans: list[Span],
        run: Path,
    ) -> None:
        self._work, self._segments, self._plan = work, segments, plan
        self._step, self._spans, self._run = step, spans, run
        self._cutter = Cutter(work)
        self._loans: dict[int, _Loan] = {}
        self._strikes: dict[int, int] = {}
        self._done: set[int] = set()
        self._changed = asyncio.Event()
        self._signature: bytes | None = None
        self._signing = asyncio.Lock()
        slots = work.settings.slots
        cores = len(os.sched_getaffinity(0))
        self._threads = max(1, cores // slots) if slots > 1 else 0

    async def encode(self) -> None:
        """Make them all."""
        there = await asyncio.to_thread(self._segments.scattered)
        self._done = set(there)
        self._before = len(there)
        self._tell()
        slots = max(1, self._work.settings.slots)
        await together(
            *(self._here() for _ in range(slots)),
            *(self._there(helper) for helper in self._work.helpers),
        )

    @property
    def _finished(self) -> bool:
        return len(self._done) >= len(self._spans)

    def _tell(self) -> None:
        film = self._spans[-1].end
        done, before = len(self._done) * self._step, self._before * self._step
        self._work.tell(min(done, film), min(before, film))
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait(self, seconds: float = _LOOK_AGAIN) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    # Those who take.

    async def _here(self) -> None:
        """One slot of this machine. With `slots = 0` it works only where no helper can."""
        took = 0.0
        while not self._finished:
            await self._work.runner.gate.wait_open()
            span = self._next(took, helper=None)
            if span is None:
                await self._wait()
                continue
            began = time.monotonic()
            try:
                await self._lend(span, self._make_here(span))
            except Wrong as error:
                # Its frames are not where its packets said: damaged, most likely.
                raise Undivided(str(error)) from error
            except Unfit as error:
                raise Undivided from error
            took = time.monotonic() - began

    async def _there(self, helper: Helper) -> None:
        """A helper, for as long as there is something to do."""
        while not self._finished:
            await self._work.runner.gate.wait_open()
            if (pause := helper.pause) > 0:
                await self._wait(min(pause, _LOOK_AGAIN))
                continue
            span: Span | None = None
            try:
                if not helper.is_known:
                    await helper.ask(self._work.settings)
                    continue
                span = self._next(helper.took, helper=helper)
                if span is None:
                    await self._wait()
                    continue
                await self._lend(span, self._make_there(span, helper))
            except (HelperLost, Wrong) as error:
                helper.failed(str(error))
                if span is not None and not isinstance(error, HelperLost):
                    self._strikes[span.number] = self._strikes.get(span.number, 0) + 1
                self._tell()
            except Unfit as error:
                raise Undivided from error

    def _next(self, took: float, *, helper: Helper | None) -> Span | None:
        """The next span for somebody to whom the last took so many seconds."""
        here = helper is None
        idle = here and self._work.settings.slots == 0
        idle = idle and any(each.is_available for each in self._work.helpers)
        for span in self._spans:
            number = span.number
            if number in self._done or number in self._loans:
                continue
            only_here = self._strikes.get(number, 0) >= _STRIKES
            if (only_here and not here) or (idle and not only_here):
                continue
            return span
        if idle or (here and not self._work.helpers):
            return None
        now, patience = time.monotonic(), max(2 * took, _SOON)
        held = [(loan.since, number) for number, loan in self._loans.items() if len(loan.tasks) < 2]
        late = min(held, default=None)
        if late is None or not took or now - late[0] < patience:
            return None
        return self._spans[late[1]]

    async def _lend(self, span: Span, making: object) -> None:
        """Let somebody make a span, who may be overtaken by another."""
        task = asyncio.ensure_future(making)  # type: ignore[call-overload]
        loan = self._loans.setdefault(span.number, _Loan(time.monotonic()))
        loan.tasks.add(task)
        try:
            await asyncio.wait({task})
        finally:
            if not task.done():
                task.cancel()
                await shielded_until_done(asyncio.gather(task, return_exceptions=True))
            loan.tasks.discard(task)
            if not loan.tasks:
                self._loans.pop(span.number, None)
        if not task.cancelled():
            task.result()
            for other in loan.tasks:
                other.cancel()

    # What they do.

    async def _make_here(self, span: Span) -> None:
        place = await asyncio.to_thread(self._place, span, "here")
        cut, answer = place / "packets", place / "answer"
        try:
            await self._cutter.cut(span, cut)
            await self._encode_here(span, cut, answer)
            await self._keep(
                span, *await take(answer, place, span, self._work, self._plan, decoded=False)
            )
        finally:
            await asyncio.to_thread(self._segments.drop, place)

    async def _encode_here(self, span: Span, cut: Path, answer: Path) -> None:
        work = self._work
        with cut.open("rb") as packets, answer.open("xb") as frames:
            said = await work.runner.run(
                [ffmpeg.program(work.settings.ffmpeg), *self._words(span)],
                stdin=packets.fileno(),
                stdout=frames.fileno(),
            )
        if said.code:
            raise Permanent(f"the conversion failed: {said.words}")

    async def _make_there(self, span: Span, helper: Helper) -> None:
        place = await asyncio.to_thread(self._place, span, "there")
        cut, answer = place / "packets", place / "answer"
        try:
            await self._cutter.cut(span, cut)
            began = time.monotonic()
            clock = self._work.runner.clock
            clock.run()
            try:
                await helper.run(
                    self._words(span, here=False), cut, answer, self._work.settings.stall
                )
            finally:
                clock.stand()
            took = time.monotonic() - began
            made = await take(answer, place, span, self._work, self._plan, decoded=True)
            if await asyncio.to_thread(signature, answer) != await self._own_signature(span, cut):
                raise Wrong(
                    "its encoder or its settings differ from those here, and pieces of both do not"
                    " meet in one film: install the same ffmpeg on both"
                )
            await self._keep(span, *made)
            helper.succeeded(took, self._step)
        finally:
            await asyncio.to_thread(self._segments.drop, place)

    async def _own_signature(self, span: Span, cut: Path) -> bytes:
        """What a piece of this machine says of its encoder: one frame of it is enough."""
        async with self._signing:
            if self._signature is None:
                place = await asyncio.to_thread(self._place, span, "frame")
                work, frame = self._work, place / "frame.mp4"
                words = self._words(span)
                words[-1:] = ["-frames:v", "1", ffmpeg.writing(frame)]
                try:
                    with cut.open("rb") as packets:
                        await work.runner.succeed(
                            [ffmpeg.program(work.settings.ffmpeg), "-y", *words],
                            "the conversion",
                            stdin=packets.fileno(),
                        )
                    self._signature = await asyncio.to_thread(signature, frame)
                finally:
                    await asyncio.to_thread(self._segments.drop, place)
            return self._signature

    def _words(self, span: Span, *, here: bool = True) -> list[str]:
        return encoding.words(
            self._work,
            self._plan,
            span,
            step=self._step,
            container=self._cutter.container,
            threads=self._threads if here else 0,
            tells=not here,
        )

    def _place(self, span: Span, where: str) -> Path:
        for attempt in range(1000):
            place = self._run / f"{span.number:04d}-{where}-{attempt}"
            if not place.exists():
                place.mkdir()
                return place
        raise AssertionError("a thousand attempts at one piece stand side by side")

    async def _keep(self, span: Span, piece: Path, first: int, last: int) -> None:
        if span.number in self._done:
            return
        self._done.add(span.number)
        of = math.ceil(self._work.length / self._step)
        # Who is overtaken in the midst of it brings it to its end: the piece counts as made.
        await in_thread(self._segments.keep, piece, span.number, of, first, last)
        await asyncio.to_thread(ffmpeg.check_free, self._segments.folder)
        self._tell()
