"""The power fails before every call: what was not fsynced may be gone, or not."""

from __future__ import annotations

import copy
import dataclasses
import os
import random
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.crash.deaths import Starts
from tests.crash.disks import DyingDisk
from tests.crash.platter import Mode, Platter, Tree, WatchedDisk, lay
from tests.crash.scenes import SCENES
from tests.crash.stage import Play

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.usefixtures("converting", "uncounted"), pytest.mark.timeout(900)]
MODES: tuple[Mode, ...] = ("journal", "loose")
_PARTS = {"films": 2}
"""The scenes with so many calls that a part of them is a test of its own."""
scenes = pytest.mark.parametrize("scene", SCENES)


class PoweredPlay(Play):
    """A scene on a platter."""

    def __init__(
        self, name: str, place: Path, patch: pytest.MonkeyPatch, *, with_retention: bool = False
    ) -> None:
        super().__init__(SCENES[name], place, with_retention=with_retention)
        self.make_disk = self._watched_disk
        self.platter = Platter(place, self.machine.root, self.machine.inbox)
        fsync = os.fsync.__wrapped__ if hasattr(os.fsync, "__wrapped__") else os.fsync

        def watched(descriptor: int) -> None:
            fsync(descriptor)
            self.platter.synced(descriptor)

        watched.__wrapped__ = fsync  # type: ignore[attr-defined]
        patch.setattr(os, "fsync", watched)

    def _watched_disk(self, die_at: int | None) -> WatchedDisk:
        inbox = self.machine.inbox if self.scene.across else None
        return WatchedDisk(self.platter, die_at, inbox=inbox)

    def until(self, call: int) -> bool:
        """Live until death before this call; whether it died."""
        return not self.machine.live(self.disk(call))

    def as_it_is(self) -> Play:
        """The same scene on another machine, where this has happened."""
        play = copy.copy(self)
        place = _after(self.place)
        machine = self.machine
        play.machine = dataclasses.replace(
            machine,
            root=place / "spool",
            inbox=place / machine.inbox.relative_to(self.place),
            chat=copy.deepcopy(machine.chat, {id(machine.chat.by): DyingDisk()}),
        )
        play.make_disk = play._plain_disk
        return play

    def state(self, tree: Tree) -> object:
        """All that decides what happens next."""
        chat = self.machine.chat
        return frozenset(tree.items()), len(chat.messages), len(chat._seen), self.machine.now


def _after(place: Path) -> Path:
    return place.with_name("after")


class Losses:
    """Every way in which the power can fail in a scene; what comes to the same (as what is `known`) is there once.

    With `died_before`, in the life after a death before that call.
    """

    def __init__(
        self,
        begin: Callable[[], PoweredPlay],
        known: set[object],
        died_before: int | None = None,
        starts: Starts | None = None,
    ) -> None:
        self._begin = begin
        self._died_before = died_before
        self._known = known
        self.starts = starts or Starts()
        self._found: list[tuple[str, Tree, Play]] = []
        self.count = 0

    def find(self, calls: range) -> Iterator[tuple[str, Play]]:
        """Those before each of these calls, each on a machine that came up after it."""
        self._look_before(calls)
        for where, tree, after in self._found:
            lay(tree, _after(after.place))
            self.starts.watch(after)
            yield where, after

    def _look_before(self, calls: range) -> None:
        """Look before each of these calls, in one life."""
        play = self._begun()
        if play is None:
            return
        disk = play._watched_disk(calls.stop - 1)
        disk.before_call = lambda call: self._look(play, call) if call in calls else None
        play.machine.live(disk)

    def _begun(self) -> PoweredPlay | None:
        play = self._begin()
        if self._died_before is None or play.until(self._died_before):
            return play
        return None

    def _look(self, play: PoweredPlay, call: int) -> None:
        play.platter.look()
        for mode in MODES:
            for kept in play.platter.outcomes(mode):
                self.count += 1
                tree = play.platter.left(kept, torn=call % 2 == 1)
                state = play.state(tree)
                if state not in self._known:
                    self._known.add(state)
                    what = [change.what for change in kept]
                    self._found.append((f"{mode} {call}: kept {what}", tree, play.as_it_is()))


@pytest.mark.parametrize(
    ("scene", "part"), [(scene, part) for scene in SCENES for part in range(_PARTS.get(scene, 1))]
)
def test_power_fails_before_every_call(
    scene: str, part: int, place: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str]
) -> None:
    """Whatever a power cut takes back, each file arrives exactly once and nothing is left over."""
    begin = partial(PoweredPlay, scene, place, monkeypatch)
    calls, parts = begin().run(), _PARTS.get(scene, 1)
    share = range(calls * part // parts, calls * (part + 1) // parts)
    _play_all(Losses(begin, set()), share, counts)


@pytest.mark.parametrize("scene", ["across", "beside"])
def test_power_fails_while_a_claim_is_undone(
    scene: str, place: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str]
) -> None:
    """The process dies in the middle of a claim, and the power fails while the next start puts that right."""
    begin = partial(PoweredPlay, scene, place, monkeypatch)
    known, starts = set[object](), Starts()
    for death in range(4, 18):
        _play_all(Losses(begin, known, death, starts), range(9), counts)


@scenes
def test_power_fails_after_a_death(
    scene: str, place: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str]
) -> None:
    """What a dead process did without fsync is seen by the next one, which must not build on it."""
    begin = partial(PoweredPlay, scene, place, monkeypatch)
    whole = Play(SCENES[scene], place).run()
    chosen, known, starts = random.Random(scene), set[object](), Starts()
    for _ in range(15):
        death, call = chosen.randrange(whole), chosen.randrange(40)
        _play_all(Losses(begin, known, death, starts), range(call, call + 1), counts)


def _play_all(losses: Losses, calls: range, counts: Counter[str]) -> None:
    wrong = {}
    for where, play in losses.find(calls):
        try:
            play.check_nothing_lost()
            play.run()
            if not play.machine.is_known:
                play.check_end()
                play.check_receipts()
        except AssertionError as error:
            wrong[where] = str(error)

    counts["losses"] += losses.count
    assert not wrong
