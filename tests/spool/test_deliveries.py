"""Receipts, and units that go apart, back or elsewhere."""

from __future__ import annotations

import pytest

from telespool.spool import Spool, note_text
from telespool.spool.completion import FileState
from telespool.spool.delivered_index import DeliveredIndex, Receipt, line_of
from telespool.spool.layout import CAPTIONS, CONTENTS, FOLDERS, MEMBERS
from telespool.spool.live_photos import part_live_photos
from telespool.spool.titles import called
from tests.laying import JOB, entry_at, lay_file, lay_files

OTHER = "20010101-000000_family_other"


def lying(spool: Spool) -> list[str]:
    """All files of the job, as they are laid."""
    paths = (path for folder in FOLDERS for path in (spool.root / folder / JOB).rglob("*"))
    found = (path.relative_to(spool.root).as_posix() for path in paths if path.is_file())
    return sorted(name.replace(f"/{JOB}/", "/") for name in found)


ALBUM = "uploading/0001-0003_album"


@pytest.mark.parametrize(
    ("members", "became"),
    [
        (["0001_a.jpg", "0002_b.jpg"], ["uploading/0001@2_a.jpg", "uploading/0002@2_b.jpg"]),
        (["0001+7_a.jpg", "0002_b.jpg"], ["done/0001+7_a.jpg", "uploading/0002@2_b.jpg"]),
        (
            ["0001_a.jpg", "0002~0001_a.mov", "0003_b.jpg"],
            [
                "uploading/0001-0002@2_album/0001_a.jpg",
                "uploading/0001-0002@2_album/0002~0001_a.mov",
                "uploading/0003@2_b.jpg",
            ],
        ),
        (["0001+7_a.jpg", "0002~0001_a.mov"], ["done/0001+7_a.jpg", "done/0002~0001+7_a.mov"]),
    ],
)
def test_an_album_is_dissolved(spool: Spool, members: list[str], became: list[str]) -> None:
    """Each member is a unit; what was posted is done, and the halves of a live photo stay together."""
    album = "uploading/0001-0003@2_album"
    lay_files(spool, *(f"{album}/{member}" for member in members))
    spool.dissolve(entry_at(spool, album))
    assert lying(spool) == became


def test_what_a_person_put_into_an_album_goes_by_itself(spool: Spool) -> None:
    """Of an album that was posted one member has no message: it is sent alone."""
    lay_files(spool, *(f"{ALBUM}/000{n}_{n}.jpg" for n in (1, 2, 3)))
    spool.deliver(entry_at(spool, ALBUM), {1: 11, 3: 13})
    assert lying(spool) == [
        "done/0001-0003+11_album/0001+11_1.jpg",
        "done/0001-0003+11_album/0003+13_3.jpg",
        "uploading/0002_2.jpg",
    ]


def test_a_live_photo_without_a_message_goes_by_itself_with_its_clip(spool: Spool) -> None:
    """Of an album that was posted: both halves are one unit, and the album is called after its first message."""
    lay_files(
        spool, *(f"{ALBUM}/{name}" for name in ("0001_a.jpg", "0002_b.jpg", "0003~0002_b.mov"))
    )
    lay_files(spool, *(f"{ALBUM}/{name}" for name in ("0004_c.jpg", "0005_d.jpg")))
    spool.deliver(entry_at(spool, ALBUM), {1: 13, 4: 11, 5: 0})
    assert lying(spool) == [
        "done/0001-0003+11_album/0001+13_a.jpg",
        "done/0001-0003+11_album/0004+11_c.jpg",
        "done/0001-0003+11_album/0005+0_d.jpg",
        "uploading/0002-0003_album/0002_b.jpg",
        "uploading/0002-0003_album/0003~0002_b.mov",
    ]


def test_people_know_an_album_by_its_first_file(spool: Spool) -> None:
    """Not by the name of its folder, which is ours; the clip of a live photo is no file of its own."""
    names = ("0001_a.jpg", "0002~0001_a.mov")
    lay_files(spool, *(f"{ALBUM}/{name}" for name in names))
    assert called(spool, entry_at(spool, ALBUM)) == "a.jpg"
    lay_files(spool, f"{ALBUM}/0003_b.jpg", "uploading/0004_c.jpg")
    assert called(spool, entry_at(spool, ALBUM)) == "a.jpg and 1 more"
    assert called(spool, entry_at(spool, "uploading/0004_c.jpg")) == "c.jpg"


