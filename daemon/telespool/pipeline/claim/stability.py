"""Since when each drop has looked the same, and which loose files, or archives of one export, go together.

A drop must have been quiet for the settling time. What came complete, by a rename or closed by the last who wrote it,
need not: a moment is enough, in which the others that were dropped with it come as well. Who has made the settling time
longer than it is by default has senders that pause, or wants a burst together: then it holds for all but archives and
folders that were moved here. Loose photos and videos of one chat that are quiet together are one job; one that is still
being written is waited for, but not for ever. Clock jumps do no harm: only waiting is measured.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from telespool.config.schema import InboxSettings
from telespool.spool.natural_order import natural

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from telespool.pipeline.claim.drop import Drop, Signature

SWIFT = 0.5
"""Seconds without a change that are enough for what came complete."""

_LONGEST = 6  # settling times (at least 30 s) that a loose file waits for others
_MOST = 2000  # files to a job


class StabilityTracker:
    """Remembers since when each drop has looked the same."""

    def __init__(self, settle: float) -> None:
        self.settle = settle
        self._since: dict[Path, tuple[Signature, float]] = {}
        self._ready: dict[Path, float] = {}

    def wait(self, drop: Drop, now: float | None = None) -> float:
        """Seconds until this drop has been quiet for long enough; 0 or less when it has."""
        monotonic = time.monotonic()
        signature, since = self._since.get(drop.path, ((), monotonic))
        if signature != drop.signature:
            # It may have been quiet long before we first saw it; believe its times if they are in the past.
            age = (time.time() if now is None else now) - drop.changed
            since = monotonic - max(0.0, age)
            if drop.path in self._since:
                since = monotonic
            self._since[drop.path] = (drop.signature, since)
        settle = min(self.settle, SWIFT) if self._is_swift(drop) else self.settle
        return settle - (monotonic - since)

    def _is_swift(self, drop: Drop) -> bool:
        usual = self.settle <= InboxSettings().settle
        return drop.swift and (usual or (drop.moved and not drop.loose))

    def together(
        self, loose: Iterable[tuple[Drop, float]], longest: float | None = None
    ) -> tuple[list[list[Drop]], float]:
        """The loose files of one chat (each with its wait) that go now, as jobs; and the seconds until others may.

        What is being written waits without an end of its own (infinite): the others wait a while for it, or `longest`.
        """
        waiting = list(loose)
        ready = [drop for drop, wait in waiting if wait <= 0]
        now = time.monotonic()
        for drop in ready:
            self._ready.setdefault(drop.path, now)
        if not ready:
            return [], min((wait for _, wait in waiting), default=float("inf"))
        if len(ready) < len(waiting):
            if longest is None:
                longest = max(_LONGEST * self.settle, 30.0) if self.settle else 0.0
            left = min(self._ready[drop.path] for drop in ready) + longest - now
            if left > 0:
                coming = min(wait for _, wait in waiting if wait > 0)
                return [], min(left, max(coming, 0.05))
        ready.sort(key=lambda drop: (natural(drop.path.name), drop.path.name))
        return [ready[at : at + _MOST] for at in range(0, len(ready), _MOST)], float("inf")

    def forget(self, there: set[Path]) -> None:
        """Drop what is no longer in the inbox."""
        for known in (self._since, self._ready):
            for path in known.keys() - there:
                del known[path]
