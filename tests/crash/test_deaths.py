"""The process dies before every call that changes the disk, and before and after every request."""

from __future__ import annotations

import os
import random
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.crash.deaths import Deaths
from tests.crash.scenes import SCENES
from tests.crash.stage import Play

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from tests.crash.media import Converting

PAIRS = int(os.environ.get("TELESPOOL_PAIRS", "40"))
"""How many pairs of each scene are tried."""

pytestmark = pytest.mark.timeout(900)
scenes = pytest.mark.parametrize("scene", SCENES)


@scenes
@pytest.mark.usefixtures("converting")
def test_without_a_death_everything_arrives(scene: str, place: Path) -> None:
    """Each scene ends as it should, with its receipts, when nothing dies."""
    play = Play(SCENES[scene], place)
    play.run()

    play.check_end()
    play.check_receipts()


@scenes
def test_death_before_every_call(
    scene: str, place: Path, converting: Converting, counts: Counter[str]
) -> None:
    """Whichever call the process dies before, each file arrives exactly once and nothing is left over."""
    wrong = {}
    deaths = Deaths(partial(Play, SCENES[scene], place), converting)
    deaths.find(range(Play(SCENES[scene], place).run()))
    counts["deaths"] += len(deaths.left)
    for call, play in deaths.each():
        try:
            play.check_nothing_lost()
            play.run()
            if play.machine.is_known:
                continue
            play.check_end()
            play.check_receipts()
            assert len(converting.made) == len(set(converting.made)), "a segment was made twice"
        except AssertionError as error:
            wrong[call] = str(error)

    assert not wrong


@scenes
def test_two_deaths(scene: str, place: Path, converting: Converting, counts: Counter[str]) -> None:
    """The process dies, is started again, and dies again: pairs of calls, the same ones each time."""
    calls = Play(SCENES[scene], place).run()
    chosen = random.Random(scene)
    pairs = [(chosen.randrange(calls), chosen.randrange(calls)) for _ in range(PAIRS)]
    deaths = Deaths(partial(Play, SCENES[scene], place), converting)
    deaths.find({first for first, _ in pairs})
    for first, second in pairs:
        play = deaths.after(first)
        play.check_nothing_lost()
        play.run([second])
        counts["pairs"] += 1

        play.check_end()
        play.check_receipts()


@pytest.mark.parametrize("scene", ["folder", "films"])
def test_death_while_forgetting(
    scene: str, place: Path, converting: Converting, counts: Counter[str]
) -> None:
    """Dying while old jobs are forgotten, the process forgets the rest afterwards, and sends nothing again."""
    begin = partial(Play, SCENES[scene], place, with_retention=True)
    sent = Play(SCENES[scene], place).run()
    deaths = Deaths(begin, converting)
    deaths.find(range(sent, begin().run()))
    counts["deaths"] += len(deaths.left)
    for _, play in deaths.each():
        play.check_nothing_lost()
        play.run()

        if not play.machine.is_known:
            play.check_end()
            play.check_forgotten()