def test_set_apart_halves_stay_together(spool: Spool) -> None:
    """Members that become an album of their own take their clips along, also where they are its first and its last."""
    lay_files(
        spool, *(f"{ALBUM}/{name}" for name in ("0001_a.jpg", "0003~0001_a.mov", "0002_b.jpg"))
    )
    album = entry_at(spool, ALBUM)
    members = [each for each in spool.members(album) if each.unit.first != 2]
    apart = spool.set_apart(album, members)
    assert [each.unit.first for each in spool.members(apart)] == [1, 3]
    assert [each.unit.first for each in spool.members(album)] == [2]
    assert apart.path != album.path


def test_halves_that_a_death_parted_are_brought_together(spool: Spool) -> None:
    """Of two clips that had gone ahead each gets its still."""
    lay_files(spool, *(f"{ALBUM}/{name}" for name in ("0001_a.jpg", "0003_b.jpg", "0005_c.jpg")))
    lay_files(
        spool, *(f"uploading/0001-0004_album/{n}" for n in ("0002~0001_a.mov", "0004~0003_b.mov"))
    )
    spool.reunite(entry_at(spool, "uploading/0001-0004_album"))
    assert len([name for name in lying(spool) if "0001-0004" in name]) == 4


@pytest.mark.parametrize(
    "known",
    ["the account", "another file in the account", "another name", "the file", "its signature", ""],
)
def test_a_note_without_its_file(spool: Spool, known: str) -> None:
    """A note that was moved out of quarantine alone is removed; a text that is called so itself is none."""
    lay_files(spool, "uploading/0002_b.jpg.txt", "uploading/0003-0004_album/0003_c.jpg.txt")
    if known == "the file":
        lay_files(spool, "quarantine/0001-0002_album/0002_b.jpg")
    if "account" in known:
        name = "trip/b.jpg" if known == "the account" else "trip/b.jpg.txt"
        lay_file(spool, f"done/{MEMBERS}", f"0002 0 4 {'a' * 64} {name}\n")
    if known == "another name":
        lay_file(spool, f"done/{MEMBERS}", f"0002 0 4 {'a' * 64} trip/c.jpg\n")
    if known == "its signature":
        note = spool.root / "uploading" / JOB / "0002_b.jpg.txt"
        note.write_bytes(note_text.signed("b.jpg is damaged.", OTHER))
    is_note = known in {"the account", "the file", "its signature"}
    assert spool.send_home(entry_at(spool, "uploading/0002_b.jpg.txt")) == is_note
    assert ("uploading/0002_b.jpg.txt" not in lying(spool)) == is_note
    assert not spool.drop_orphan_note(entry_at(spool, "uploading/0003-0004_album"))


def test_notes_are_added_once(spool: Spool) -> None:
    """A line that stands there is not written again; the file is made with the first."""
    spool.add_notes(JOB, ["one"])
    spool.add_notes(JOB, ["one", "two"])
    spool.add_notes(JOB, ["two"])
    assert (spool.root / "done" / JOB / "notes.txt").read_text() == "one\ntwo\n"
    spool.note_captions(JOB, ["first"])
    spool.note_captions(JOB, ["second"])
    text = (spool.root / "done" / JOB / CAPTIONS).read_text()
    assert text.split() == ["first", "second"]


def test_a_report_takes_the_place_of_one_that_was_told(spool: Spool) -> None:
    """The receipt of the old one is gone: the new one is to be told."""
    spool.write_report(JOB, ["1 sent"])
    spool.report_told(JOB, 5)
    assert lying(spool) == ["done/report+5.txt"]
    spool.write_report(JOB, ["2 sent"])
    assert lying(spool) == ["done/report.txt"]


