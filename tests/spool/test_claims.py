"""Claims: what was dropped becomes a job, from wherever it lies and whatever changes meanwhile."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.runtime.trees import Changed, list_tree
from telespool.spool import Spool
from telespool.spool.claims import APART, _check_access, _is_copied, _remove_copied
from telespool.spool.copies import Source, TakenFiles
from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telespool.runtime.trees import Listing


class Meddled(FileOps):
    """A disk of which a stranger changes something behind a copy."""

    def __init__(self) -> None:
        self.meddle: Callable[[], None] = lambda: None
        self.first: Callable[[Path], None] | None = None
        """What happens once to the folder of a job, before it is made."""

    def mkdir(self, path: Path) -> bool:
        """Make it; somebody else may be quicker."""
        if self.first is not None and path.parent.name == "incoming":
            first, self.first = self.first, None
            first(path)
        return super().mkdir(path)

    def copy_tree(self, source: Path, target: Path, *, private: bool = False) -> Listing:
        """Copy; then somebody changes the source."""
        listing = super().copy_tree(source, target, private=private)
        self.meddle()
        return listing

    def copy(self, source: Path, target: Path, *args: object, **named: object) -> None:
        """Copy; then somebody changes the source."""
        super().copy(source, target, *args, **named)  # type: ignore[arg-type]
        self.meddle()


@pytest.fixture
def disk() -> Meddled:
    """The disk of the spool."""
    return Meddled()


@pytest.fixture
def spool(tmp_path: Path, disk: Meddled) -> Iterator[Spool]:
    """An open spool."""
    spool = Spool(tmp_path / "spool", disk=disk)
    spool.open()
    yield spool
    spool.close()


def dropped(spool: Spool, *names: str) -> list[Path]:
    """Files in the inbox, each of which holds its name."""
    for name in names:
        path = spool.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return [spool.inbox / name for name in names]


def lying(folder: Path) -> list[str]:
    """All that lies below a folder, with contents."""
    return sorted(
        f"{path.relative_to(folder)}: {path.read_text()}"
        for path in folder.rglob("*")
        if path.is_file()
    )


def lengthen(path: Path) -> None:
    """Change a file."""
    path.write_text("longer")


def test_what_has_another_name_is_copied(spool: Spool) -> None:
    """A hard link elsewhere keeps its data; in the inbox it is gone."""
    (path,) = dropped(spool, "a.zip")
    os.link(path, spool.root.parent / "other")
    entry = spool.claim(path, "default")
    assert entry.path.read_text() == "a.zip"
    assert not path.exists()
    entry.path.write_text("changed")
    assert (spool.root.parent / "other").read_text() == "a.zip"
    assert [*spool.inbox.iterdir()] == []


def test_several_are_copied_as_one_drop(spool: Spool) -> None:
    """The parts of an archive, one of them with another name, lie in a folder of the job."""
    parts = dropped(spool, "a.part1.rar", "a.part2.rar")
    os.link(parts[1], spool.root.parent / "other")
    entry = spool.claim(parts[0], "default", parts[1:])
    assert lying(entry.path) == ["a.part1.rar: a.part1.rar", "a.part2.rar: a.part2.rar"]
    assert [*spool.inbox.iterdir()] == []


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no second file system is here")  # noqa: S108
def test_from_another_file_system(tmp_path: Path) -> None:
    """A folder with folders and a link in it comes whole; nobody else may look into it."""
    elsewhere = Path(tempfile.mkdtemp(dir="/dev/shm"))
    spool = Spool(tmp_path / "spool", elsewhere / "inbox")
    spool.open()
    try:
        dropped(spool, "trip/day/1.jpg", "trip/2.jpg")
        (spool.inbox / "trip/link").symlink_to("2.jpg")
        (spool.inbox / "trip/day").chmod(0o700)
        entry = spool.claim(spool.inbox / "trip", "default")
        assert [name for name, _ in list_tree(entry.path)] == [
            "",
            "2.jpg",
            "day",
            "day/1.jpg",
            "link",
        ]
        assert (entry.path / "day").stat().st_mode & 0o077 == 0
        assert [*spool.inbox.iterdir()] == []
    finally:
        spool.close()
        shutil.rmtree(elsewhere)


def test_what_changes_while_it_is_copied_goes_back(spool: Spool, disk: Meddled) -> None:
    """Nothing was taken: it lies in the inbox as it is now, and no job is there."""
    (path,) = dropped(spool, "a.zip")
    os.link(path, spool.root.parent / "other")
    disk.meddle = lambda: lengthen(spool.root.parent / "other")
    with pytest.raises(Changed):
        spool.claim(path, "default")
    assert lying(spool.inbox) == ["a.zip: longer"]
    assert lying(spool.root / "incoming") == []
    assert lying(spool.tmp) == []


def test_what_comes_to_a_folder_that_was_copied_stays(spool: Spool, disk: Meddled) -> None:
    """After a crash behind the commit: what the job has is removed, the rest is a drop again."""
    dropped(spool, "trip/1.jpg", "trip/2.jpg", "trip/day/3.jpg")
    (spool.inbox / "trip/link").symlink_to("1.jpg")
    entry = spool.claim(spool.inbox / "trip", "default")
    apart = spool.inbox / f"{APART}{entry.job}"
    apart.mkdir()
    disk.copy_tree(entry.path, apart / "trip")
    (apart / "trip/2.jpg").write_text("another")
    (apart / "trip/4.jpg").write_text("late")
    assert spool.finish_copy(apart, entry.job) == ["trip"]
    assert lying(spool.inbox) == ["trip/2.jpg: another", "trip/4.jpg: late"]
    assert len(lying(entry.path)) == 4

    apart.mkdir()
    (apart / "gone").write_text("no job has it")
    assert spool.finish_copy(apart, "20010101-000000_default_none") == ["gone"]


def test_one_of_several_that_is_left(spool: Spool) -> None:
    """Of two files that were set apart together one is left: the job has both in a folder."""
    parts = dropped(spool, "a.part1.rar", "a.part2.rar")
    entry = spool.claim(parts[0], "default", parts[1:])
    apart = spool.inbox / f"{APART}{entry.job}"
    apart.mkdir()
    (apart / "a.part2.rar").write_text("a.part2.rar")
    assert spool.finish_copy(apart, entry.job) == []
    assert not apart.exists()


def test_what_cannot_be_compared_is_not_removed(tmp_path: Path) -> None:
    """A file that is away, or a link for a file, is no copy."""
    path = tmp_path / "a"
    path.write_text("a")
    ((_, kind),) = list_tree(path)
    assert _is_copied(path, path, kind)
    assert not _is_copied(path, tmp_path / "none", kind)
    link = tmp_path / "link"
    link.symlink_to("a")
    ((_, kind),) = list_tree(link)
    assert _is_copied(link, link, kind)
    assert not _is_copied(link, path, kind)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_what_belongs_to_somebody_else_is_copied(spool: Spool) -> None:
    """What others own may be read and removed, so it is copied; it is ours then."""
    dropped(spool, "trip/1.jpg")
    os.chown(spool.inbox / "trip/1.jpg", 12345, -1)
    entry = spool.claim(spool.inbox / "trip", "default")
    assert (entry.path / "1.jpg").stat().st_uid == 0
    assert [*spool.inbox.iterdir()] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("name", ["trip", "trip/1.jpg", "trip/day"])
def test_what_cannot_be_read_is_not_taken(spool: Spool, name: str) -> None:
    """Each file must be readable, and each folder one that can be emptied."""
    dropped(spool, "trip/1.jpg", "trip/day/2.jpg")
    for path in (spool.inbox, *spool.inbox.rglob("*"), *spool.root.parents[:3]):
        path.chmod(0o777)
    (spool.inbox / name).chmod(0)
    os.setreuid(12345, 0)  # what may be accessed is decided for the real user
    try:
        with pytest.raises(PermissionError):
            _check_access(spool.inbox / "trip")
    finally:
        os.setreuid(0, 0)


def test_what_came_late_is_a_drop_again(spool: Spool) -> None:
    """Files that came into a claimed folder go back, but for those that a person took away."""
    dropped(spool, "trip/1.jpg")
    entry = spool.claim(spool.inbox / "trip", "default")
    (entry.path / "day").mkdir()
    (entry.path / "day/2.jpg").write_text("late")
    found = spool.return_late(entry, ["day/2.jpg", "day/3.jpg"])
    assert [path.relative_to(spool.inbox).as_posix() for path in found] == ["trip/day/2.jpg"]
    assert lying(entry.path) == ["1.jpg: trip/1.jpg"]


def test_whose_inbox_it_was(spool: Spool) -> None:
    """That of the chat and its topic, as far as these folders are there."""
    job = "20010101-000000_family+Trip_a"
    assert spool.inbox_of("no job") == spool.inbox
    assert spool.inbox_of(job) == spool.inbox
    (spool.inbox / "family").mkdir()
    assert spool.inbox_of(job) == spool.inbox / "family"
    (spool.inbox / "family/Trip").mkdir()
    assert spool.inbox_of(job) == spool.inbox / "family/Trip"


def test_a_copy_of_what_changes_is_not_taken(spool: Spool, disk: Meddled) -> None:
    """Nothing of a drop that is copied remains where it was changed meanwhile; as it is then, it is taken."""
    path = spool.root.parent / "a.jpg"
    path.write_text("a")
    source = Source(path, "a.jpg", "default/a.jpg")
    disk.meddle = lambda: lengthen(path)
    with pytest.raises(Changed):
        spool.take([source], "default", "a.jpg", single=True)
    assert lying(spool.root / "incoming") == []
    assert lying(spool.tmp) == []

    disk.meddle = lambda: None
    taken = TakenFiles(spool.root / "taken")
    assert source not in taken
    _, names = spool.take([source], "default", "a.jpg", single=True)
    taken.add([*names, "no.such.name", "x"])
    assert source in taken
    for content, is_known in (("other!", False), ("longer", True), ("longest", False)):
        path.write_text(content)
        os.utime(path, (1, 1))
        assert (source in taken) == is_known


def test_what_changed_since_it_was_copied_stays(spool: Spool) -> None:
    """Of the original only what is as it was is removed, and folders that are empty then."""
    dropped(spool, "trip/1.jpg", "trip/2.jpg", "trip/day/3.jpg")
    listing = list_tree(spool.inbox / "trip")
    (spool.inbox / "trip/2.jpg").write_text("another")
    (spool.inbox / "trip/day/3.jpg").unlink()
    _remove_copied(spool, spool.inbox / "trip", listing)
    assert lying(spool.inbox) == ["trip/2.jpg: another"]
    assert not (spool.inbox / "trip/day").exists()
    _check_access(spool.inbox / "trip/2.jpg")


def test_a_name_that_was_taken_just_now(spool: Spool, disk: Meddled) -> None:
    """Somebody makes the folder of the job before it is made here: the job gets another name."""
    (path,) = dropped(spool, "a.jpg")
    disk.first = lambda place: place.mkdir()
    entry = spool.claim(path, "default")
    assert entry.path.read_text() == "a.jpg"
    assert len([*(spool.root / "incoming").iterdir()]) == 2
