"""What of a spool is read as what, whatever lies there and changes meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.errors import Permanent
from telespool.spool.layout import MEMBERS, archive_among
from telespool.spool.lookup import find
from tests.laying import JOB, entry_at, lay, lay_file, lay_files

if TYPE_CHECKING:
    from telespool.spool import Spool


def test_an_album_that_is_always_another(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has another name at each look is looked for a few times, and not for ever."""
    gone = entry_at(spool, "uploading/0001-0002_album")
    monkeypatch.setattr(spool, "units", lambda *_: [gone])
    assert spool.standing(JOB) == {}


def test_which_is_the_drop(spool: Spool) -> None:
    """Neither a note nor a link."""
    lay_files(spool, "quarantine/0000_a.zip.txt")
    (spool.root / "quarantine" / JOB / "0000_b.zip").symlink_to("0000_a.zip.txt")
    assert spool.drop(JOB) is None
    lay_files(spool, "quarantine/0000_a.zip")
    for _ in range(2):
        drop = spool.drop(JOB)
        assert drop is not None
        assert drop.path.name == "0000_a.zip"


def test_a_copy_among_what_looks_like_one(spool: Spool) -> None:
    """A name that only begins like that of a copy is passed over."""
    lay_files(spool, "uploading/0001c", "uploading/0001-0002c_album/0001c_a.mp4")
    copy = spool.copy_of(JOB, 1)
    assert copy is not None
    assert copy.path.parent.name == "0001-0002c_album"


def test_a_note_of_an_album_is_that_of_its_members(spool: Spool) -> None:
    """They have none of their own."""
    lay_files(spool, "quarantine/0001-0002_album/0001_a.jpg")
    lay_file(spool, "quarantine/0001-0002_album.txt", "It was refused.")
    (album,) = spool.units("quarantine", JOB)
    (member,) = spool.members(album)
    assert spool.note(member) == spool.note(album) == "It was refused."


def test_a_folder_of_an_archive_and_something_else() -> None:
    """Only what belongs to an archive makes a folder one drop of it."""
    assert archive_among(["a.zip", "letter.doc"], "a.zip") is None
    assert archive_among(["a.zip", "a.zip.caption.txt"], "a.zip") == "a.zip"
    assert archive_among(["a.jpg"], "a.jpg") is None


def test_what_is_found_within_a_drop(spool: Spool) -> None:
    """A file that stands there, or of which the account tells, where that may be meant."""
    lay_files(spool, "incoming/0000_trip/day/1.jpg")
    lay_file(spool, f"done/{MEMBERS}", f"0002 0 4 {'a' * 64} day/2.jpg\n")
    for name in ("1.jpg", "2.jpg"):
        found = find(spool, f"{JOB}/0000_trip/day/{name}", inner=True)
        assert (found.job, found.inner) == (JOB, f"day/{name}")
    assert find(spool, f"{JOB}/2.jpg", inner=True).inner == "day/2.jpg"
    for text in (f"{JOB}/0000_trip/day/3.jpg", f"{JOB}/3.jpg"):
        with pytest.raises(Permanent, match=r"There is no .*3\.jpg in"):
            find(spool, text, inner=True)
    (spool.inbox / "family").mkdir()
    (spool.inbox / "family/late.zip").write_bytes(b"late")
    assert find(spool, "late.zip").path == spool.inbox / "family/late.zip"


def test_albums_and_files_of_one_number(spool: Spool) -> None:
    """The name of an album means the album, also where it is called otherwise by now."""
    lay_files(
        spool, "uploading/0001-0002@1_album/0001_a.jpg", "uploading/0001-0002@1_album/0002_b.jpg"
    )
    lay(spool, "uploading/0003_c.jpg")
    for text, meant in (
        ("0001-0002_album", "0001-0002@1_album"),
        ("1", "0001_a.jpg"),
        ("0003_x.jpg", "0003_c.jpg"),
    ):
        assert [each.path.name for each in find(spool, f"{JOB}/{text}").entries] == [meant]
