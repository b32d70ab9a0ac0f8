"""What the worker of the inbox does of what it finds: it waits, takes, or says why not."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from telespool.config import loader
from telespool.observe.progress import Activity
from telespool.pipeline.claim.drop import Drop
from telespool.pipeline.claim.inbox import Inbox
from telespool.pipeline.worker import WorkerContext
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.wakeups import WakeupBus

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.runtime.fs_watcher import FolderWatcher
    from telespool.spool import Spool
    from telespool.spool.layout import Entry


def inbox_of(spool: Spool, more: str = "") -> Inbox:
    """The worker of this spool, of which no event tells anything."""
    text = f'[spool]\nroot = "{spool.root}"\n[chats]\nfamily = "@family"\n{more}'
    config = loader.parse(text, "config.toml")
    watching = cast("FolderWatcher", SimpleNamespace(check=lambda: None, heard=None))
    return Inbox(WorkerContext(config, spool, WakeupBus(), Activity()), watching)


def told(inbox: Inbox) -> str:
    """Why things are left."""
    now = inbox.spool.clock()
    return "\n".join(wait.reason for wait in inbox.context.activity.waits.now(now))


def drop_of(spool: Spool, name: str, data: bytes = b"\xff\xd8\xff\xe0", **more: Any) -> Drop:
    """A file in the inbox."""
    path = spool.inbox / name
    path.write_bytes(data)
    return Drop(path, "default", (plain_files.sign(plain_files.lstat(path)),), **more)


async def test_a_volume_that_is_missing(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for at growing gaps, and not before each is over; in the end it is taken as it is."""
    inbox = inbox_of(spool)
    drop = drop_of(spool, "a.part1.rar", missing=("a.part2.rar",))
    monkeypatch.setattr("telespool.pipeline.claim.inbox.may_lack", lambda _: True)
    first = await inbox._wait_for_volumes(drop)
    assert "a.part1.rar lacks a.part2.rar. It is waited for, for 24 h" in told(inbox)
    assert 0 < await inbox._wait_for_volumes(drop) <= first
    inbox._incomplete[drop.path].again = 0.0
    assert await inbox._wait_for_volumes(drop) == 2 * first
    inbox._incomplete[drop.path].again = 0.0
    clock = spool.clock
    spool.clock = lambda: clock() + 10 * inbox.config.archives.volume_wait
    assert await inbox._wait_for_volumes(drop) == 0
    assert not inbox._incomplete


async def test_a_piece_among_others_waits_for_its_set(spool: Spool) -> None:
    """The photos and the caption of the same moment go without it; it goes when the set is complete."""
    inbox = inbox_of(spool, "[inbox]\nsettle = 0\n")
    film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
    for name, data in (
        ("a.jpg", b"\xff\xd8\xff\xe0"),
        ("caption.txt", b"the sea"),
        ("film.mp4.001", film),
        ("film.mp4.003", b"end"),
    ):
        drop_of(spool, name, data)
    await inbox.step()
    assert sorted(path.name for path in spool.inbox.glob("*.*")) == ["film.mp4.001", "film.mp4.003"]
    assert "film.mp4.001 lacks film.mp4.002. It is waited for" in told(inbox)
    drop_of(spool, "caption.txt", b"the film")
    await inbox.step()
    assert (spool.inbox / "caption.txt").exists()
    drop_of(spool, "film.mp4.002", b"middle")
    await inbox.step()
    assert not list(spool.inbox.glob("*.*"))


async def test_an_archive_without_its_end(spool: Spool) -> None:
    """It is waited for and named; where nobody writes it, it only has to settle. A time that is to come says nothing."""
    inbox = inbox_of(spool, "[inbox]\nsettle = 30\n")
    drop = drop_of(spool, "a.zip", b"PK\x03\x04" + b"0" * 99)
    spool.clock = lambda: drop.changed + 1
    assert await inbox._wait_for_end(drop_of(spool, "swift.zip", b"PK\x03\x04", swift=True)) <= 30
    assert inbox.pending == 1
    assert told(inbox) == ""
    assert await inbox._wait_for_end(drop) > 30
    assert "a.zip has no end yet" in told(inbox)
    spool.clock = lambda: drop.changed - 1
    assert await inbox._wait_for_end(drop) == 0
    assert await inbox._wait_for_end(drop_of(spool, "b.jpg")) == 0


