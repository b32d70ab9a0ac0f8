"""What ends a conversion early, holds it up, or has it begun again."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from telespool.config.schema import Bytes, Seconds
from telespool.errors import ChildDied, Permanent, Temporary, ToolFault
from telespool.media.ffmpeg_process import PausableClock
from telespool.runtime.gate import PauseGate
from telespool.spool.fs_ops import FileOps
from tests.media.converting import run
from tests.media.measure import see

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.media.convert import Progress

pytestmark = pytest.mark.media


async def test_nothing_is_done_twice(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """Where the result stands already it is left alone."""
    (tmp_path / "out.mp4").write_bytes(b"finished")
    await run(clip("mpeg4.avi"), tmp_path, settings)
    assert (tmp_path / "out.mp4").read_bytes() == b"finished"


async def test_progress(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """Progress goes from nothing to nearly all, and never back."""
    heard: list[Progress] = []
    await run(clip("mpeg4.avi"), tmp_path, settings, progress=heard.append)
    fractions = [progress.fraction for progress in heard]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] > 0.9


async def test_running_time_is_limited(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """An attempt that takes longer than its limit is given up with a sentence."""
    with pytest.raises(Permanent, match=r"convert\.timeout"):
        await run(clip("mpeg4.avi"), tmp_path, replace(settings, timeout=Seconds(0.05)))


async def test_a_killed_ffmpeg_is_no_fault_of_the_film(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """An ffmpeg that somebody killed is a death, not a failure: what it had finished is used by the next call."""
    disk = Stopping()
    settings = replace(settings, preset="slow", checkpoint=Seconds(0.001))
    work = asyncio.create_task(run(clip("mpeg4.avi"), tmp_path, settings, disk=disk))
    await disk.first.wait()
    # Other tests have children of their own, a booted machine among them.
    for child in psutil.Process().children():
        if child.name() == "ffmpeg":
            child.kill()
    with pytest.raises(ChildDied, match="ffmpeg was killed"):
        await work
    again = Stopping()
    assert (await run(clip("mpeg4.avi"), tmp_path, settings, disk=again)).notes == ()
    assert disk.pieces + again.pieces == 5


async def test_memory_is_limited(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """ffmpeg cannot use more memory than it is allowed; where that is too little for any film, none is blamed."""
    with pytest.raises(ToolFault, match="ffprobe does not work on this machine"):
        await run(clip("mpeg4.avi"), tmp_path, replace(settings, memory=Bytes(60 << 20)))


async def test_a_full_disk_is_waited_for(
    clip: Callable[[str], Path],
    tmp_path: Path,
    settings: ConvertSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too little space is no fault of the file: it is temporary, for everybody."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    with pytest.raises(Temporary) as caught:
        await run(clip("mpeg4.avi"), tmp_path, settings)
    assert caught.value.scope == "all"


class Stopping(FileOps):
    """A disk that tells when the first piece of a conversion was finished."""

    def __init__(self) -> None:
        self.pieces = 0
        self.first = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def publish(self, temporary: Path, final: Path) -> None:
        """Count the pieces."""
        super().publish(temporary, final)
        if final.name.startswith("video-"):
            self.pieces += 1
            self._loop.call_soon_threadsafe(self.first.set)


def states() -> set[str]:
    """The states of all ffmpeg processes that this process started."""
    found: set[str] = set()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.name() == "ffmpeg":
                found.add(child.status())
    return found


async def test_gives_way(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """While the gate is closed ffmpeg stands still, none is started, and the time does not count."""
    gate = PauseGate(is_open=False)
    settings = replace(settings, preset="veryslow", timeout=Seconds(60))
    work = asyncio.create_task(run(clip("portrait.mkv"), tmp_path, settings, gate=gate))
    for _ in range(20):
        await asyncio.sleep(0.01)
        assert not states()
    gate.set(is_open=True)
    while not states():
        await asyncio.sleep(0.001)
    gate.set(is_open=False)
    while states() - {psutil.STATUS_STOPPED}:
        await asyncio.sleep(0.001)
    assert not work.done()
    gate.set(is_open=True)
    await work
    assert (tmp_path / "out.mp4").exists()


async def test_standing_still_does_not_count() -> None:
    """The clock of an attempt stands while everybody stands, and goes on with the first who runs."""
    clock = PausableClock(60)
    clock.run()
    clock.run()
    clock.stand()
    await asyncio.sleep(0.01)
    running = clock.elapsed
    assert running > 0
    clock.stand()
    standing = clock.elapsed
    await asyncio.sleep(0.01)
    assert clock.elapsed == standing >= running
    clock.run()
    await asyncio.sleep(0.01)
    assert clock.elapsed > standing


async def test_cancelled_and_resumed(
    clip: Callable[[str], Path], tmp_path: Path, settings: ConvertSettings
) -> None:
    """A conversion that was broken off leaves its pieces and no process, and goes on behind them."""
    settings = replace(settings, preset="slow", checkpoint=Seconds(0.001))
    disk = Stopping()
    work = asyncio.create_task(run(clip("mpeg4.avi"), tmp_path, settings, disk=disk))
    await disk.first.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not states()
    pieces = {path.name for path in (tmp_path / "state").glob("video-*.mp4")}
    assert pieces
    assert not (tmp_path / "out.mp4").exists()

    again = Stopping()
    outcome = await run(clip("mpeg4.avi"), tmp_path, settings, disk=again)
    assert outcome.notes == ()
    assert len(see(tmp_path / "out.mp4").times) == len(see(clip("mpeg4.avi")).times)
