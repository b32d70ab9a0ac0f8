"""What becomes several files takes the place of the one in its story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.spool.layout import Entry
from telespool.spool.names import Unit
from tests.laying import JOB, lay_files
from tests.spool.test_gathering import BEGIN, PATIENCE, close, convert, lying

if TYPE_CHECKING:
    from telespool.spool import Spool


def hold(spool: Spool, album: str, *numbers: int) -> None:
    """Lay what is ready of an album of a story out as the intake does."""
    staged = []
    for number in numbers:
        path = spool.tmp / f"{number}.jpg"
        path.write_bytes(b"photo")
        staged.append((Unit(number, f"{number}.jpg", place=number), path))
    unit = Unit.parse(album)
    assert unit is not None
    spool.hold_album(JOB, unit, staged, until=BEGIN + PATIENCE)


def split(spool: Spool, name: str, count: int, size: int) -> None:
    """Finish the parts of an original in deferred/."""
    unit = Unit.parse(name)
    assert unit is not None
    original = spool.start_conversion(
        Entry("deferred", JOB, unit, spool.root / "deferred" / JOB / name)
    )
    made = []
    for number in range(count):
        made.append(spool.tmp / f"page-{number}.jpg")
        made[-1].write_bytes(b"page")
    spool.let_out_parts(original, made, until=BEGIN + PATIENCE, size=size)
    close(spool, BEGIN, size)


def sent(spool: Spool) -> list[list[str]]:
    """What is ready to be sent, unit by unit in its order, by the numbers and parts."""
    entries = sorted(spool.units("uploading", JOB), key=lambda each: each.unit.order)
    return [
        [f"{m.unit.parent or m.unit.first}{m.unit.kind}" for m in spool.members(each)]
        for each in entries
    ]


def test_pages_join_the_album_around_them(spool: Spool) -> None:
    """Where there is room for them: before what comes behind, after what comes before."""
    lay_files(spool, "deferred/0002=0002_2.tif", "deferred/0004=0004_4.avi")
    hold(spool, "0001-0004=0001_open", 1, 3)
    split(spool, "0002=0002_2.tif", 3, 10)

    assert sent(spool) == []
    convert(spool, "0004=0004_4.avi", size=10)
    assert sent(spool) == [["1", "2c", "2c", "2c", "3", "4c"]]


def test_without_room_the_album_is_parted_around_them(spool: Spool) -> None:
    """What stands behind the pages becomes an album of its own, which what it lacks still joins."""
    lay_files(spool, "deferred/0002=0002_2.tif", "deferred/0004=0004_4.avi")
    hold(spool, "0001-0005=0001_open", 1, 3, 5)
    hold(spool, "0006-0007=0006_album", 6, 7)
    split(spool, "0002=0002_2.tif", 3, 5)
    convert(spool, "0004=0004_4.avi", size=5)

    assert sent(spool) == [["1", "2c", "2c", "2c"], ["3", "4c", "5"], ["6", "7"]]
    assert lying(spool, "deferred") == []


def test_what_is_made_of_everything_leaves_in_order(spool: Spool) -> None:
    """Where nothing of an album was ready: copies and pages follow each other all the same."""
    lay_files(spool, *(f"deferred/000{n}=000{n}_{n}.x" for n in (1, 2, 3)))
    convert(spool, "0001=0001_1.x", size=5)
    split(spool, "0002=0002_2.x", 2, 5)
    convert(spool, "0003=0003_3.x", size=5)

    assert sent(spool) == [["1c", "2c", "2c", "3c"]]


def test_pages_of_several_pictures_share_albums(spool: Spool) -> None:
    """Where nothing was ready pages gather as copies do, in their order, as many as an album holds."""
    lay_files(spool, *(f"deferred/000{n}=000{n}_{n}.x" for n in range(1, 6)))
    for number in (1, 2, 3, 4):
        split(spool, f"000{number}=000{number}_{number}.x", 3, 7)
    convert(spool, "0005=0005_5.x", size=7)

    assert sent(spool) == [[*["1c"] * 3, *["2c"] * 3], [*["3c"] * 3, *["4c"] * 3, "5c"]]


def test_pages_that_are_late_are_an_album_of_their_own(spool: Spool) -> None:
    """The story has gone on without them: they follow at once."""
    lay_files(spool, "deferred/0002=0002_2.tif")
    hold(spool, "0001-0003=0001_open", 1, 3)
    assert close(spool, BEGIN + PATIENCE + 1) is None
    split(spool, "0002=0002_2.tif", 2, 5)

    assert sent(spool) == [["1", "3"], ["2c", "2c"]]


def test_a_death_in_between_is_made_good(spool: Spool) -> None:
    """The process died while the pages moved: the next look moves the rest."""
    folder = "deferred/0001-0003=0001_open"
    lay_files(spool, f"{folder}/0001=0001_1.jpg", f"{folder}/0003=0003_3.jpg")
    lay_files(spool, f"{folder}/2000001c=0002_2.jpg", "converting/0002=0002@1_2.tif")
    lay_files(spool, "deferred/2000001-2000003=0002_parts/2000002c=0002_2.jpg")

    assert close(spool, BEGIN, 10) is None
    assert sent(spool) == [["1", "2c", "2c", "3"]]


def test_chapters_that_do_not_fit_begin_an_album(spool: Spool) -> None:
    """Copies of one recording share an album; what comes behind them joins none before."""
    lay_files(spool, *(f"deferred/000{n}_{n}.avi" for n in range(1, 6)))
    convert(spool, "0001_1.avi")
    convert(spool, "0002_2.avi")
    unit = Unit.parse("0003_3.avi")
    assert unit is not None
    entry = Entry("deferred", JOB, unit, spool.root / "deferred" / JOB / str(unit))
    original = spool.start_conversion(entry)
    (spool.tmp / "c.mp4").write_bytes(b"copy")
    spool.let_out_copy(original, spool.tmp / "c.mp4", until=BEGIN + PATIENCE, size=3, together=2)
    convert(spool, "0004_4.avi")
    convert(spool, "0005_5.avi")

    assert sent(spool) == [["1c", "2c"], ["3c", "4c", "5c"]]


def test_an_album_of_which_all_comes_behind(spool: Spool) -> None:
    """Where there is no room all of it moves behind the pages, and what it lacked comes before them."""
    lay_files(spool, "deferred/0001=0001_1.avi", "deferred/0002=0002_2.tif")
    hold(spool, "0001-0003=0001_open", 3)
    split(spool, "0002=0002_2.tif", 2, 2)
    convert(spool, "0001=0001_1.avi", size=2)

    assert sent(spool) == [["1c"], ["2c", "2c"], ["3"]]
