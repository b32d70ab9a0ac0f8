"""A wait that ends when it is over by the clock of the wall, or by the one that cannot be set; whichever is first.

The wall's is what a file's time says, what `status` shows, and what outlives a restart. But it jumps: set back by a
day, a wait of a minute would last a day. The other one goes on while this process lives, and stands still while the
machine sleeps.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

_ROUNDED = 0.001
"""Seconds that a time may lose on its way through a file system."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Both ends: seconds since the epoch, and of the clock that cannot be set."""

    until: float
    deadline: float

    @classmethod
    def to(cls, until: float, now: float, longest: float = math.inf) -> Self:
        """Return the wait until `until`, at most `longest`, from `now` (both in seconds since the epoch)."""
        return cls(until, time.monotonic() + min(until - now, longest))

    def left(self, now: float) -> float:
        """Seconds that are left of it; 0 or less when it is over."""
        return min(self.until - now, self.deadline - time.monotonic())


class Deadlines:
    """Waits that others wrote down as times of the wall's clock, each known as it was when it was first seen."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Deadline] = {}

    def left(self, what: Hashable, until: float, now: float, longest: float = math.inf) -> float:
        """Seconds until what waits `until` then need wait no more; 0 or less when it is over.

        `longest` is how long the wait was meant to be when it was written down: a clock that was wrong then does not
        make it longer.
        """
        wait = self._known.get(what)
        if wait is None or abs(wait.until - until) > _ROUNDED:
            wait = self._known[what] = Deadline.to(until, now, longest)
        return wait.left(now)

    def known(self, what: Hashable, now: float) -> float:
        """Seconds until a wait that was seen before is over; 0 or less when it is, or was not seen."""
        wait = self._known.get(what)
        return 0.0 if wait is None else wait.left(now)

    def forget(self, what: Hashable) -> None:
        """This one waits no more."""
        self._known.pop(what, None)

    def keep(self, there: Collection[Hashable]) -> None:
        """Forget all but these."""
        self._known = {what: wait for what, wait in self._known.items() if what in there}
