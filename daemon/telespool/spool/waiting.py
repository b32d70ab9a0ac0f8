"""Until when a unit waits in deferred/: its time says it, and a person who holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telespool.spool.names import Unit

HELD = 4_102_444_800.0
"""2100-01-01: what has this time, or a later one, is held, as what has @held in its name."""


def waits_until(unit: Unit, time: float) -> float:
    """Until when a unit waits whose file has this time (seconds since the epoch); HELD for one that a person holds."""
    return HELD if unit.is_held or time >= HELD else time
