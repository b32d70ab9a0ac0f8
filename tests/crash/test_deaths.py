"""The process dies before every call that changes the disk, and before and after every request."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

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
    for call in range(Play(SCENES[scene], place).run()):
        play = Play(SCENES[scene], place)
        converting.made.clear()
        counts["deaths"] += 1
        try:
            play.run([call])
            play.check_end()
            play.check_receipts()
            assert len(converting.made) == len(set(converting.made)), "a segment was made twice"
        except AssertionError as error:
            wrong[call] = str(error)

    assert not wrong


@scenes
@pytest.mark.usefixtures("converting")
def test_two_deaths(scene: str, place: Path, counts: Counter[str]) -> None:
    """The process dies, is started again, and dies again: pairs of calls, the same ones each time."""
    calls = Play(SCENES[scene], place).run()
    chosen = random.Random(scene)
    for _ in range(PAIRS):
        first, second = chosen.randrange(calls), chosen.randrange(calls)
        play = Play(SCENES[scene], place)
        play.run([first, second])
        counts["pairs"] += 1

        play.check_end()
        play.check_receipts()


@pytest.mark.usefixtures("converting")
@pytest.mark.parametrize("scene", ["folder", "films"])
def test_death_while_forgetting(scene: str, place: Path, counts: Counter[str]) -> None:
    """Dying while old jobs are forgotten, the process forgets the rest afterwards, and sends nothing again."""
    sent = Play(SCENES[scene], place).run()
    for call in range(sent, Play(SCENES[scene], place, with_retention=True).run()):
        play = Play(SCENES[scene], place, with_retention=True)
        play.run([call])
        counts["deaths"] += 1

        play.check_end()
        play.check_forgotten()
