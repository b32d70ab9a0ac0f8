"""Breaking off one step of a worker without stopping the worker.

    pause = await interruption.guard(self.step)       # the worker's loop
    await interruption.interrupt(between)             # somebody else: a person cancels what is under way

The step is cancelled like at a stop, so its clean-up is the same and its children end. Then `between` runs while
nothing is under way, and the worker looks again. A stop that comes meanwhile is not lost.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Interruption:
    """The step under way, and who wants it broken off."""

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._wanted: list[tuple[Callable[[], Awaitable[None]], asyncio.Future[None]]] = []

    async def guard(self, step: Callable[[], Awaitable[float]]) -> float:
        """Run one step and return its pause; 0.0 if it was broken off, after what was to be done between."""
        self._task = asyncio.current_task()
        pause = 0.0
        try:
            pause = await step()
        except asyncio.CancelledError:
            if not self._wanted or self._stopped():
                raise
        finally:
            self._task = None
            if self._wanted and not self._stopped():
                await self._do_between()
                pause = 0.0
            self._give_up()
        return pause

    async def interrupt(self, between: Callable[[], Awaitable[None]]) -> None:
        """Break off the step under way, if one is, and do this before the next; what `between` raises leaves here."""
        if self._task is None:
            await between()
            return
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wanted.append((between, over))
        if len(self._wanted) == 1:
            self._task.cancel()
        await over

    def _stopped(self) -> bool:
        """Return True if the task was cancelled by somebody else too; our own cancellation is taken back."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 1

    async def _do_between(self) -> None:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            task.uncancel()
        while self._wanted:
            between, over = self._wanted.pop(0)
            try:
                await between()
            except Exception as error:  # noqa: BLE001 - it belongs to who asked, not to the worker
                if not over.done():
                    over.set_exception(error)
            else:
                if not over.done():
                    over.set_result(None)

    def _give_up(self) -> None:
        for _, over in self._wanted:
            over.cancel()
        self._wanted.clear()
