"""How old a job surely is."""

from __future__ import annotations

from telespool.runtime.boot import uptime
from telespool.spool.ages import GAP, Ages

DAY = 86400.0
NOW = 4_000_000_000.0


def test_what_the_present_boot_saw_is_believed() -> None:
    """A machine that has been up since before the claim knows its age."""
    assert Ages([NOW - 40 * DAY], NOW, 50 * DAY).age(NOW - 40 * DAY) == 40 * DAY


def test_one_jump_of_the_clock_makes_nothing_old() -> None:
    """A start under a clock a year ahead, or claims from one that was behind, count for a week at most."""
    ages = Ages([NOW - 400 * DAY], NOW, 60.0)
    assert ages.age(NOW - 400 * DAY) == GAP + 60.0
    assert ages.doubts(NOW - 400 * DAY, 30 * DAY)
    # A drop under the wrong clock does not confirm it.
    ages = Ages([NOW - 400 * DAY, NOW - 10.0], NOW, 60.0)
    assert ages.age(NOW - 400 * DAY) == GAP + 60.0


def test_drops_now_and_then_bear_out_the_clock() -> None:
    """Where something came in every few days, ages are as they are, however often the machine was started."""
    claims = [NOW - days * DAY for days in range(0, 100, 5)]
    ages = Ages(claims, NOW, 60.0)
    assert ages.age(NOW - 95 * DAY) == 95 * DAY
    assert not ages.doubts(NOW - 95 * DAY, 30 * DAY)


def test_claims_that_are_still_to_come_say_nothing() -> None:
    """What was claimed under a clock that was ahead is as old as nothing."""
    ages = Ages([NOW + 400 * DAY, NOW - DAY], NOW, 60.0)
    assert ages.age(NOW + 400 * DAY) == 0.0
    assert ages.age(NOW - DAY) == DAY


def test_the_kernel_tells_since_when_it_is_up() -> None:
    """Its count is there, whatever the clock says."""
    assert uptime() > 0
