"""A small disk: the reserve is kept, who waits for room stands aside and is shown, and what can never fit is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.crash.media import photo, video
from tests.faults.house import config, running
from tests.jobs import job_name
from tests.material import make_tar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.house import House

pytestmark = [
    pytest.mark.usefixtures("fast_media"),
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system takes root"),
]
MIB = 1 << 20
RESERVE = 16 * MIB


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A spool on a file system of 48 MiB."""
    root = tmp_path / "small"
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(root)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    (root / "inbox").mkdir()
    yield root
    subprocess.run(["umount", "--lazy", root], check=True)


def _tar(to: Path, place: Path, **sizes: int) -> None:
    """An archive with a film of so many bytes under each name."""
    members = {}
    for name, size in sizes.items():
        members[f"{name}.mp4"] = place / f"{name}.mp4"
        members[f"{name}.mp4"].write_bytes(video(name.encode()) + bytes(size))
    make_tar(to, members)


def _waits(house: House) -> list[tuple[str, str]]:
    return [(wait.kind, wait.whom) for wait in house.service.activity.waits.now(0.0)]


def _free(root: Path) -> int:
    state = os.statvfs(root)
    return state.f_bavail * state.f_frsize


async def test_the_one_that_waits_for_room_stands_aside(small: Path, tmp_path: Path) -> None:
    """A large archive waits and says why; smaller ones go on; it goes on by itself when there is room."""
    kept = small / "quarantine" / job_name() / "0001_old.mp4"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(16 * MIB))
    (kept.parent / "0001_old.mp4.txt").write_text("It is damaged.\n")
    _tar(small / "inbox" / "1 big.tar", tmp_path, film=8 * MIB)
    async with running(config(small, reserve=RESERVE)) as house:
        await house.until(lambda: _waits(house))
        (small / "inbox" / "2.jpg").write_bytes(photo(b"2"))
        _tar(small / "inbox" / "3.tar", tmp_path, little=1000)
        await house.until(lambda: len(house.arrived) == 2)
        assert _free(small) >= RESERVE
        (wait,) = house.service.activity.waits.now(0.0)
        assert "1 big.tar needs 8.0 MiB on the disk" in wait.reason
        assert "spool.reserve" in wait.reason
        kept.unlink()
        await house.until(lambda: len(house.arrived) == 3 and house.idle)
        assert _waits(house) == []


async def test_what_can_never_fit_is_refused(small: Path, tmp_path: Path) -> None:
    """A member that would not fit on the empty disk sends its archive to quarantine with a sentence; nothing is written."""
    _tar(small / "inbox" / "big.tar", tmp_path, film=19 * MIB)
    async with running(config(small, reserve=RESERVE)) as house:
        await house.until(lambda: house.lying("quarantine") and house.idle)
        assert _free(small) >= RESERVE

    (note,) = small.glob("quarantine/*/*.txt")
    assert "big.tar needs" in note.read_text()
    assert "can never give more" in note.read_text()


async def test_a_member_that_is_larger_than_told_is_broken_off(small: Path, tmp_path: Path) -> None:
    """Room is asked for again with every piece that is written, whatever the archive says of its size."""
    source = tmp_path / "film.mp4"
    source.write_bytes(video(b"film") + bytes(20 * MIB))
    subprocess.run(["gzip", "-1", str(source)], check=True)
    shutil.move(source.with_name("film.mp4.gz"), small / "inbox" / "film.mp4.gz")
    async with running(config(small, reserve=RESERVE + 16 * MIB)) as house:
        await house.until(lambda: _waits(house) or house.lying("quarantine"))
        assert _free(small) >= RESERVE + 16 * MIB
        assert house.arrived == []


async def test_a_claim_by_copy_asks_for_room_first(small: Path, tmp_path: Path) -> None:
    """What lies on another disk and does not fit stays there, untouched and named; what fits is taken."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "film.mp4").write_bytes(video(b"film") + bytes(24 * MIB))
    (small / "ballast").write_bytes(bytes(12 * MIB))
    async with running(config(small, inbox=inbox, reserve=RESERVE)) as house:
        await house.until(lambda: ("room", "film.mp4") in _waits(house))
        (inbox / "a.jpg").write_bytes(photo(b"a"))
        await house.until(lambda: house.arrived and house.idle)
        assert sorted(path.name for path in inbox.glob("*.*")) == ["film.mp4"]
        assert _free(small) >= RESERVE
        (small / "ballast").unlink()
        await house.until(lambda: len(house.arrived) == 2 and house.idle)
