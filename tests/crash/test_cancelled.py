"""The daemon is stopped, or reloaded, at every await of a job's whole way, with a job taken away under its hands or not."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from telespool.service.reload import _Runner
from telespool.spool.layout import WORKING
from tests.crash.machine import at_once, instead_of_threads
from tests.crash.scenes import SCENES
from tests.crash.stage import Play

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

    from telespool.service.service import Service
    from tests.crash.disks import DyingDisk

STOPS = int(os.environ.get("TELESPOOL_STOPS", "16"))
"""At how many awaits of each scene it is stopped; spread evenly over all of them."""

pytestmark = pytest.mark.timeout(300)


def _stop() -> None:
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__name__", "") == "_live":
            task.cancel()


class Stopper:
    """Stops the daemon at the await number `at`, or does what `end` does; before that it may take the first job away."""

    def __init__(
        self, play: Play, at: int | None, *, taking: bool, end: Callable[[], None] = _stop
    ) -> None:
        self.play = play
        self.at = at
        self.taking = taking
        self.end = end
        self.awaits = 0
        self.taken: tuple[Path, Path] | None = None

    async def to_thread(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        """Stand for asyncio.to_thread: count, and stop when it is time."""
        self.awaits += 1
        if self.awaits == self.at:
            if self.taking:
                self._take()
            self.end()
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


class Life:
    """What a reload sees of the service."""

    has_worked = False

    def __init__(self, play: Play, disk: DyingDisk) -> None:
        self.config = play.machine.config
        self.destination = play.machine.chat
        self.sending = asyncio.Lock()
        self._play, self._disk = play, disk

    def activate(self) -> None:
        """Nothing belongs to the process."""

    async def run(self, *, until_idle: bool) -> None:
        """Live until nothing is left to do."""
        assert until_idle
        await self._play.machine.serve(self._disk, self.sending)


def _stopped(play: Play, at: int, *, taking: bool, patch: pytest.MonkeyPatch) -> Stopper:
    stopper = Stopper(play, at, taking=taking)
    instead_of_threads(patch, stopper.to_thread)
    with pytest.raises(asyncio.CancelledError):
        play.machine.live(play.disk())
    return stopper


def _reloaded(play: Play, at: int, *, taking: bool, patch: pytest.MonkeyPatch) -> Stopper:
    disk = play.disk()
    patch.setattr("telespool.service.reload.obstacles", lambda *_: [])
    runner = _Runner(lambda _: cast("Service", Life(play, disk)))
    stopper = Stopper(play, at, taking=taking, end=runner.reload)
    instead_of_threads(patch, stopper.to_thread)
    asyncio.run(runner.run(until_idle=True))
    return stopper


@pytest.mark.parametrize("taking", [False, True], ids=["all there", "a job taken away"])
@pytest.mark.parametrize("scene", ["album", "films", "folder", "across"])
@pytest.mark.parametrize("end", [_stopped, _reloaded], ids=["stopped", "reloaded"])
@pytest.mark.usefixtures("converting")
def test_ended_at_every_await(
    end: Callable[..., Stopper],
    scene: str,
    taking: bool,
    place: Path,
    counts: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It ends at once, whatever was moved away; started again, everything arrives exactly once."""
    play = Play(SCENES[scene], place)
    counting = Stopper(play, None, taking=False)
    instead_of_threads(monkeypatch, counting.to_thread)
    play.run()
    wrong = {}
    for at in sorted({1 + round(step * counting.awaits / STOPS) for step in range(STOPS)}):
        play = Play(SCENES[scene], place)
        counts["stops"] += 1
        try:
            ended = end(play, at, taking=taking, patch=monkeypatch)
            assert ended.awaits >= at
            ended.give_back()
            play.check_nothing_lost()
            play.run()
            play.check_end()
            # A reload waits for what is being sent: its original may be given back after that.
            play.check_receipts(repeated=taking and end is _reloaded)
        except (AssertionError, OSError, pytest.fail.Exception) as error:
            wrong[at] = repr(error)[:300]

    assert not wrong
