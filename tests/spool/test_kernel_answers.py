"""What kernels and file systems answer now and then: each answer has its way, or leaves as it is."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from typing import TYPE_CHECKING, Any

import pytest

from telespool.errors import ConfigError
from telespool.pipeline.forget import retention_plan
from telespool.pipeline.unpack import room_queue
from telespool.runtime.plain_files import NotPlain
from telespool.spool import Spool, fs_ops, operator, staging
from telespool.spool.fs_ops import FileOps
from telespool.spool.layout import Entry
from telespool.spool.lock import Lock
from telespool.spool.names import Unit
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path


class _Kernel:
    """Answers these calls with an error."""

    def __init__(self, number: int) -> None:
        self._number = number

    def _refuse(self, *_: object) -> int:
        ctypes.set_errno(self._number)
        return -1

    renameat2 = syncfs = _refuse


def test_a_file_system_without_renames_that_spare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel cannot spare what stands there, it is looked first; nothing is overwritten."""
    monkeypatch.setattr(fs_ops, "_LIBC", _Kernel(errno.EINVAL))
    (tmp_path / "a").write_text("a")
    FileOps().rename(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c").write_text("c")
    with pytest.raises(OSError, match="Invalid argument"):
        FileOps().rename(tmp_path / "b", tmp_path / "c")
    assert (tmp_path / "c").read_text() == "c"
    with pytest.raises(OSError, match="Invalid argument"):
        FileOps().syncfs(tmp_path)


def test_a_file_that_is_swapped_while_it_gets_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name goes again: it is another file than was meant."""
    (tmp_path / "a").write_text("a")
    monkeypatch.setattr(os.path, "samestat", lambda *_: False)
    with pytest.raises(NotPlain):
        FileOps().link(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_pipe_in_a_folder_is_not_copied(tmp_path: Path) -> None:
    """What is neither a file, a folder nor a link is left out of a copy."""
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a/pipe")
    (tmp_path / "a/file").write_text("a")
    FileOps().copy_tree(tmp_path / "a", tmp_path / "b")
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["file"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO])
def test_a_file_system_that_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Where no locks are, the spool is taken all the same; another error leaves."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock = Lock(tmp_path / "lock")
    if number == errno.EIO:
        with pytest.raises(OSError, match="Input/output"):
            lock.take()
    else:
        lock.take()
        lock.release()
    with staging.staging(FileOps(), tmp_path) as place:  # nobody sweeps there either
        assert place.is_dir()


def test_a_hidden_folder_that_is_swept_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it was locked, or right after: the next is tried."""
    opened = staging._open

    def swept(path: Path) -> int:
        if path.name.endswith("-1"):
            path.rmdir()
        descriptor = opened(path)
        if path.name.endswith("-2"):
            path.rmdir()
        return descriptor

    monkeypatch.setattr(staging, "_open", swept)
    with staging.staging(FileOps(), tmp_path) as place:
        assert place.name.endswith("-3")


class _Refusing(FileOps):
    """A disk on which nothing may be renamed."""

    def rename(self, source: Path, target: Path) -> None:
        """Fail."""
        raise PermissionError(
            errno.EACCES, os.strerror(errno.EACCES), str(source), None, str(target)
        )


@pytest.mark.parametrize(("number", "error"), [(errno.EACCES, ConfigError), (errno.EIO, OSError)])
def test_a_spool_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    """A wrong place is told as one; a broken disk is none."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    spool = Spool(tmp_path / "spool")
    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(error):
        spool.open()
    spool.close()


def test_an_archive_that_cannot_be_moved(tmp_path: Path) -> None:
    """The error leaves as it is, and the archive stays."""
    spool = Spool(tmp_path / "spool")
    spool.open()
    path = spool.root / "quarantine" / job_name() / "0003_more.zip"
    path.parent.mkdir()
    path.write_bytes(b"zip")
    unit = Unit.parse(path.name)
    assert unit is not None
    entry = Entry("quarantine", path.parent.name, unit, path)
    spool.disk = _Refusing()
    with pytest.raises(PermissionError):
        operator.drop_again(spool, entry)
    assert path.exists()
    path.unlink()
    assert room_queue._weight(entry) == 0
    spool.close()


def test_what_is_gone_weighs_nothing(tmp_path: Path) -> None:
    """A file that vanishes while its age is looked at proves nothing, and takes no room."""
    gone: Any = tmp_path / "gone"
    assert retention_plan._size(gone) == 0
    assert retention_plan._digest(gone) == ""
