"""One process at a time has a lock; whoever only asks is in nobody's way."""

from __future__ import annotations

import fcntl
import os
import threading
from typing import TYPE_CHECKING

import pytest

from telespool.errors import SpoolBusy
from telespool.spool import Spool
from telespool.spool import lock as lock_module
from telespool.spool.lock import Lock
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path


def test_one_at_a_time(tmp_path: Path) -> None:
    """The second is told who has it; after its release it is free, and nobody holds it."""
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.holder() is None
    first.take()
    assert second.holder() == os.getpid()
    with pytest.raises(SpoolBusy, match=str(os.getpid())):
        second.take()
    first.release()
    assert second.holder() is None
    second.take()
    second.release()
    second.release()


def test_a_look_is_waited_out(tmp_path: Path) -> None:
    """Whoever asks for the holder has the lock for a moment; a daemon that starts just then starts all the same."""
    path = tmp_path / "lock"
    with path.open("w") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        timer = threading.Timer(0.05, fcntl.flock, (looking, fcntl.LOCK_UN))
        timer.start()
        lock = Lock(path)
        lock.take()
        timer.join()
    assert lock.holder() == os.getpid()
    lock.release()


def test_removing_the_file_lets_no_second_one_in(tmp_path: Path) -> None:
    """The spool itself is locked too: a person who removes a file called lock starts no second daemon."""
    first, second = Spool(tmp_path / "spool"), Spool(tmp_path / "spool")
    first.open()
    (tmp_path / "spool" / "lock").unlink()
    with pytest.raises(SpoolBusy):
        second.open()
    first.close()
    second.open()
    second.close()


def test_the_file_is_made_anew(tmp_path: Path) -> None:
    """Whoever removes it, and even makes another, is told who has the lock, as soon as that looks."""
    lock = Lock(tmp_path / "lock")
    assert not lock.renew()
    lock.take()
    taken = (tmp_path / "lock").stat().st_mtime_ns
    assert not lock.renew()
    for again in (False, True):
        (tmp_path / "lock").unlink()
        if again:
            (tmp_path / "lock").touch()
        assert Lock(tmp_path / "lock").holder() is None
        assert lock.renew()
        assert Lock(tmp_path / "lock").holder() == os.getpid()
        assert (tmp_path / "lock").stat().st_mtime_ns == taken
    lock.release()
    assert Lock(tmp_path / "lock").holder() is None


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    """What it points to is not written to."""
    (tmp_path / "letter").write_text("dear aunt")
    (tmp_path / "lock").symlink_to(tmp_path / "letter")
    with pytest.raises(OSError, match="lock"):
        Lock(tmp_path / "lock").take()
    assert (tmp_path / "letter").read_text() == "dear aunt"


def test_only_what_is_ours_is_removed_from_tmp(tmp_path: Path) -> None:
    """A folder with a tmp/ of somebody's, taken for a spool, loses nothing; what a process left is made again."""
    theirs = ["thesis.txt", "2024/photo.jpg", "0001_a.jpg", ".hidden"]
    job = job_name()
    ours = [f"{job}.send.0001/first", f"{job}_0001.jpg", "0/1", "7000000/2", ".probe-17-4"]
    for name in (*theirs, *ours):
        path = tmp_path / "tmp" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")

    spool = Spool(tmp_path)
    spool.open()
    spool.close()

    left = [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(tmp_path / "tmp")) for path in left) == sorted(theirs)


def test_what_cannot_be_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another has the new file, or it is none, the lock stays what it is; without one no word is left."""
    monkeypatch.setattr(lock_module, "_PAUSE", 0.0)
    path = tmp_path / "lock"
    lock = Lock(path)
    lock.leave_word("bye")
    assert not path.exists()
    lock.take()
    assert lock.last_word() is None
    lock.leave_word("The disk is gone.")
    ended = lock.last_word()
    assert ended is not None
    assert ended[1] == "The disk is gone."
    path.unlink()
    other = Lock(path)
    other.take()
    assert not lock.renew()
    other.release()
    path.unlink()
    os.mkfifo(path)
    assert not lock.renew()
    lock.release()
