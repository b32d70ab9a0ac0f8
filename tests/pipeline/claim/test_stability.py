"""How long a drop must have been quiet before it is taken."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from telespool.config.schema import InboxSettings
from telespool.pipeline.claim.drop import Drop
from telespool.pipeline.claim.stability import SWIFT, StabilityTracker

USUAL = InboxSettings().settle
LONGER = 6 * USUAL


@pytest.mark.parametrize(
    ("settle", "swift", "moved", "loose", "waited"),
    [
        (USUAL, True, True, True, SWIFT),
        (USUAL, True, False, True, SWIFT),
        (USUAL, False, False, True, USUAL),
        (LONGER, True, False, True, LONGER),
        (LONGER, True, True, True, LONGER),
        (LONGER, True, False, False, LONGER),
        (LONGER, True, True, False, SWIFT),
        (SWIFT / 5, True, True, True, SWIFT / 5),
    ],
)
def test_what_a_drop_is_left_for(
    settle: float, swift: bool, moved: bool, loose: bool, waited: float
) -> None:
    """A longer time than usual is kept, by what a sender closed and by photos of one burst; an archive that was moved is whole."""
    now = time.time()
    stamp = int(now * 1e9)
    drop = Drop(
        Path("a"), "default", ((1, 1, stamp, stamp),), swift=swift, moved=moved, loose=loose
    )
    assert StabilityTracker(settle).wait(drop, now) == pytest.approx(waited, abs=0.05)
