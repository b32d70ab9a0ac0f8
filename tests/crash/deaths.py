"""Every way in which the process can die in a scene: what lies there before each call, seen in one life.

A process that is killed does nothing more, so what it leaves is what lies there at that moment. Where two deaths leave
the same, all that follows is the same, and is tried once.
"""

from __future__ import annotations

import copy
import os
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.crash.disks import DyingDisk
from tests.crash.machine import BEGINNING, DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence
    from pathlib import Path

    from tests.crash.chat import Chat
    from tests.crash.media import Converting
    from tests.crash.stage import Play


class _Found(NamedTuple):
    """One name: what it is and holds. `first` is the first name of the same file, `when` a time that the program set."""

    name: str
    mode: int
    data: bytes
    first: str
    when: float


@dataclass(frozen=True)
class Left:
    """What a dead process has left: its disk, the chat, and the clock."""

    tree: tuple[_Found, ...]
    times: tuple[float, ...]
    chat: Chat
    now: float
    ages: tuple[float, ...]
    made: tuple[str, ...]

    @property
    def what_follows(self) -> object:
        """All that decides what happens next."""
        known = frozenset(self.chat._seen), len(self.chat.messages), self.now, self.ages, self.made
        return self.tree, known


class Deaths:
    """The deaths of one scene, whose plays `begin` begins; `converting` tells the segments that were made."""

    def __init__(self, begin: Callable[[], Play], converting: Converting) -> None:
        self._begin = begin
        self._converting = converting
        self.left: dict[int, Left] = {}
        """What a death before each call leaves."""

    def find(self, calls: Container[int]) -> None:
        """Look before each of these calls."""
        play = self._begun()
        disk = play.disk()
        disk.before_call = lambda call: self._look(play, call) if call in calls else None
        play.machine.live(disk)

    def each(self) -> Iterator[tuple[int, Play]]:
        """What is left, each on a machine that is about to come up; the same comes once."""
        known, starts = set[object](), Starts(self._converting.made)
        for call, left in sorted(self.left.items()):
            if left.what_follows not in known:
                known.add(left.what_follows)
                play = self.after(call)
                starts.watch(play)
                yield call, play

    def after(self, call: int) -> Play:
        """A machine on which the process has died before this call."""
        play, left = self._begun(), self.left[call]
        _lay(left, play.place)
        play.machine.chat = copy.deepcopy(left.chat)
        play.machine.now = left.now
        play.machine._ages = list(left.ages)
        self._converting.made[:] = left.made
        return play

    def _begun(self) -> Play:
        self._converting.made.clear()
        return self._begin()

    def _look(self, play: Play, call: int) -> None:
        self.left[call] = _left_by(play, self._converting.made)


class Starts:
    """The states in which processes began to work.

    A process that has put the spool right knows nothing but what lies there: from the same state all goes as it went
    from it before. `made` are the segments that were made so far, where that is looked at.
    """

    def __init__(self, made: Sequence[str] = ()) -> None:
        self._made = made
        self._known: set[object] = set()

    def watch(self, play: Play) -> None:
        """Let the next process of this machine end where another began to work from the same."""

        def is_new() -> bool:
            state = _left_by(play, self._made).what_follows
            new = state not in self._known
            self._known.add(state)
            return new

        play.machine.goes_on = is_new


def _left_by(play: Play, made: Sequence[str]) -> Left:
    machine = play.machine
    tree = list(_seen(play.place))
    return Left(
        tuple(found for found, _ in tree),
        tuple(when for _, when in tree),
        copy.deepcopy(machine.chat, {id(machine.chat.by): DyingDisk()}),
        machine.now,
        tuple(machine._ages),
        tuple(made),
    )


def _seen(place: Path) -> Iterator[tuple[_Found, float]]:
    """Every name below, folders before what is in them; with the time of its file."""
    first: dict[int, str] = {}
    waiting = [place]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                state = entry.stat(follow_symlinks=False)
                name = os.path.relpath(entry.path, place)
                data = b""
                if stat.S_ISDIR(state.st_mode):
                    waiting.append(place / name)
                elif stat.S_ISLNK(state.st_mode):
                    data = os.fsencode((place / name).readlink())
                else:
                    data = (place / name).read_bytes()
                same = first.setdefault(state.st_ino, name)
                when = state.st_mtime if state.st_mtime > BEGINNING - DAY else 0.0
                yield _Found(name, state.st_mode, data, same, when), state.st_mtime


def _lay(left: Left, place: Path) -> None:
    shutil.rmtree(place)
    place.mkdir()
    for found in left.tree:
        path = place / found.name
        if stat.S_ISDIR(found.mode):
            path.mkdir()
        elif stat.S_ISLNK(found.mode):
            path.symlink_to(os.fsdecode(found.data))
            continue
        elif found.first != found.name:
            path.hardlink_to(place / found.first)
        else:
            path.write_bytes(found.data)
        path.chmod(stat.S_IMODE(found.mode))
    for found, when in reversed([*zip(left.tree, left.times, strict=True)]):
        os.utime(place / found.name, (when, when), follow_symlinks=False)
