"""The system calls that change the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from pathlib import Path


class Noting(FileOps):
    """Notes what it does."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def fsync(self, *paths: Path) -> None:
        """Note each."""
        super().fsync(*paths)
        self.did += [f"fsync {path.name}" for path in paths]

    def rename(self, source: Path, target: Path) -> None:
        """Note it."""
        super().rename(source, target)
        self.did.append(f"rename {source.name} {target.name}")


def test_what_is_published_is_on_the_disk_before_and_after(tmp_path: Path) -> None:
    """Content first, then the name, then both directories."""
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "from" / "a").write_bytes(b"a")
    disk = Noting()
    disk.publish(tmp_path / "from" / "a", tmp_path / "to" / "b")

    assert disk.did == ["fsync a", "rename a b", "fsync to", "fsync from"]


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    """Renaming, linking, writing and copying refuse a name that is taken, by a file or an empty folder."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    (tmp_path / "c").mkdir()
    (tmp_path / "d").mkdir()
    disk = FileOps()
    with pytest.raises(FileExistsError):
        disk.rename(tmp_path / "a", tmp_path / "b")
    with pytest.raises(FileExistsError):
        disk.rename(tmp_path / "c", tmp_path / "d")
    with pytest.raises(FileExistsError):
        disk.link(tmp_path / "a", tmp_path / "b")
    with pytest.raises(FileExistsError):
        disk.write(tmp_path / "b", b"x")
    with pytest.raises(FileExistsError):
        disk.copy(tmp_path / "a", tmp_path / "b")

    assert (tmp_path / "a").read_bytes() == b"a"
    assert (tmp_path / "b").read_bytes() == b"b"


def test_what_others_have_names_for_is_copied_not_lent(tmp_path: Path) -> None:
    """A second name is given to a file that is ours alone; of one that has several, a copy is made."""
    (tmp_path / "a").write_bytes(b"a")
    disk = FileOps()
    disk.lend(tmp_path / "a", tmp_path / "b")
    disk.lend(tmp_path / "a", tmp_path / "c")

    assert (tmp_path / "a").samefile(tmp_path / "b")
    assert not (tmp_path / "a").samefile(tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == b"a"


def test_dropping_content_spares_other_names(tmp_path: Path) -> None:
    """A file that is emptied keeps its content under the other names it has, and its times."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    FileOps().utime(tmp_path / "b", 1_000_000_000.0)
    FileOps().truncate(tmp_path / "b")

    assert (tmp_path / "a").read_bytes() == b"a"
    assert (tmp_path / "b").read_bytes() == b""
    assert (tmp_path / "b").stat().st_mtime == 1_000_000_000.0


POWERLESS = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
OTHERS = """
import os, sys
from pathlib import Path
from telespool.spool.fs_ops import FileOps
file, folder = map(Path, sys.argv[1:])
try:
    FileOps().utime(folder, 1000.0)
except PermissionError as error:
    print(error.filename)
FileOps().utime(file, 1000.0)
print(file.stat().st_uid, int(file.stat().st_mtime), file.read_text(), os.listdir(file.parent))
FileOps().truncate(Path(os.fspath(file) + "-2"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_the_time_of_what_belongs_to_somebody_else(tmp_path: Path) -> None:
    """A file becomes ours, of the same content, so that it can be given a time; a folder says that it cannot."""
    place, folder = tmp_path / "place", tmp_path / "folder"
    for directory in (place, folder):
        directory.mkdir()
    for name in ("photo", "photo-2"):
        (place / name).write_text("content")
        (place / name).chmod(0o664)
        os.chown(place / name, 12_001, 0)
    os.chown(folder, 12_001, 0)
    done = subprocess.run(
        [*POWERLESS, sys.executable, "-c", OTHERS, str(place / "photo"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if "setpriv" in done.stderr:
        pytest.skip("root cannot be made to respect the rights of files here")
    assert done.returncode == 0, done.stderr
    told, photo = done.stdout.splitlines()
    assert told == str(folder)
    assert photo.startswith("0 1000 content [")
    assert sorted(path.name for path in place.iterdir()) == ["photo", "photo-2"]
    assert (place / "photo-2").read_text() == ""
