"""Very much at once: four times as much costs four times as many looks at names, not sixteen times."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest

from telespool.spool.waiting import HELD
from tests.crash.media import film, photo, video
from tests.faults.house import config, running
from tests.jobs import job_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.house import House

pytestmark = pytest.mark.usefixtures("fast_media")
FEW, MANY = 30, 120
JOB = job_name("family")
_A_NAME = 0.001
"""Seconds that the clock of `Pace` goes on for each name: as if the disk were slow."""


class Looks:
    """Counts the names that were read of directories."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: Counter[str] = Counter()
        listdir, scandir = os.listdir, os.scandir

        def count(path: Any) -> list[str]:
            names = listdir(path)
            if "telespool" in sys._getframe(1).f_globals["__name__"]:
                self.names["read"] += len(names) + 1
            return names

        def count_one_by_one(path: Any = ".") -> Any:
            found = scandir(path)
            # What these tests look at while they wait is not the daemon's work.
            ours = "telespool" in sys._getframe(1).f_globals["__name__"]
            return _Counted(found, self.names) if ours else found

        monkeypatch.setattr(os, "listdir", count)
        monkeypatch.setattr("telespool.spool.layout.os.scandir", count_one_by_one)
        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + self.names["read"] * _A_NAME)
        monkeypatch.setattr("telespool.runtime.throttle.time", clock)


class _Counted:
    def __init__(self, entries: Any, names: Counter[str]) -> None:
        self._entries = entries
        self._names = names

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def __iter__(self) -> Iterator[Any]:
        for entry in self._entries:
            self._names["read"] += 1
            yield entry

    def __next__(self) -> Any:
        self._names["read"] += 1
        return next(self._entries)

    def close(self) -> None:
        self._entries.close()


def _loose(root: Path, count: int) -> int:
    (root / "inbox").mkdir(parents=True)
    for n in range(count):
        (root / "inbox" / f"{n}.jpg").write_bytes(photo(str(n).encode()))
    return count


def _beside_many_that_wait(root: Path, count: int) -> int:
    for n in range(count):
        _unit(root, f"deferred/{JOB}_w{n}/0001@1_a.mp4", video(b"w%d" % n))
    for n in range(count // 3):
        _unit(root, f"deferred/{JOB}_x{n}/0001_a.avi", film(b"x%d" % n))
        _unit(root, f"uploading/{JOB}_y{n}/0001_a.mp4", video(b"y%d" % n))
    return 2 * (count // 3)


def _one_job(root: Path, count: int) -> int:
    _unit(root, f"done/{JOB}_z/0000_z.zip", b"the archive")
    for n in range(count):
        _unit(root, f"uploading/{JOB}_z/{n + 1:04d}_a.mp4", video(str(n).encode()))
    return count


def _unit(root: Path, name: str, data: bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if "@" in path.name:
        os.utime(path, (HELD, HELD))


def _arrived(house: House, count: int) -> bool:
    return len(house.arrived) == count


@pytest.mark.parametrize("lay", [_loose, _beside_many_that_wait, _one_job])
async def test_four_times_as_much(
    lay: Callable[[Path, int], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loose files, units beside many that wait, and a job of many: the work grows as they do."""
    looks = Looks(monkeypatch)
    read = []
    for count in (FEW, MANY):
        expected = lay(tmp_path / str(count), count)
        before = looks.names["read"]
        async with running(config(tmp_path / str(count))) as house:
            await house.until(functools.partial(_arrived, house, expected))
        read.append(looks.names["read"] - before)

    assert read[1] < 7 * read[0], read
