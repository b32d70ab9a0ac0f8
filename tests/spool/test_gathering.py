"""Albums that gather: whom they take, for whom they wait, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.spool.layout import Entry
from telespool.spool.names import Unit
from tests.laying import JOB, lay_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.spool import Spool

BEGIN = 4_000_000_000.0
PATIENCE = 900.0


def convert(spool: Spool, name: str, *, at: float = BEGIN, size: int = 3) -> None:
    """Finish the copy of an original in deferred/."""
    lying = spool.root / "deferred" / JOB / name
    unit = Unit.parse(name)
    assert unit is not None
    original = spool.start_conversion(Entry("deferred", JOB, unit, lying))
    result = spool.tmp / "copy.mp4"
    result.write_bytes(b"copy")
    spool.let_out_copy(original, result, until=at + PATIENCE, size=size)
    close(spool, at, size)


def close(spool: Spool, now: float, size: int = 3) -> float | None:
    """Close what is due at this time."""

    def left(_: Sequence[Entry], until: float) -> float:
        return until - now

    return spool.close_due(JOB, size, left)


def lying(spool: Spool, folder: str) -> list[str]:
    """What lies in a folder, with the members of albums."""
    root = spool.root / folder / JOB
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_copies_fill_an_album(spool: Spool) -> None:
    """Three are an album; what is left when nothing else is to come is the next."""
    lay_files(spool, *(f"deferred/{n:04d}_{n}.avi" for n in range(1, 6)))
    for number in range(1, 5):
        convert(spool, f"{number:04d}_{number}.avi")

    assert lying(spool, "uploading") == [f"0001-0003c_album/000{n}c_{n}.mp4" for n in (1, 2, 3)]
    assert lying(spool, "deferred") == ["0004-0004c_open/0004c_4.mp4", "0005_5.avi"]
    convert(spool, "0005_5.avi")
    assert lying(spool, "uploading")[3:] == [f"0004-0005c_album/000{n}c_{n}.mp4" for n in (4, 5)]
    assert lying(spool, "deferred") == []


def test_a_single_copy_waits_for_nobody(spool: Spool) -> None:
    """Where nothing else is to be converted it leaves at once, as one message."""
    lay_files(spool, "deferred/0001_1.avi", "quarantine/0002_2.avi", "deferred/0003@1_3.avi")
    convert(spool, "0001_1.avi")

    assert lying(spool, "uploading") == ["0001c_1.mp4"]


def test_copies_wait_from_the_last_that_came(spool: Spool) -> None:
    """As long as others come in time they gather; a slow one is not waited for longer than that."""
    lay_files(spool, *(f"deferred/{n:04d}_{n}.avi" for n in range(1, 4)))
    convert(spool, "0001_1.avi", at=BEGIN)
    convert(spool, "0002_2.avi", at=BEGIN + 800)

    assert close(spool, BEGIN + 1000) == pytest.approx(700)
    assert close(spool, BEGIN + 1701) is None
    assert lying(spool, "uploading") == [
        "0001-0002c_album/0001c_1.mp4",
        "0001-0002c_album/0002c_2.mp4",
    ]


def test_a_quarantined_one_holds_up_none(spool: Spool) -> None:
    """When the last that was awaited is given up the others leave."""
    lay_files(spool, "deferred/0001_1.avi", "converting/0002@3_2.avi")
    convert(spool, "0001_1.avi")
    assert close(spool, BEGIN) == pytest.approx(PATIENCE)
    (original,) = [each for each in spool.units("converting", JOB) if each.unit.first == 2]
    spool.quarantine(original, "It is broken.")

    assert close(spool, BEGIN) is None
    assert lying(spool, "uploading") == ["0001c_1.mp4"]


def held(spool: Spool, *names: str) -> None:
    """Lay a story out as the intake does: two albums, the first of which lacks number 2."""
    lay_files(spool, *names)
    for album, numbers in (("0001-0003=0001_open", (1, 3)), ("0004-0005=0004_album", (4, 5))):
        staged = []
        for number in numbers:
            path = spool.tmp / f"{number}.jpg"
            path.write_bytes(b"photo")
            staged.append((Unit(number, f"{number}.jpg", place=number), path))
        unit = Unit.parse(album)
        assert unit is not None
        spool.hold_album(JOB, unit, staged, until=BEGIN + PATIENCE)


def test_a_story_waits_for_what_it_lacks(spool: Spool) -> None:
    """The copy joins the album of its place; both albums leave then, and not before."""
    held(spool, "deferred/0002=0002_2.avi")
    assert close(spool, BEGIN) == pytest.approx(PATIENCE)
    assert lying(spool, "uploading") == []
    convert(spool, "0002=0002_2.avi")

    assert lying(spool, "uploading") == [
        *(f"0001-0003=0001_album/{each}" for each in ("0001=0001_1.jpg", "0002c=0002_2.mp4")),
        "0001-0003=0001_album/0003=0003_3.jpg",
        *(f"0004-0005=0004_album/000{n}=000{n}_{n}.jpg" for n in (4, 5)),
    ]


def test_nothing_overtakes_an_album_that_waits_for_the_end_of_unpacking(spool: Spool) -> None:
    """The first album has all it awaits, but more of it may come out: the whole one behind it waits as well."""
    held(spool, "deferred/0002=0002_2.avi", "incoming/0000_story.zip")
    convert(spool, "0002=0002_2.avi")
    assert lying(spool, "uploading") == []

    (spool.root / "incoming" / JOB / "0000_story.zip").unlink()
    assert close(spool, BEGIN) is None
    assert len(lying(spool, "uploading")) == 5


def test_a_story_that_was_patient_goes_on(spool: Spool) -> None:
    """After its time it leaves without what is late; that follows as an album of its own."""
    held(spool, "deferred/0002=0002_2.avi", "deferred/0006=0006_6.avi", "deferred/0007=0007_7.avi")
    assert close(spool, BEGIN + PATIENCE + 1) is None
    assert len(lying(spool, "uploading")) == 4
    convert(spool, "0002=0002_2.avi", at=BEGIN + 1000)
    convert(spool, "0006=0006_6.avi", at=BEGIN + 1000)
    assert lying(spool, "deferred")[0] == "0002-0002=0002_open/0002c=0002_2.mp4"
    convert(spool, "0007=0007_7.avi", at=BEGIN + 1000)

    copies = [each for each in lying(spool, "uploading") if "c" in each]
    assert copies == [f"0002-0007c=0002_album/000{n}c=000{n}_{n}.mp4" for n in (2, 6, 7)]


def test_an_album_that_was_left_empty_is_removed(spool: Spool) -> None:
    """The process died before its first member came: the folder goes at the next start."""
    (spool.root / "deferred" / JOB / "0001-0001c_open").mkdir(parents=True)
    spool.drop_empty_gatherings()

    assert not (spool.root / "deferred" / JOB).exists()


def test_files_with_other_captions_share_no_album(spool: Spool) -> None:
    """People wrote one caption for the first and another for the second: two posts."""
    lay_files(spool, *(f"deferred/{n:04d}_{n}.avi" for n in (1, 2, 3)))
    captions = spool.root / "done" / JOB / "captions.txt"
    captions.parent.mkdir()
    captions.write_text('= 13 "sea"\n= 14 "lake"\n0001 -1 13\n0002 -1 14\n0003 -1 13\n')
    for number in (1, 2, 3):
        convert(spool, f"{number:04d}_{number}.avi")

    albums = ["0001-0003c_album/0001c_1.mp4", "0001-0003c_album/0003c_3.mp4"]
    assert lying(spool, "uploading") == [*albums, "0002c_2.mp4"]
