"""A real file system of a megabyte that is full, a little later each time: nothing is lost, and all goes on when there is room."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from telespool.pipeline.trouble import Trouble
from tests.crash.scenes import SCENES
from tests.crash.stage import Play

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("converting"),
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system takes root"),
]
_BLOCK = 1024
_ROUNDS = 12
"""For so many rounds of the workers there is no room."""


@pytest.fixture
def small(place: Path) -> Iterator[Path]:
    """A file system whose blocks, directories and all, are few."""
    program = shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip("there is no mkfs.ext4 here")
    place.parent.mkdir(exist_ok=True)
    image, point = place.with_name("image"), place.with_name("small")
    point.mkdir()
    image.write_bytes(bytes(1 << 20))
    make = [program, "-q", "-O", "^has_journal", "-m", "0", "-b", str(_BLOCK), "-N", "512"]
    subprocess.run([*make, str(image)], check=True)
    mount = ["mount", "-o", "loop", str(image), str(point)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield point
    subprocess.run(["umount", "--lazy", point], check=True)


class Crowded:
    """A machine on a disk on which so many blocks are free, until it has tried for a while."""

    def __init__(self, play: Play, point: Path, free: int) -> None:
        self.play = play
        self.ballast = point / "ballast"
        self.rounds = 0
        with self.ballast.open("wb", buffering=0) as file:
            state = os.statvfs(point)
            file.write(bytes(state.f_bavail * state.f_frsize))
            while (size := file.tell()) and os.statvfs(point).f_bavail < free:
                file.truncate(size - _BLOCK)
                file.seek(0, os.SEEK_END)
        play.machine.after_round = self.look

    def look(self) -> bool:
        """After some rounds, see that everything is there still, and make room."""
        self.rounds += 1
        if self.rounds == _ROUNDS:
            self.play.check_nothing_lost()
            self.ballast.unlink()
        return self.rounds <= _ROUNDS


@pytest.mark.parametrize("scene", ["album", "films", "refusals", "across"])
def test_full_a_little_later_each_time(
    scene: str, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claims, copies, members, notes, receipts and reports: whichever finds no block, it is written once there is one."""
    wrong = {}
    refused: set[int] = set()
    failed = Trouble.step_failed
    for free in (1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 30):
        play = Play(SCENES[scene], small / "place")
        crowded = Crowded(play, small, free)

        async def note(trouble: Trouble, error: Exception, at: int = free) -> tuple[float, float]:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                refused.add(at)
            return await failed(trouble, error)

        monkeypatch.setattr(Trouble, "step_failed", note)
        try:
            play.run()
            assert crowded.rounds > _ROUNDS
            play.machine.after_round = lambda: None
            play.run()  # what only could not be tidied up is tidied up at the next start
            play.check_end()
            play.check_receipts()
        except AssertionError as error:
            wrong[free] = str(error)
        crowded.ballast.unlink(missing_ok=True)

    assert not wrong
    assert len(refused) > 2
