"""Faults of the machine: full disks, unreadable files, clocks that jump, two daemons, two file systems."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import telespool
from telespool.config.schema import TelegramSettings
from telespool.destinations.telegram.session import Session
from telespool.errors import ConfigError, LoginNeeded, SpoolBusy, Temporary
from telespool.spool import Spool
from telespool.spool.lock import Lock
from tests.crash.disks import DyingDisk
from tests.crash.media import photo, video
from tests.crash.scenes import SCENES, tar
from tests.crash.stage import Play
from tests.faults.house import config, running
from tests.jobs import job_name
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


PROGRAM = f"{Path(telespool.__file__).parent}{os.sep}"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system takes root")


class FullDisk(DyingDisk):
    """Has no room for the first call from `full_at` on that needs some; then there is room again."""

    def __init__(self, full_at: int | None = None, *, inbox: Path | None) -> None:
        super().__init__(inbox=inbox)
        self.full_at = full_at
        self._failed = False
        self.places: dict[object, list[int]] = {}
        """The calls that need room, by the lines of the program that they come from and what they do there."""

    def _need_room(self, path: Path, half: Callable[[], object] = lambda: None) -> None:
        if self.full_at is None:
            self.places.setdefault(_place(), []).append(self.calls)
        elif self.calls >= self.full_at and not self._failed:
            self._failed = True
            self.calls += 1
            half()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def mkdir(self, path: Path) -> bool:
        """A directory needs room, unless it stands already."""
        if not path.exists():
            self._need_room(path)
        return super().mkdir(path)

    def rename(self, source: Path, target: Path) -> None:
        """A name may need room."""
        self._need_room(target)
        super().rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        """A name may need room."""
        self._need_room(target)
        super().link(source, target)

    def write(self, path: Path, data: bytes) -> None:
        """Half of it is written."""
        self._need_room(path, lambda: path.write_bytes(data[: len(data) // 2]))
        super().write(path, data)

    def copy(
        self, source: Path, target: Path, progress: Any = None, *, private: bool = False
    ) -> None:
        """Half of it is copied."""
        self._need_room(target, lambda: target.write_bytes(b"half"))
        super().copy(source, target, progress, private=private)

    def append(self, path: Path, data: bytes) -> None:
        """Half of it is written."""
        self._need_room(path)
        super().append(path, data)

    def fsync(self, *paths: Path) -> None:
        """Some file systems say only now that there is no room."""
        for path in paths:
            self._need_room(path)
        super().fsync(*paths)


def _place() -> object:
    """Return the lines of the program that the call comes from, and the calls of the disk, innermost first."""
    place: list[object] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(PROGRAM):
            place.append((code.co_filename, frame.f_lineno))
        elif code.co_filename == __file__:
            place.append(code.co_name)
        frame = frame.f_back
    return tuple(place)


@pytest.mark.usefixtures("converting")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("scene", SCENES)
def test_the_disk_is_full_at_every_write(scene: str, place: Path) -> None:
    """Whichever line of the program finds no room, it is waited for, and everything arrives once there is."""
    wrong = {}
    for call in _calls_that_need_room(scene, place):
        play = Play(SCENES[scene], place)
        inbox = play.machine.inbox if play.scene.across else None
        play.make_disk = lambda _, n=call, i=inbox: FullDisk(n, inbox=i)  # type: ignore[misc]
        try:
            play.run()
            play.check_nothing_lost()
            play.make_disk = play._plain_disk
            play.run()  # what only could not be tidied up is tidied up at the next start
            play.check_end()
            play.check_receipts()
        except AssertionError as error:
            wrong[call] = str(error)

    assert not wrong


def _calls_that_need_room(scene: str, place: Path) -> list[int]:
    """Return one call for each way through the program that leads to one; of those that come often, not always the first."""
    play = Play(SCENES[scene], place)
    disk = FullDisk(inbox=play.machine.inbox if play.scene.across else None)
    play.make_disk = lambda _: disk
    play.run()
    return sorted(calls[number % len(calls)] for number, calls in enumerate(disk.places.values()))


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    """Mounts small file systems, which are gone after the test."""
    mounted: list[Path] = []

    def mount(name: str, size: str) -> Path:
        path = tmp_path / name
        path.mkdir(parents=True, exist_ok=True)
        order = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
        done = subprocess.run(order, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        mounted.append(path)
        return path

    yield mount
    for path in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(path)], check=False)


@as_root
@pytest.mark.usefixtures("fast_media")
async def test_a_small_disk_that_is_full_is_waited_for(
    mounts: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """On a real file system without room for the contents it waits, and goes on when there is room."""
    root = mounts("small", "4m")
    members = {f"{n}.jpg": photo(str(n).encode() + bytes(30_000)) for n in range(30)}
    (tmp_path / "big.tar").write_bytes(tar(members))
    (root / "inbox").mkdir()
    ballast = root / "ballast"
    subprocess.run(["cp", tmp_path / "big.tar", root / "inbox"], check=True)
    free = os.statvfs(root).f_bavail * os.statvfs(root).f_frsize
    ballast.write_bytes(bytes(free - 90_000))
    async with running(config(root)) as house:
        await house.until(lambda: house.lying("incoming") or house.arrived)
        ballast.unlink()
        await house.until(lambda: len(house.arrived) == len(members) and house.idle)

    assert sorted(house.arrived) == sorted(members.values())
    assert house.lying("quarantine") == []


@as_root
@pytest.mark.usefixtures("fast_media")
async def test_an_inbox_on_another_file_system_works(
    mounts: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """What is dropped on another file system arrives as well, and leaves nothing behind there."""
    inbox = mounts("elsewhere", "1m")
    async with running(config(tmp_path / "spool", inbox=inbox)) as house:
        (inbox / "family").mkdir(exist_ok=True)
        (inbox / "family" / "a.jpg").write_bytes(photo(b"a"))
        (inbox / "trip").mkdir()
        (inbox / "trip" / "b.jpg").write_bytes(photo(b"b"))
        await house.until(lambda: len(house.arrived) == 2 and house.idle)

    assert sorted(house.arrived) == [photo(b"a"), photo(b"b")]
    assert sorted(path.name for path in inbox.rglob("*")) == ["family"]


@as_root
def test_a_spool_over_two_file_systems_is_refused(
    mounts: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """A folder of the spool that is a mount of its own is refused at the start, by name."""
    root = tmp_path / "spool"
    mounts("spool/done", "1m")

    with pytest.raises(ConfigError, match="not under one mount"):
        Spool(root).open()


@as_root
def test_a_read_only_spool_is_refused_with_a_sentence(
    mounts: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """The command says that the file system is read-only, and ends."""
    root = mounts("frozen", "1m")
    (tmp_path / "config.toml").write_text(f'[spool]\nroot = "{root}"\n')
    subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
    done = _telespool("run", "--until-idle", "-c", str(tmp_path / "config.toml"))

    assert done.returncode == 78
    assert "read-only" in done.stderr.lower()
    assert "Traceback" not in done.stderr


@as_root
def test_a_state_directory_that_cannot_be_written_is_waited_for(
    mounts: Callable[[str, str], Path],
) -> None:
    """A login on a disk that is full, or read-only, is no wrong configuration; a damaged one must be made anew."""
    state = mounts("state", "64k")
    settings = TelegramSettings()
    ballast = state / "ballast"
    with contextlib.suppress(OSError):
        ballast.write_bytes(bytes(1 << 20))
    with pytest.raises(Temporary, match=r"goes on by itself") as full:
        Session.open(settings, state)
    assert (full.value.scope, full.value.kind) == ("all", "disk")
    del full
    gc.collect()  # the connection that was being made
    ballast.unlink()
    Session.place(settings, state).unlink(missing_ok=True)
    Session.open(settings, state).close()
    subprocess.run(["mount", "-o", "remount,ro", str(state)], check=True)
    with pytest.raises(Temporary, match=r"[Rr]ead-only"):
        Session.open(settings, state)
    subprocess.run(["mount", "-o", "remount,rw", str(state)], check=True)
    Session.place(settings, state).write_bytes(b"no database" * 100)
    with pytest.raises(LoginNeeded, match="damaged"):
        Session.open(settings, state)


def test_two_daemons_on_one_spool(tmp_path: Path) -> None:
    """The second one ends with 75 and names the first."""
    root = tmp_path / "spool"
    (tmp_path / "config.toml").write_text(f'[spool]\nroot = "{root}"\n')
    first = Spool(root)
    first.open()
    with pytest.raises(SpoolBusy):
        Lock(root / "lock").take()
    done = _telespool("run", "--until-idle", "-c", str(tmp_path / "config.toml"))
    first.close()

    assert done.returncode == 75
    assert str(os.getpid()) in done.stderr


def _telespool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telespool.cli.main", *words],
        capture_output=True,
        text=True,
        timeout=longest(60),
        check=False,
    )


@pytest.mark.usefixtures("fast_media")
async def test_files_that_vanish_or_change_under_its_hands(tmp_path: Path) -> None:
    """A deleted unit is passed over, a truncated and a replaced one are judged as they are; the rest arrives."""
    root = tmp_path / "spool"
    house_config = config(root)
    spool = Spool(root)
    spool.open()
    job = root / "uploading" / job_name()
    job.mkdir()
    for name in ("0001_a.mp4", "0002_b.mp4", "0003_c.mp4", "0004_d.mp4"):
        (job / name).write_bytes(video(name.encode()))
    spool.close()
    (job / "0001_a.mp4").unlink()
    (job / "0002_b.mp4").write_bytes(b"")
    (job / "0003_c.mp4").write_bytes(video(b"another"))
    async with running(house_config) as house:
        await house.until(lambda: house.idle)

    assert sorted(house.arrived) == [video(b"0004_d.mp4"), video(b"another")]
    assert "0002_b.mp4" in house.lying("quarantine")


@pytest.mark.usefixtures("fast_media")
async def test_a_file_that_cannot_be_read_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit whose file the kernel refuses to open waits by itself; those behind it arrive."""
    from tests.crash import media  # noqa: PLC0415 - its function is wrapped here

    async def judge(path: Path, *rest: Any, **more: Any) -> Any:
        if path.name.endswith("a.mp4"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return await media.assess(path, *rest, **more)

    monkeypatch.setattr("telespool.pipeline.send.prepare.assess", judge)
    root = tmp_path / "spool"
    (root / "inbox").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (root / "inbox" / name).write_bytes(video(name.encode()))
    async with running(config(root)) as house:
        await house.until(lambda: len(house.arrived) == 2)

    assert sorted(house.arrived) == [video(b"b.mp4"), video(b"c.mp4")]
