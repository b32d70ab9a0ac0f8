"""What a person does to a spool, and what of it they may name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from telespool.errors import Permanent
from telespool.spool import Spool, operator
from telespool.spool.companions import belongs_to
from telespool.spool.fs_ops import FileOps
from telespool.spool.layout import MEMBERS, SKIPPED, Entry
from telespool.spool.lock import Lock
from telespool.spool.lookup import find, typed
from telespool.spool.names import Job
from telespool.spool.natural_order import natural
from telespool.spool.staging import PREFIX, staging, sweep
from telespool.spool.strangers import strangers
from tests.laying import JOB, lay, lay_file

OTHER = f"{JOB[:15]}_family_second"
MEMORY = Path("/dev/shm")  # noqa: S108 - another file system


def test_an_archive_is_dropped_again(spool: Spool) -> None:
    """Into the folder of its chat and topic, with the password that lay beside it; never over another."""
    entry = lay(spool, "quarantine/0003_more.zip")
    entry.path.with_name("more.zip.password").write_text("secret\n")
    entry.path.with_name("0003_more.zip.txt").write_text("It needs a password.")
    target = operator.drop_again(spool, entry)
    assert target == spool.inbox / "family/Trip/more.zip"
    assert target.with_name("more.zip.password").read_text() == "secret\n"
    assert not (spool.root / "quarantine" / JOB).exists()
    with pytest.raises(Permanent, match="is there already"):
        operator.drop_again(spool, lay(spool, "quarantine/0004_more.zip"))


def test_an_archive_cannot_be_dropped_across_file_systems(tmp_path: Path) -> None:
    """The sentence says what to do."""
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system is here")
    with staging(FileOps(), MEMORY) as elsewhere:
        spool = Spool(tmp_path / "spool", elsewhere / "inbox")
        spool.open()
        with pytest.raises(Permanent, match="another file system than the inbox"):
            operator.drop_again(spool, lay(spool, "quarantine/0003_more.zip"))
        spool.close()


@pytest.mark.parametrize("given", ["", "new"])
def test_an_archive_is_unpacked_again(spool: Spool, given: str) -> None:
    """With its password, old or new, in one drop; in a folder the new one takes the place of the old."""
    entry = lay(spool, "quarantine/0000_a.zip")
    entry.path.with_name("0000_a.zip.password").write_text("old\n")
    moved = operator.retry(spool, entry, password=given)
    assert moved.folder == "incoming"
    assert (moved.path / "a.zip.password").read_text() == f"{given or 'old'}\n"
    folder = Entry("quarantine", JOB, moved.unit, spool.root / "quarantine" / JOB / "0000_a.zip")
    spool.disk.mkdir(folder.path.parent)
    spool.disk.rename(moved.path, folder.path)
    again = operator.retry(spool, folder, password="third")
    assert (again.path / "a.zip.password").read_text() == "third\n"


def test_a_copy_is_never_dropped_over_another(spool: Spool, tmp_path: Path) -> None:
    """What waits under that name stays; the new one needs another."""
    source = tmp_path / "a.jpg"
    source.write_text("a")
    (copy,) = operator.take_in(spool, [source], "family", "Trip")
    assert copy.read_text() == "a"
    with pytest.raises(Permanent, match="Give the new one another name"):
        operator.take_in(spool, [source], "family", "Trip")
    with pytest.raises(Permanent, match="Give the new one another name"):
        operator.take_in(spool, [source, source], "family")
    assert list((spool.inbox / "family").glob("*.*")) == []


def test_a_held_unit_waits_for_a_person(spool: Spool) -> None:
    """It lies in deferred/; retried it may go as a document."""
    held = operator.hold(spool, lay(spool, "uploading/0001_a.jpg"))
    assert held.folder == "deferred"
    moved = operator.retry(spool, held, as_document=True)
    assert moved.folder == "uploading"
    assert moved.unit.goes_as_document
    assert moved.unit.document() == moved.unit.plain()


@pytest.mark.parametrize(
    "name", ["deferred/0001@1_a.jpg", "deferred/0001@2_a.jpg", "uploading/0001_a.jpg"]
)
def test_what_is_held_keeps_its_name(spool: Spool, name: str) -> None:
    """However often, and where it waited there already: its own place is no other file."""
    lying = lay(spool, name)
    for _ in range(2):
        held = operator.hold(spool, operator.hold(spool, lying))
        assert held.path.name == str(held.unit) == "0001@held_a.jpg"
        lying = operator.retry(spool, spool.quarantine(held, "You cancelled it."))
        assert lying.path.name == "0001_a.jpg"
        lying = spool.wait(spool.wait(lying, 0.0), 1.0)
    assert spool.resume(lying).path.name == "0001_a.jpg"


def test_the_group_may_write(spool: Spool) -> None:
    """Where the spool may be written by its group, so may what is made in it."""
    before = os.umask(0o022)
    try:
        operator.share(spool)
        assert os.umask(0o022) == 0o022
        spool.root.chmod(0o770)
        operator.share(spool)
        assert os.umask(0o022) == 0o007
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (" 'a b/' ", "a b"),
        ("file:///tmp/a%20b", "/tmp/a b"),  # noqa: S108
        ("~", os.path.expanduser("~")),  # noqa: PTH111
        ("~/a", os.path.expanduser("~/a")),  # noqa: PTH111
        ("~a", "~a"),
        ("/", "/"),
    ],
)
def test_what_is_typed(text: str, meant: str) -> None:
    """Quotes, addresses of files and the home are read as a shell reads them."""
    assert typed(text) == meant


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("  ", "Nothing was named"),
        ("{root}/incoming/letter.txt", "lies beside the jobs"),
        ("{root}/lock", "is no job and no file of one"),
        ("/no/such/place", "no such file or folder"),
        ("nothing", "no job of that name"),
        ("same.jpg", "2 jobs have a file same.jpg"),
        ("{job}/none.jpg", "There is no none.jpg in"),
        ("{job:.8}", "2 jobs are called "),
    ],
)
def test_what_cannot_be_found(spool: Spool, text: str, says: str) -> None:
    """Each sentence says what was named and what to do."""
    lay(spool, "uploading/0001_same.jpg")
    lay(spool, "uploading/0001_same.jpg", job=OTHER)
    (spool.root / "incoming/letter.txt").write_text("dear aunt")
    with pytest.raises(Permanent, match=says):
        find(spool, text.format(root=spool.root, job=JOB))


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("holi", []),
        ("bea", ["0001_beach.jpg"]),
        ("BEACH.JPG", ["0001_beach.jpg"]),
        ("holiday/1", ["0001_beach.jpg"]),
        ("holiday/beach.jpg", ["0001_beach.jpg"]),
    ],
)
def test_what_is_found(spool: Spool, text: str, entries: list[str]) -> None:
    """A job by a part of its name, a file by its name, a part of it, or its number."""
    lay(spool, "uploading/0001_beach.jpg")
    found = find(spool, text)
    assert found.job == JOB
    assert [each.path.name for each in found.entries] == entries
    waiting = spool.inbox / "family/a.jpg"
    waiting.parent.mkdir()
    waiting.write_text("a")
    for named in (str(waiting), "family/a.jpg", "a.jpg"):
        assert find(spool, named).path == waiting


@pytest.mark.parametrize(
    ("name", "first", "belongs"),
    [
        ("a.zip.password", "a.zip", True),
        ("a.zip.caption.txt", "a.zip", True),
        ("a.part2.rar", "a.part1.rar", True),
        ("A.PART2.RAR", "a.part1.rar", True),
        ("b.part2.rar", "a.part1.rar", False),
        ("a.zip.002", "a.zip.001", True),
        ("film.ab", "film.aa", True),
        ("other.ab", "film.aa", False),
        ("a.jpg", "a.zip", False),
    ],
)
def test_what_belongs_to_an_archive(name: str, first: str, belongs: bool) -> None:
    """By the names alone: another volume, its password, its caption."""
    assert belongs_to(name, first) == belongs


def test_names_that_are_no_times_and_no_digits() -> None:
    """A stamp that no calendar has is no time; digits of any script count."""
    job = Job.parse("20019999-000000_family_a")
    assert job is not None
    assert job.claimed == 0.0
    assert sorted(["٣.jpg", "10.jpg", "2.jpg"], key=natural) == ["2.jpg", "٣.jpg", "10.jpg"]


def test_what_lies_about(spool: Spool) -> None:
    """Strangers are named, but never what is in done/; and of a job what is no unit."""
    for name in ("incoming/letter.txt", f"uploading/{JOB}/letter.txt", "done/letter.txt"):
        path = spool.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("dear aunt")
    lay(spool, "uploading/0001_a.jpg")
    found = {path.relative_to(spool.root).as_posix() for path in strangers(spool)}
    assert found == {"incoming/letter.txt", f"uploading/{JOB}/letter.txt"}
    assert spool.jobs_and_others("incoming") == ([], ["letter.txt"])
    assert spool.jobs_and_others("uploading") == ([JOB], [])
    assert spool.jobs_and_others("done")[1] == []
    assert spool.disk_works()
    spool.tmp.rename(spool.root / "away")
    assert not spool.disk_works()
    (spool.root / "away").rename(spool.tmp)


def test_a_lock_that_is_no_file(tmp_path: Path) -> None:
    """A pipe in its place is refused, and nobody waits for its other end."""
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(OSError, match="no plain file"):
        Lock(tmp_path / "lock").take()


def test_copies_of_the_dead_are_swept(tmp_path: Path) -> None:
    """Another name is found where one is taken; what nobody holds goes, what is held stays."""
    (tmp_path / f"{PREFIX}{os.getpid()}-1").mkdir()
    with staging(FileOps(), tmp_path) as own:
        assert own.name.endswith("-2")
        assert sweep(FileOps(), [tmp_path, tmp_path / "none"]) == [
            tmp_path / f"{PREFIX}{os.getpid()}-1"
        ]
        assert own.is_dir()
    assert [*tmp_path.iterdir()] == []


def test_the_disk_says_what_it_cannot(tmp_path: Path) -> None:
    """A file is lent where it may have two names, and copied where it has; a mount point is no empty folder."""
    disk = FileOps()
    one = tmp_path / "one"
    one.write_text("1")
    disk.lend(one, tmp_path / "two")
    assert one.stat().st_nlink == 2
    disk.lend(one, tmp_path / "three")
    assert one.stat().st_nlink == 2
    with pytest.raises(OSError, match="exists"):
        disk.lend(tmp_path / "three", tmp_path / "two")
    with pytest.raises(OSError, match=r"busy|denied"):
        disk.rmdir(Path("/proc"))
    assert not disk.rmdir(tmp_path)
    if MEMORY.is_dir() and MEMORY.stat().st_dev != tmp_path.stat().st_dev:
        with staging(disk, MEMORY) as elsewhere:
            disk.lend(tmp_path / "three", elsewhere / "four")
            assert (elsewhere / "four").read_text() == "1"
            assert stat.S_ISREG((elsewhere / "four").stat().st_mode)


def test_a_drop_is_unpacked_again(spool: Spool) -> None:
    """As it is, or with a password, also where something else of its job lies there already."""
    moved = operator.retry(spool, lay(spool, "quarantine/0000_a.zip"))
    assert moved.path == spool.root / "incoming" / JOB / "0000_a.zip"
    moved.path.rename(spool.root / "quarantine" / "0000_a.zip")
    (spool.root / "quarantine" / JOB).mkdir()
    back = (spool.root / "quarantine" / "0000_a.zip").rename(
        spool.root / "quarantine" / JOB / "0000_a.zip"
    )
    again = operator.retry(spool, Entry("quarantine", JOB, moved.unit, back), password="secret")
    assert sorted(path.name for path in again.path.iterdir()) == ["a.zip", "a.zip.password"]


def test_an_album_that_gathers_is_sent(spool: Spool) -> None:
    """Nobody else joins it then."""
    lay(spool, "deferred/0001-0002c_open/0001c_a.mp4")
    (album,) = spool.units("deferred", JOB)
    moved = operator.retry(spool, album)
    assert (moved.folder, moved.path.name) == ("uploading", "0001-0002c_album")


def test_the_account_tells_what_was_dropped_again(spool: Spool) -> None:
    """Once, however often that is."""
    lay_file(spool, f"done/{MEMBERS}", f"0003 0 4 {'a' * 64} in/more.zip\n")
    for _ in range(2):
        operator.drop_again(spool, lay(spool, "quarantine/0003_more.zip")).unlink()
    (line,) = spool.lines(JOB, SKIPPED)
    assert line == "in/more.zip: it was dropped again, and is a job of its own"