def test_what_came_meanwhile_is_not_forgotten(spool: Spool) -> None:
    """Only what was proven goes: another file under that name, or one more, stays."""
    lay_files(spool, "done/0001+5_a.jpg", "done/0002+6_b.jpg")
    paths = [spool.root / "done" / JOB / name for name in ("0001+5_a.jpg", "0002+6_b.jpg")]
    proven = [FileState.of(path, path.lstat()) for path in paths]
    spool.forget(JOB, proven[:1])
    assert len(lying(spool)) == 2
    paths[1].write_text("another")
    for path, state in zip(paths, proven, strict=True):
        spool.forget_data(entry_at(spool, f"done/{path.name}"), [state])
    assert [path.read_text() for path in paths] == ["", "another"]


def test_the_name_of_an_empty_unit(spool: Spool) -> None:
    """Parting no live photos changes nothing."""
    lay_files(spool, "uploading/0001_a.jpg")
    part_live_photos(spool, entry_at(spool, "uploading/0001_a.jpg"), [], size=10)
    assert lying(spool) == ["uploading/0001_a.jpg"]


def test_what_is_on_its_way_is_known(spool: Spool) -> None:
    """A file of another job that was let out and not sent yet; one that vanished has no line."""
    lay_files(spool, "uploading/0001_a.jpg")
    line = line_of(entry_at(spool, "uploading/0001_a.jpg"))
    assert line is not None
    assert line_of(entry_at(spool, "uploading/0002_a.jpg")) is None
    lay_file(spool, f"done/{MEMBERS}", f"{line}\n")
    index = DeliveredIndex(spool)
    assert index.before(JOB, line) is None
    known = index.before(OTHER, line)
    assert known == f"is on its way already, in {JOB}"
    assert index.before(OTHER, Receipt(1, 0, 99, "no", "b")) is None
    entry_at(spool, "uploading/0001_a.jpg").path.unlink()
    assert index.before(OTHER, line) is None  # it was withdrawn


def test_only_what_lies_in_the_archive_is_emptied(spool: Spool) -> None:
    """What a person added to the job keeps its data; a copy was made of what the archive has."""
    album = "done/0001-0003+7_album"
    lay_files(spool, "done/0000_trip.zip", f"{album}/0001+7_a.jpg", f"{album}/0002+8_b.jpg")
    lay_files(spool, f"{album}/0003c+9_c.mp4")
    digest = "a" * 64
    lay_file(spool, f"done/{MEMBERS}", f"0001 0 4 {digest} a.jpg\n0002 0 4 {digest} b.jpg\n")
    lay_file(spool, f"done/{CONTENTS}", f"0001 7 4 {digest} a.jpg\n0002 8 4 {'b' * 64} b.jpg\n")
    spool.drop_data(entry_at(spool, album))
    sizes = {
        each.unit.first: each.path.stat().st_size for each in spool.members(entry_at(spool, album))
    }
    assert sizes == {1: 0, 2: 4, 3: 0}


def test_places_that_a_person_took(spool: Spool) -> None:
    """A folder that is missing is made, a file in its place is set aside, and a note that came along is removed."""
    lay_files(spool, "uploading/0001_a.jpg", "uploading/0002_b.jpg", "uploading/0002_b.jpg.txt")
    (spool.root / "deferred").rmdir()
    spool.defer(entry_at(spool, "uploading/0001_a.jpg"))
    (spool.root / "converting" / JOB).write_bytes(b"a person's")
    spool.start_conversion(entry_at(spool, "deferred/0001_a.jpg"))
    spool.defer(entry_at(spool, "uploading/0002_b.jpg"))
    assert lying(spool) == ["converting/0001@1_a.jpg", "deferred/0002_b.jpg"]
    assert (spool.root / "converting" / f"{JOB}.not-ours").read_bytes() == b"a person's"
    with pytest.raises(FileNotFoundError):
        spool.defer(entry_at(spool, "uploading/0003_c.jpg"))
    (spool.root / "done" / JOB).mkdir(parents=True)
    (spool.root / "done" / JOB / MEMBERS).symlink_to("/dev/null")
    spool.note_members(JOB, ["complete"])
    assert (spool.root / "done" / JOB / MEMBERS).read_text() == "complete\n"
