"""A moment at which something was taken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """A moment: seconds since the epoch; without a zone, as if the wrist were in Greenwich.

    `ahead` is how many seconds the place it was taken at is ahead of UTC.
    """

    seconds: float
    zoned: bool
    ahead: float | None = None
