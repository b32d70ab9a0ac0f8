"""Trees of directories are listened to: all of them, under the names that they have now, and no others."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.runtime.inotify import Change, Kind, Trees
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


class Ear:
    """Hears of two trees: of `inbox` what became of files, of `working` that something changed."""

    def __init__(self, place: Path) -> None:
        self.inbox, self.working = place / "inbox", place / "working"
        self.changes: list[Change] = []
        self.rung: list[str] = []
        self.refused: list[str] = []
        self._news = threading.Condition()
        self.trees = Trees(self._ring, self._heard, lambda name, _: self.refused.append(name))
        for path in (self.inbox, self.working):
            path.mkdir()
            self.trees.add(path.name, str(path), tells=path is self.inbox)

    def _ring(self, names: set[str]) -> None:
        with self._news:
            self.rung += sorted(names)
            self._news.notify_all()

    def _heard(self, change: Change) -> None:
        with self._news:
            self.changes.append(change)
            self._news.notify_all()

    def until(self, true: Callable[[], object]) -> None:
        """Wait until something is true of what was heard."""
        with self._news:
            assert self._news.wait_for(true, longest(10)), (self.changes, self.rung)

    def told(self, kind: Kind, name: str, before: str = "") -> None:
        """Wait until it is told of a file in the inbox."""
        earlier = str(self.inbox / before) if before else ""
        change = Change(kind, str(self.inbox / name), earlier)
        self.until(lambda: change in self.changes)


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    """It hears until the end of the test."""
    ear = Ear(tmp_path)
    yield ear
    ear.trees.close()


def test_what_becomes_of_files_is_told(ear: Ear) -> None:
    """Written, closed, renamed, removed; in the folder itself, and in one that was made since."""
    (ear.inbox / "new" / "deep").mkdir(parents=True)
    for name in ("a.jpg", "new/deep/b.jpg"):
        path = ear.inbox / name
        with path.open("wb") as file:
            file.write(b"half")
            file.flush()
            ear.told("modified", name)
        ear.told("closed", name)
        path.rename(path.with_suffix(".png"))
        ear.told("moved", name.replace("jpg", "png"), name)
        path.with_suffix(".png").unlink()
        ear.told("deleted", name.replace("jpg", "png"))


def test_a_folder_is_known_under_its_new_name(ear: Ear, tmp_path: Path) -> None:
    """What a folder holds that is moved here, renamed, or moved away, is told by the paths that it has then."""
    (tmp_path / "trip" / "day").mkdir(parents=True)
    (tmp_path / "trip" / "day" / "a.jpg").write_bytes(b"a")
    (tmp_path / "trip").rename(ear.inbox / "trip")
    ear.told("created", "trip/day/a.jpg")
    (ear.inbox / "trip").rename(ear.inbox / "holiday")
    ear.told("moved", "holiday/day/a.jpg", "trip/day/a.jpg")
    (ear.inbox / "holiday" / "day" / "b.jpg").write_bytes(b"b")
    ear.told("closed", "holiday/day/b.jpg")

    (ear.inbox / "holiday").rename(ear.working / "job")
    ear.until(lambda: "working" in ear.rung)
    (ear.working / "job" / "day" / "c.jpg").write_bytes(b"c")
    (ear.working / "job").rename(tmp_path / "away")
    (ear.inbox / "one.jpg").write_bytes(b"one")
    ear.told("closed", "one.jpg")
    (ear.inbox / "two.jpg").write_bytes(b"two")
    ear.told("closed", "two.jpg")  # what nobody has said a new place of is let go by now
    ear.rung.clear()
    (tmp_path / "away" / "day" / "d.jpg").write_bytes(b"d")
    (ear.inbox / "three.jpg").write_bytes(b"three")
    ear.told("closed", "three.jpg")

    assert "working" not in ear.rung
    assert not [each for each in ear.changes if each.path.endswith(("c.jpg", "d.jpg"))]


def test_where_nobody_wants_to_be_told_it_only_rings(ear: Ear) -> None:
    """At every depth, and without a word of files."""
    for name in ("a", "a/b", "a/b/c"):
        ear.rung.clear()
        (ear.working / name).mkdir()
        ear.until(lambda: "working" in ear.rung)
    ear.rung.clear()
    (ear.working / "a/b/c/x.jpg").write_bytes(b"x")
    ear.until(lambda: "working" in ear.rung)

    assert not ear.changes


def test_a_folder_that_was_removed_is_watched_no_more(ear: Ear) -> None:
    """Whoever looks sees it, and can watch the one that was made in its place."""
    shutil.rmtree(ear.inbox)
    ear.until(lambda: not ear.trees.has("inbox"))
    ear.inbox.mkdir()
    ear.trees.add("inbox", str(ear.inbox), tells=True)
    (ear.inbox / "a.jpg").write_bytes(b"a")
    ear.told("closed", "a.jpg")


def test_what_was_lost_is_looked_for(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the queue full, folders that were made meanwhile are watched all the same, and it is told that something is lost."""
    go = threading.Event()
    take_in = ear.trees._take_in

    def late(data: bytes) -> set[str]:
        go.wait(longest(10))
        return take_in(data)

    monkeypatch.setattr(ear.trees, "_take_in", late)
    longest_queue = int(_QUEUE.read_text())
    files = [ear.working / name for name in ("one", "two")]
    for path in files:
        path.touch()
    for _ in range(longest_queue // 2 + 2048):
        for path in files:  # by turns: what equals the event before it takes no room
            os.close(os.open(path, os.O_WRONLY))
    (ear.inbox / "late").mkdir()
    go.set()
    ear.until(lambda: Change("lost", "") in ear.changes)
    (ear.inbox / "late" / "a.jpg").write_bytes(b"a")
    ear.told("closed", "late/a.jpg")


def test_folders_beyond_the_kernels_limit_are_named(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be watched is told of; the others are watched still."""
    watched = ear.trees._watched

    def refused(path: str, *more: object) -> object:
        if path.endswith("late"):
            raise OSError(28, "No space left on device")
        return watched(path, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(ear.trees, "_watched", refused)
    (ear.working / "late").mkdir()
    ear.until(lambda: ear.refused == ["working"])
    (ear.inbox / "a.jpg").write_bytes(b"a")
    ear.told("closed", "a.jpg")
