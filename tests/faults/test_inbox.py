"""The inbox under fire: everything that was written completely is claimed once, nothing half."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.media import photo
from tests.faults.house import config, running
from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from watchdog.observers.api import BaseObserver

pytestmark = pytest.mark.usefixtures("fast_media")
HALF = 40_000


def contents(count: int) -> list[bytes]:
    """So many photos, of two halves each."""
    return [photo(f"{n} ".encode() + bytes(2 * HALF)) for n in range(count)]


async def _slowly(path: Path, data: bytes) -> None:
    """Write one half, pause for longer than it takes to settle, write the other."""
    with path.open("wb") as file:
        file.write(data[:HALF])
        file.flush()
        await asyncio.sleep(0.4)
        file.write(data[HALF:])


def _run(*command: str | Path) -> None:
    subprocess.run([str(word) for word in command], check=True)


async def test_slow_writers(root: Path) -> None:
    """A file that is open for writing is not taken, however long its writer pauses."""
    photos = contents(5)
    async with running(config(root)) as house:
        paths = [root / "inbox" / f"{n}.jpg" for n in range(5)]
        await asyncio.gather(
            *(_slowly(path, data) for path, data in zip(paths, photos, strict=True))
        )
        await house.until(lambda: len(house.arrived) == 5 and house.idle)

    assert sorted(house.arrived) == sorted(photos)


@pytest.mark.parametrize("way", ["cp", "cp -r", "mv", "mv a folder", "rsync", "ln", "install"])
async def test_ways_to_drop(way: str, root: Path, tmp_path: Path) -> None:
    """However people bring files there, each arrives once and whole, and what is theirs stays theirs."""
    if way == "rsync" and shutil.which("rsync") is None:
        pytest.skip("rsync is not installed")
    source = tmp_path / "trip"
    source.mkdir()
    photos = contents(4)
    for n, data in enumerate(photos):
        (source / f"{n}.jpg").write_bytes(data)
    files = sorted(source.iterdir())
    kept = way not in {"mv", "mv a folder"}
    async with running(config(root, settle=1.0)) as house:
        inbox = root / "inbox" / "family"
        await house.until(inbox.is_dir)
        commands: dict[str, list[str | Path]] = {
            "cp": ["cp", *files, inbox],
            "cp -r": ["cp", "-r", source, inbox],
            "mv": ["mv", *files, inbox],
            "mv a folder": ["mv", source, inbox],
            "rsync": ["rsync", "-a", *files, inbox],
            "ln": ["ln", *files, inbox],
            "install": ["install", *files, inbox],
        }
        await asyncio.to_thread(_run, *commands[way])
        await house.until(lambda: len(house.arrived) == 4 and house.idle)

    assert sorted(house.arrived) == sorted(photos)
    assert list(inbox.iterdir()) == []
    if kept:
        assert [path.read_bytes() for path in files] == photos
        assert all(path.stat().st_nlink == 1 for path in files)


async def test_names_that_look_unfinished_are_left(root: Path) -> None:
    """Hidden and half-downloaded files are taken when they get their final name, not before."""
    async with running(config(root)) as house:
        inbox = root / "inbox"
        names = [".hidden.jpg", "a.jpg.part", "b.crdownload", "c.jpg.filepart", "d.tmp"]
        for name in names:
            (inbox / name).write_bytes(photo(name.encode()))
        (inbox / "marker.jpg").write_bytes(photo(b"marker"))
        await house.until(lambda: house.arrived and house.idle)
        before = list(house.arrived)
        (inbox / "a.jpg.part").rename(inbox / "a.jpg")
        await house.until(lambda: len(house.arrived) == 2)

    assert before == [photo(b"marker")]
    assert house.arrived[1] == photo(b"a.jpg.part")
    assert sorted(path.name for path in inbox.iterdir() if path.is_file()) == sorted(
        set(names) - {"a.jpg.part"}
    )


async def test_very_many_small_files_at_once(root: Path) -> None:
    """More files than a person counts, dropped in one go: each is claimed exactly once."""
    count = int(os.environ.get("TELESPOOL_MANY", "60"))
    (root / "inbox").mkdir(parents=True)
    for n in range(count):
        (root / "inbox" / f"{n}.jpg").write_bytes(photo(str(n).encode()))
    async with running(config(root)) as house:
        async with asyncio.timeout(longest(100)):
            while len(house.arrived) < count or not house.idle:
                await asyncio.sleep(0.1)

    assert sorted(house.arrived) == sorted(photo(str(n).encode()) for n in range(count))


async def test_the_inbox_is_deleted_and_made_again(root: Path) -> None:
    """Without its inbox the daemon makes a new one, and takes what is dropped there."""
    async with running(config(root)) as house:
        shutil.rmtree(root / "inbox")
        await house.until((root / "inbox" / "family").is_dir)
        (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
        await house.until(lambda: house.arrived and house.idle)

    assert house.arrived == [photo(b"a")]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system takes root")
async def test_the_inbox_is_mounted_over_and_unmounted(root: Path) -> None:
    """A mount that appears over the inbox is an inbox as well, and so is what comes back when it goes."""
    async with running(config(root)) as house:
        inbox = root / "inbox"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(inbox)],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("no file system can be mounted here")
        try:
            (inbox / "over.jpg").write_bytes(photo(b"over"))
            await house.until(lambda: len(house.arrived) == 1 and house.idle)
        finally:
            _run("umount", "--lazy", inbox)
        (inbox / "under.jpg").write_bytes(photo(b"under"))
        await house.until(lambda: len(house.arrived) == 2 and house.idle)

    assert house.arrived == [photo(b"over"), photo(b"under")]


async def test_without_events_polling_finds_the_drops(root: Path) -> None:
    """On shares that send no events the inbox is looked through instead."""
    async with running(config(root, polling=True)) as house:
        (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
        await house.until(lambda: house.arrived and house.idle)

    assert house.arrived == [photo(b"a")]


async def test_when_the_kernel_refuses_to_watch(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no watch to be had (the user's limit is reached) the regular look finds the drops."""
    from watchdog.observers import Observer  # noqa: PLC0415 - only its method is replaced here

    def refuse(self: BaseObserver, *_: Any, **__: Any) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(Observer, "schedule", refuse)
    async with running(config(root)) as house:
        (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
        await house.until(lambda: house.arrived and house.idle)

    assert house.arrived == [photo(b"a")]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/etc/passwd")])
async def test_what_is_no_file_is_left(root: Path, make: Callable[[Path], None]) -> None:
    """Pipes and links are not taken, hold nobody up, and lie there still."""
    async with running(config(root)) as house:
        make(root / "inbox" / "odd.jpg")
        (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
        await house.until(lambda: house.arrived and house.idle)

    assert house.arrived == [photo(b"a")]
    assert os.path.lexists(root / "inbox" / "odd.jpg")
