"""Whose fault it is when a program fails on a file: the file is blamed only if a known-good sample passes.

    async with HEALTH.vouched(tool):
        ...                       # what needs the tool, and raises Permanent or ChildDied where it fails

Before the block a
tool that is known not to work raises `ToolFault` at once, so that nothing is tried in vain. Where the block raises what
would blame the file, or stumbles over what the tool answered, the tool's own sample is tried the same way; only if that
passes does the error leave. Otherwise
`ToolFault` leaves in its place: nothing is wrong with the file, whoever needs the tool waits, and nobody else does. The
gap between two trials grows with the length of the outage, up to a minute.

`HEALTH` is one for the process, as the machine is.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from telespool.errors import ChildDied, Permanent, TelespoolError, ToolFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable

log = structlog.get_logger()

_FIRST_GAP, _LONGEST_GAP = 2.0, 60.0
_SHARE = 0.25  # of the outage so far passes before the next trial
_LONGEST_TRIAL = 90.0
_NO_ANSWER = (ValueError, LookupError, ArithmeticError, TypeError, AttributeError)
"""What comes of taking rubbish for the answer of a program."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, and how it is tried on a sample that is known to be good.

    `trial` raises where the sample does not pass; what it raises says why. `key` tells apart programs of one name.
    """

    name: str
    key: Hashable
    trial: Callable[[], Awaitable[object]]
    cure: str = ""
    meanwhile: str = "What needs it waits and goes on by itself when it works again."


@dataclass(slots=True)
class ToolOutage:
    """A tool that does not work: why, since when and until when nobody tries it (seconds since the epoch)."""

    tool: Tool
    reason: str
    since: float
    until: float
    begun: float
    due: float

    @property
    def error(self) -> ToolFault:
        """The error of those who need the tool meanwhile."""
        left = max(0.1, self.due - time.monotonic())
        return ToolFault(self.reason, tool=self.tool.name, retry_after=left)


@dataclass(slots=True)
class ToolHealth:
    """Which tools are known not to work."""

    on_change: Callable[[], None] = lambda: None
    """Called when a tool fails or works again."""
    _outages: dict[Hashable, ToolOutage] = field(default_factory=dict)
    _passed: dict[Hashable, float] = field(default_factory=dict)
    _locks: dict[Hashable, asyncio.Lock] = field(default_factory=dict)

    def reset(self) -> None:
        """Forget everything: another service begins."""
        self.on_change = lambda: None
        for known in (self._outages, self._passed, self._locks):
            known.clear()

    @property
    def outages(self) -> tuple[ToolOutage, ...]:
        """The tools that do not work now."""
        return tuple(self._outages.values())

    @contextlib.asynccontextmanager
    async def vouched(self, *tools: Tool, patience: float | None = None) -> AsyncIterator[None]:
        """Let an error blame the file only if these tools work; ToolFault if one does not.

        A block that lasts longer than `patience` seconds is ended if a tool fails its trial then. Not for generators:
        the block is ended by cancellation.
        """
        for tool in tools:
            await self.ready(tool)
        begun = time.monotonic()
        try:
            async with _ended_if(self._hangs(tools, patience)):
                yield
        except (Permanent, ChildDied, ToolFault, *_NO_ANSWER) as error:
            for tool in tools:
                await self.blame(tool, begun, cause=error)
            raise

    async def _hangs(self, tools: tuple[Tool, ...], patience: float | None) -> ToolFault:
        """Return the fault of the first tool that fails a trial, looked for after ever longer waits."""
        while patience is not None:
            await asyncio.sleep(patience)
            for tool in tools:
                try:
                    await self.blame(tool, time.monotonic())
                except ToolFault as fault:
                    return fault
            patience *= 2
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")

    async def ready(self, tool: Tool) -> None:
        """Raise ToolFault while the tool is known not to work; when its next trial is due, try it."""
        outage = self._outages.get(tool.key)
        if outage is None:
            return
        if outage.due > time.monotonic():
            raise outage.error
        await self.blame(tool, time.monotonic())

    async def blame(
        self,
        tool: Tool,
        begun: float,
        *,
        cause: BaseException | None = None,
        at_once: bool = False,
    ) -> None:
        """Return if the tool passes its trial, so that the file is to blame; ToolFault if not.

        A trial that began after `begun` (monotonic seconds) is not repeated: many failures of one moment share it.
        With `at_once` it is tried although its next trial is not due.
        """
        async with self._locks.setdefault(tool.key, asyncio.Lock()):
            outage = self._outages.get(tool.key)
            # An outage is younger than any trial that passed.
            if outage is None and self._passed.get(tool.key, float("-inf")) >= begun:
                return
            if outage is not None and not at_once and outage.due > time.monotonic():
                raise outage.error from cause
            started = time.monotonic()
            reason = await failure(tool)
            if reason is not None:
                reason = f"{reason} {tool.meanwhile}"
            if reason is None:
                self._passed[tool.key] = started
                if self._outages.pop(tool.key, None) is not None:
                    log.info("tool.recovered", tool=tool.name)
                    self.on_change()
                return
            raise self._failed(tool, reason).error from cause

    async def look(self) -> float:
        """Try again the tools that are due; seconds until the next is, 0 where all work."""
        for outage in self.outages:
            if outage.due <= time.monotonic():
                with contextlib.suppress(ToolFault):
                    await self.blame(outage.tool, time.monotonic())
        if not self._outages:
            return 0.0
        return max(0.05, min(each.due for each in self.outages) - time.monotonic())

    def hasten(self) -> None:
        """Let every tool that does not work be tried at once."""
        for outage in self.outages:
            outage.due = time.monotonic()
        if self._outages:
            self.on_change()

    def _failed(self, tool: Tool, reason: str) -> ToolOutage:
        now, before = time.monotonic(), self._outages.get(tool.key)
        begun = before.begun if before else now
        since = before.since if before else time.time()
        gap = min(max(_FIRST_GAP, (now - begun) * _SHARE), _LONGEST_GAP)
        outage = ToolOutage(tool, reason, since, time.time() + gap, begun, now + gap)
        self._outages[tool.key] = outage
        if before is None or before.reason != reason:
            log.error("tool.failed", tool=tool.name, seconds=round(gap), reason=reason)
        if before is None:
            self.on_change()
        return outage


@contextlib.asynccontextmanager
async def _ended_if(finding: Coroutine[None, None, ToolFault]) -> AsyncIterator[None]:
    """End the block by cancellation as soon as `finding` returns a fault, and raise that."""
    watching = asyncio.create_task(finding)
    try:
        async with asyncio.timeout(None) as limit:
            watching.add_done_callback(
                lambda task: None if task.cancelled() else limit.reschedule(0.0)
            )
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise watching.result() from None
    finally:
        watching.cancel()


async def failure(tool: Tool) -> str | None:
    """Try the sample; what is wrong with the tool and what to do, in sentences, None where nothing is."""
    try:
        async with asyncio.timeout(_LONGEST_TRIAL):
            await tool.trial()
    except TimeoutError:
        words = "it does not come to an end"
    except TelespoolError as error:
        words = error.reason.rstrip(".")
    except (OSError, MemoryError, RuntimeError, ValueError) as error:
        words = str(error) or type(error).__name__
    else:
        return None
    return (
        f"{tool.name} does not work on this machine, not even on a sample that is known to be good ({words})."
        f"{f' {tool.cure}' if tool.cure else ''}"
    )


HEALTH = ToolHealth()
