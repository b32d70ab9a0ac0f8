"""The daemon is stopped at every await of a job's whole way, with a job taken away under its hands or not."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest

from telespool.spool.layout import WORKING
from tests.crash.machine import at_once
from tests.crash.scenes import SCENES
from tests.crash.stage import Play

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

STOPS = int(os.environ.get("TELESPOOL_STOPS", "24"))
"""At how many awaits of each scene it is stopped; spread evenly over all of them."""

pytestmark = pytest.mark.timeout(300)


class Stopper:
    """Cancels the daemon at the await number `at`; before that it may take the first job away."""

    def __init__(self, play: Play, at: int | None, *, taking: bool) -> None:
        self.play = play
        self.at = at
        self.taking = taking
        self.awaits = 0
        self.taken: tuple[Path, Path] | None = None

    async def to_thread(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        """Stand for asyncio.to_thread: count, and stop when it is time."""
        self.awaits += 1
        if self.awaits == self.at:
            if self.taking:
                self._take()
            for task in asyncio.all_tasks():
                if getattr(task.get_coro(), "__name__", "") == "_live":
                    task.cancel()
        return await at_once(call, *arguments, **named)

    def _take(self) -> None:
        for folder in WORKING:
            for job in sorted((self.play.machine.root / folder).iterdir()):
                self.taken = job, self.play.place / "taken"
                job.rename(self.taken[1])
                return

    def give_back(self) -> None:
        """Put back what was taken, in the place of what was made there meanwhile."""
        if self.taken is None:
            return
        place, away = self.taken
        place.mkdir(exist_ok=True)
        for entry in sorted(away.iterdir()):
            if not (place / entry.name).exists():
                entry.rename(place / entry.name)


@pytest.mark.parametrize("taking", [False, True], ids=["stopped", "taken away and stopped"])
@pytest.mark.parametrize("scene", ["album", "films", "folder", "across"])
@pytest.mark.usefixtures("converting")
def test_stopped_at_every_await(
    scene: str,
    taking: bool,
    place: Path,
    counts: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It ends at once, whatever was moved away; started again, everything arrives exactly once."""
    play = Play(SCENES[scene], place)
    counting = Stopper(play, None, taking=False)
    monkeypatch.setattr(asyncio, "to_thread", counting.to_thread)
    play.run()
    wrong = {}
    for at in sorted({1 + round(step * counting.awaits / STOPS) for step in range(STOPS)}):
        play = Play(SCENES[scene], place)
        stopper = Stopper(play, at, taking=taking)
        monkeypatch.setattr(asyncio, "to_thread", stopper.to_thread)
        counts["stops"] += 1
        try:
            with pytest.raises(asyncio.CancelledError):
                play.machine.live(play.disk())
            stopper.give_back()
            play.check_nothing_lost()
            play.run()
            play.check_end()
            play.check_receipts()
        except (AssertionError, OSError, pytest.fail.Exception) as error:
            wrong[at] = repr(error)[:300]

    assert not wrong
