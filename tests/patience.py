"""How long a test waits for what must happen before it says that it did not: longer on a machine that is busy."""

from __future__ import annotations

import os


def busy() -> float:
    """Return how many processes wait for each core, 1 where none has to wait."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def longest(seconds: float) -> float:
    """Return how long to wait for what takes less than so many seconds on a quiet machine; others may come meanwhile."""
    return seconds * 2 * busy()
