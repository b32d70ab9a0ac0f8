"""How often a look at many files is taken again: it may cost one part in twenty of the time, and no more.

A folder rings at each change, ours as well. Whoever scanned ten thousand units at each of ten thousand rings
would do nothing else. A look that is over in a moment is taken at every ring; one that took longer, not again before
twenty times as long has passed.

    if pace.left() <= 0:
        with pace:
            row = look()
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_TIMES = 20
_MOMENT = 0.02


class Throttle:
    """Measures looks. `least` seconds lie between two, whatever they cost."""

    def __init__(self, least: float = 0.0) -> None:
        self.least = least
        self._begun = self._again = float("-inf")

    def left(self) -> float:
        """Seconds until the next look; 0 when it may be taken now."""
        return max(0.0, self._again - time.monotonic())

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        now = time.monotonic()
        took = now - self._begun
        self._again = now + max(self.least, took * _TIMES if took > _MOMENT else 0.0)
