"""What crashes, other programs and people leave in a spool is read as far as it says something, and never harms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from telespool.errors import ConfigError, NoRoom
from telespool.spool import Spool, numbering
from telespool.spool.account import Account, Fate, Proof, _is_below, outgrown
from telespool.spool.job_captions import JobCaptions
from telespool.spool.layout import CAPTIONS, CONTENTS, MEMBERS, Entry
from telespool.spool.lock import Lock
from telespool.spool.mounts import first_apart
from telespool.spool.names import Unit
from telespool.spool.receipts import Receipt, ReceiptReader, kept
from telespool.spool.room import Promise
from telespool.spool.transition import free_name
from telespool.spool.whole_file import appearing
from tests.laying import JOB, lay_file, lay_files

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "a" * 64


@pytest.mark.parametrize(
    "line", ["", "0001 2 3", f"0001 2 3 {DIGEST[:-1]} a.jpg", f"one 2 3 {DIGEST} a.jpg"]
)
def test_a_receipt_that_was_broken_off_says_nothing(line: str) -> None:
    """The line is passed over."""
    assert Receipt.parse(line) is None


def test_broken_lines_of_lists(spool: Spool, tmp_path: Path) -> None:
    """Each list is read up to what is broken in it, and beyond."""
    assert JobCaptions.read(spool, JOB) == JobCaptions()
    lay_file(spool, f"done/{CAPTIONS}", '= 1 "cut off\n= 2 "whole"\n= 3 5\nnothing\n0004 2 -1\n')
    found = JobCaptions.read(spool, JOB)
    assert found.texts == {2: "whole", 3: None}
    assert kept(spool, JOB) == {}
    lay_file(spool, f"done/{CONTENTS}", "kept 1 640 480\nkept 2 x\nkept 3 320 \0\n")
    assert kept(spool, JOB) == {1: (640, 480)}
    reader = ReceiptReader()
    assert reader.contents(tmp_path / "none") == {}
    path = lay_file(spool, f"done/{CONTENTS}", f"0001 2 3 {DIGEST} a.jpg\n0002 2 3 {DIGEST} b")
    assert reader.contents(path) == {1: {(3, DIGEST)}}
    path.write_text(f"0003 2 3 {DIGEST} c\n")
    assert reader.contents(path) == {3: {(3, DIGEST)}}


def test_the_account_proves_what_arrived(spool: Spool) -> None:
    """An archive inside is proven by all that was in it; what was left out of it, or grew, is not."""
    inner = "b" * 64
    lines = [
        f"0001 0 4 {DIGEST} a.jpg",
        f"> 0002 0 9 {inner} in.zip",
        f"2000001 0 4 {DIGEST} b.jpg",
    ]
    sent = f"0001 5 4 {DIGEST} a.jpg\n2000001 6 4 {DIGEST} b.jpg\n"
    lay_file(spool, f"done/{CONTENTS}", sent)
    for more, covered in (
        (["complete"], True),
        ([], False),
        (["- in.zip → c.txt\ttext", "complete"], False),
    ):
        lay_file(spool, f"done/{MEMBERS}", "\n".join([*lines, *more, ""]))
        assert Proof(spool, JOB).covers(9, inner) == covered
        assert Proof(spool, JOB).of_size(9)
    assert not Proof(spool, JOB).covers(9, DIGEST)
    assert json.dumps(Fate("a", "delivered").to_json())
    drop = lay_file(spool, "incoming/0000_trip/a.jpg", "longer than that").parent
    unit = Unit.parse(drop.name)
    assert unit is not None
    entry = Entry("incoming", JOB, unit, drop)
    assert [*outgrown(spool, entry, Account.read(spool, JOB))] == ["a.jpg"]


def test_the_next_free_name(tmp_path: Path) -> None:
    """With an ending and without."""
    for name in ("a.jpg", "a-2.jpg", "a"):
        (tmp_path / name).touch()
    assert [free_name(tmp_path / name).name for name in ("a.jpg", "a", "b")] == [
        "a-3.jpg",
        "a-2",
        "b",
    ]


def test_a_whole_file_or_none(tmp_path: Path) -> None:
    """It appears with all that was written; never over another, and not at all after an error."""
    with appearing(tmp_path / "a") as file:
        file.write(b"whole")
        assert not (tmp_path / "a").exists()
    with pytest.raises(FileExistsError), appearing(tmp_path / "a") as file:
        file.write(b"other")
    with pytest.raises(KeyError), appearing(tmp_path / "b") as file:
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_folder_that_was_removed(spool: Spool) -> None:
    """It is not asked whether it lies on another file system; and comes again."""
    (spool.root / "deferred").rmdir()
    assert first_apart(spool.root) is None


def test_pieces_of_films_that_nobody_converts(spool: Spool) -> None:
    """They go; those of a film that waits stay."""
    for name in ("0001.segments/v1.mp4", "0002.segments/v1.mp4", "notes.txt"):
        lay_files(spool, f"converting/{name}")
    lay_files(spool, "deferred/0002_b.avi")
    spool.drop_orphan_segments(JOB)
    assert sorted(path.name for path in (spool.root / "converting" / JOB).iterdir()) == [
        "0002.segments",
        "notes.txt",
    ]


def test_copies_that_gather_leave_where_room_is_needed(spool: Spool) -> None:
    """A story keeps its place."""
    lay_files(spool, "deferred/0001-0002c_open/0001c_a.mp4")
    lay_files(spool, "deferred/0003-0004=0003_open/0003=0003_a.jpg")
    spool.close_copies()
    assert [path.name for path in (spool.root / "uploading" / JOB).iterdir()] == ["0001c_a.mp4"]
    assert (spool.root / "deferred" / JOB / "0003-0004=0003_open").is_dir()


def test_a_lock_that_nobody_has(tmp_path: Path) -> None:
    """No word can be left in it."""
    lock = Lock(tmp_path / "lock")
    lock.leave_word("never")
    assert lock.last_word() is None
    (tmp_path / "lock").write_text("x" * 40)
    assert lock.last_word() is None


def test_what_vanishes_has_no_claim(spool: Spool) -> None:
    """A unit that went away while numbers were compared came first."""
    unit = Unit.parse("0001_a.jpg")
    assert unit is not None
    assert numbering._claim(Entry("uploading", JOB, unit, spool.root / "none"))[2] == 0.0


def test_more_than_was_promised(tmp_path: Path) -> None:
    """Who wrote into the reserve is stopped; without a reserve nobody is."""
    spool = Spool(tmp_path, reserve=1 << 60)
    nothing = Promise(spool.room, "a.zip")
    with pytest.raises(NoRoom):
        spool.room.check_reserve(nothing, "a.zip")
    Spool(tmp_path).room.check_reserve(nothing, "a.zip")


def test_a_link_in_the_spool(tmp_path: Path) -> None:
    """A folder that is a link is refused: what is in it is not ours."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool/done").symlink_to(tmp_path / "elsewhere")
    spool = Spool(tmp_path / "spool")
    with pytest.raises(ConfigError, match="follows no"):
        spool.open()
    spool.close()


@pytest.mark.parametrize(
    ("number", "archive", "below"),
    [
        (2000001, 2, True),
        (2000001000001, 2, True),
        (2000001000001, 2000001, True),
        (3000001, 2, False),
        (2, 2, False),
    ],
)
def test_what_came_out_of_an_archive(number: int, archive: int, below: bool) -> None:
    """By the numbers alone, however deep it lay."""
    assert _is_below(number, archive) == below
