"""What a person moves from quarantine/ into the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.spool import Spool, moved_notes
from telespool.spool.layout import Entry
from telespool.spool.moved_notes import Place
from telespool.spool.names import Unit
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path


def _refused(spool: Spool, job: str, name: str, content: bytes = b"x") -> None:
    source = spool.root / "tmp" / name
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(content)
    unit = Unit.parse(name)
    assert unit is not None
    spool.quarantine_staged(job, source, unit, f"{unit.label} is damaged.")


def test_the_files_have_their_names_and_the_notes_are_gone(tmp_path: Path) -> None:
    """The note of each is removed, its file gets back its own name where that is free; what people wrote stays."""
    spool = Spool(tmp_path / "spool")
    job = job_name("family_trip")
    names = ("0001_IMG_1.jpg", "0002_IMG_2.jpg", "0003_alone.jpg", "0004_my.txt")
    for name in names:
        _refused(spool, job, name)
    (entry, *_) = spool.units("quarantine", job)
    assert spool.note(entry) == "IMG_1.jpg is damaged."
    inbox = spool.inbox / "story"
    inbox.mkdir(parents=True)
    for path in (spool.root / "quarantine" / job).iterdir():
        path.rename(inbox / path.name)
    (inbox / "0003_alone.jpg").unlink()  # its note came alone
    theirs = {"IMG_2.jpg": b"another", "0007_cat.jpg": b"cat", "0007_cat.jpg.txt": b"a cat\n"}
    for name, content in theirs.items():
        (inbox / name).write_bytes(content)

    for _ in range(2):
        moved_notes.sort_out(spool.disk, [Place(inbox)])
        left = {path.name: path.read_bytes() for path in inbox.iterdir()}
        assert left == {"IMG_1.jpg": b"x", "0002_IMG_2.jpg": b"x", "my.txt": b"x", **theirs}


@pytest.mark.parametrize("is_chat", [False, True])
def test_a_whole_job_and_an_album(tmp_path: Path, is_chat: bool) -> None:
    """In the folder of a job, and in an album, the files have their names again, and folders that of the drop."""
    spool = Spool(tmp_path / "spool")
    job = job_name("family_trip")
    album = spool.root / "uploading" / job / "0001-0002_album"
    album.mkdir(parents=True)
    for name in ("0001_IMG_1.jpg", "0002_IMG_2.jpg"):
        (album / name).write_bytes(b"x")
    unit = Unit.parse(album.name)
    assert unit is not None
    spool.quarantine(Entry("uploading", job, unit, album), "Telegram refused it.")
    _refused(spool, job, "0003_IMG_3.jpg")
    spool.inbox.mkdir(parents=True)
    (spool.root / "quarantine" / job / album.name / "readme").touch()
    (spool.root / "quarantine" / job).rename(spool.inbox / job)

    moved_notes.sort_out(
        spool.disk, [Place(spool.inbox, lambda name: name != "trip" or not is_chat)]
    )

    left = sorted(str(p.relative_to(spool.inbox)) for p in spool.inbox.rglob("*.jpg"))
    inside = ["IMG_3.jpg", "trip/IMG_1.jpg", "trip/IMG_2.jpg"]
    flat = ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"]
    assert left == (flat if is_chat else [f"trip/{name}" for name in inside])