async def test_what_the_kernel_refuses_of_several(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is tried alone, its caption is not; what is refused is named with what to do, wherever it lies."""
    inbox = inbox_of(spool)
    drops = [
        drop_of(spool, "a.jpg"),
        drop_of(spool, "b.jpg"),
        drop_of(spool, "caption.txt", caption=True),
    ]
    claim, tried = spool.claim, []

    def claimed(path: Path, *args: Any, **named: Any) -> Entry:
        tried.append(path.name)
        if len(tried) == 1 or path.name == "b.jpg":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return claim(path, *args, **named)

    monkeypatch.setattr(spool, "claim", claimed)
    await in_thread(inbox._claim, drops)
    assert tried == ["a.jpg", "a.jpg", "b.jpg"]
    assert "b.jpg cannot be moved, though its rights allow it" in told(inbox)
    assert plain_files.names(spool.inbox) == ["b.jpg", "caption.txt"]


async def test_a_caption_alone(spool: Spool) -> None:
    """It waits for what it is written for."""
    inbox = inbox_of(spool, "[inbox]\nsettle = 0\n")
    drop_of(spool, "caption.txt", b"Our trip")
    settled, _ = await in_thread(inbox._look)
    assert settled == []
    assert "caption.txt" in told(inbox)


async def test_an_inbox_that_is_only_to_be_read(spool: Spool) -> None:
    """Where it is only copied from, a folder that cannot be made is nobody's concern; else it is a fault."""
    (spool.inbox / "family").write_bytes(b"no folder")
    await in_thread(inbox_of(spool, '[inbox]\ntake = "copy"\n')._folders.make)
    with pytest.raises(FileExistsError):
        await in_thread(inbox_of(spool)._folders.make)


async def test_an_export_of_which_one_archive_is_still_written(spool: Spool) -> None:
    """The others wait for it, and say so; then they are one job. Others do not wait."""
    inbox = inbox_of(spool, "[inbox]\nsettle = 0\n")
    empty_zip = b"PK\x05\x06" + bytes(18)
    for number in (1, 2, 10):
        drop_of(spool, f"x-{number:03d}.zip", empty_zip)
    drop_of(spool, "y-001.zip", empty_zip)
    with (spool.inbox / "x-002.zip").open("ab"):
        await inbox.step()
        assert len(list(spool.inbox.glob("x-*"))) == 3
        assert "x-001.zip waits for x-002.zip, which somebody still writes" in told(inbox)
        assert inbox.pending
    await inbox.step()
    drops = [entry.unit.label for entry in spool.all_units("incoming")]
    assert sorted(drops) == ["x-001 – x-010", "y-001.zip"]
    assert plain_files.names(spool.inbox) == ["family"]


async def test_an_export_of_which_one_archive_breaks_off(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others wait for as long as its sender may go on, and then it goes with them."""
    inbox = inbox_of(spool)
    inbox._settling.settle = 0
    monkeypatch.setattr("telespool.runtime.write_signs.WriteSigns.is_written", lambda *_: False)
    drop_of(spool, "x-001.zip", b"PK\x05\x06" + bytes(18))
    drop_of(spool, "x-002.zip", b"PK\x03\x04 it breaks off")
    await inbox.step()
    assert list(spool.all_units("incoming")) == []
    clock = spool.clock
    spool.clock = lambda: clock() + 2 * inbox.config.inbox.settle
    await inbox.step()
    assert [entry.unit.label for entry in spool.all_units("incoming")] == ["x-001 – x-002"]
