"""Still and clip go apart, and each stands somewhere whenever the process dies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.spool import Spool
from telespool.spool.layout import FOLDERS, WORKING
from telespool.spool.live_photos import LoneStill, part_live_photos
from telespool.spool.names import Unit
from tests.laying import JOB, entry_at, lay_file, lay_files
from tests.pipeline.drop_house import Death, Dying

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.spool.layout import Entry

ALBUM = "uploading/0001-0004_album"
STORY = "uploading/0001-0004=0001_album"


def stands(spool: Spool) -> list[str]:
    """All files of the job that are under way."""
    paths = (path for folder in WORKING for path in (spool.root / folder / JOB).rglob("*"))
    found = (path.relative_to(spool.root).as_posix() for path in paths if path.is_file())
    return sorted(name.replace(f"/{JOB}/", "/") for name in found)


def album_of_two(spool: Spool, album: str, place: str = "") -> tuple[Entry, list[LoneStill]]:
    """Two live photos, and the stills that are to go without their clips."""
    stills = [f"{album}/000{n}{f'={n:04d}' if place else ''}_{n}.jpg" for n in (1, 2)]
    clips = [f"{album}/000{n + 2}~000{n}_{n}.mov" for n in (1, 2)]
    lay_files(spool, *stills, *clips)
    entry = entry_at(spool, album)
    found = {member.unit.first: member for member in spool.members(entry)}
    return entry, [LoneStill(found[n], found[n + 2], None) for n in (1, 2)]


def film(spool: Spool, name: str) -> Path:
    """A film that was made in tmp/."""
    path = spool.tmp / name
    path.write_bytes(b"film")
    return path


def test_one_clip_goes_by_itself(spool: Spool) -> None:
    """As it is; of one that does not play everywhere a copy goes, and the clip waits for its delivery."""
    entry, (one, other) = album_of_two(spool, ALBUM)
    part_live_photos(spool, entry, [one], size=10)
    assert "uploading/0003_1.mov" in stands(spool)
    part_live_photos(spool, entry, [replace(other, film=film(spool, "2.mp4"))], size=10)
    assert stands(spool) == [
        "converting/0004@1_2.mov",
        f"{ALBUM}/0001_1.jpg",
        f"{ALBUM}/0002_2.jpg",
        "uploading/0003_1.mov",
        "uploading/0004c_2.mp4",
    ]


def test_several_clips_are_an_album(spool: Spool) -> None:
    """Behind that of their stills."""
    entry, apart = album_of_two(spool, ALBUM)
    part_live_photos(spool, entry, apart, size=10)
    assert "uploading/0003-0004_album/0003_1.mov" in stands(spool)
    assert "uploading/0003-0004_album/0004_2.mov" in stands(spool)


@pytest.mark.parametrize(("size", "folder"), [(4, STORY), (3, "uploading/0002-0004=0002_album")])
def test_in_a_story_they_stand_behind_their_stills(spool: Spool, size: int, folder: str) -> None:
    """In the same album; what that has no room for is one behind it, each clip with its still."""
    entry, apart = album_of_two(spool, STORY, "=")
    part_live_photos(spool, entry, apart, size=size)
    assert stands(spool) == [
        f"{STORY}/0001=0001_1.jpg",
        *([f"{folder}/0002=0002_2.jpg"] if folder == STORY else []),
        f"{STORY}/0003=0001_1.mov",
        *([f"{folder}/0002=0002_2.jpg"] if folder != STORY else []),
        f"{folder}/0004=0002_2.mov",
    ]


def test_a_story_that_overflows_keeps_its_order(spool: Spool) -> None:
    """Nine photos of which three had a clip within, and a whole live photo: ten messages, then the rest, whole."""
    album = "uploading/0001-0010=0001@1_album"
    photos = [f"{album}/{n:04d}={n:04d}_{n}.jpg" for n in range(1, 10)]
    lay_files(spool, *photos, f"{album}/0010~0009_9.mov")
    entry = entry_at(spool, album)
    stills = {member.unit.first: member for member in spool.members(entry)}
    apart = [LoneStill(stills[n], None, film(spool, f"{n}.mp4")) for n in (2, 5, 8)]
    part_live_photos(spool, entry, apart, size=10)
    within = [name for name in stands(spool) if name.startswith(album)]
    assert [name.rpartition("_")[2] for name in within] == [
        *(f"{n}.jpg" for n in range(1, 8)),
        "2.mp4",
        "5.mp4",
    ]
    assert stands(spool)[len(within) :] == [
        "uploading/0008-8000001=0008_album/0008~0000=0008_8.jpg",
        "uploading/0008-8000001=0008_album/0009=0009_9.jpg",
        "uploading/0008-8000001=0008_album/0010~0009_9.mov",
        "uploading/0008-8000001=0008_album/8000001c=0008_8.mp4",
    ]


def test_a_story_keeps_its_order_whenever_the_process_dies(tmp_path: Path) -> None:
    """At each rename and fsync: parted again, all stands once, each clip behind its photo, in albums that hold it."""
    album, calls, died = "uploading/0001-0010=0001@1_album", -1, True
    expected = ["1.jpg", "2.jpg", "2.mp4", *(f"{n}.jpg" for n in range(3, 6)), "5.mp4", "6.jpg"]
    expected += ["7.jpg", "8.jpg", "8.mp4", "9.jpg", "9.mov"]
    while died:
        calls += 1
        spool = Spool(tmp_path / str(calls))
        for folder in (*FOLDERS, "tmp"):
            (spool.root / folder).mkdir(parents=True)
        photos = [f"{album}/{n:04d}={n:04d}_{n}.jpg" for n in range(1, 10)]
        lay_files(spool, *photos, f"{album}/0010~0009_9.mov")
        whole, spool.disk = spool.disk, Dying(calls)
        try:
            _part_all(spool)
            died = False
        except Death:
            spool.disk = whole
            for entry in spool.units("uploading", JOB):
                spool.reunite(entry)
            _part_all(spool)
        row = sorted(spool.units("uploading", JOB), key=lambda each: each.unit.order)
        found = [[each.unit.label for each in spool.members(entry)] for entry in row]
        assert [label for labels in found for label in labels] == expected, calls
        assert max(map(len, found)) <= 10
    assert calls > 20


def _part_all(spool: Spool) -> None:
    """Let the clips of 2, 5 and 8 go apart that have not yet, wherever they are."""
    for entry in list(spool.units("uploading", JOB)):
        stills = {each.unit.first: each for each in spool.members(entry)}
        left = [n for n in (2, 5, 8) if n in stills and stills[n].unit.still is None]
        apart = [LoneStill(stills[n], None, film(spool, f"{n}.mp4")) for n in left]
        part_live_photos(spool, entry, apart, size=10)


def test_a_clip_within_its_still(spool: Spool) -> None:
    """The still is marked when the clip stands; where the process died between them, only that is done again."""
    lay_files(spool, "uploading/0001_a.MP.jpg", "uploading/0002_b.jpg")
    for made, left in ((film(spool, "a.mp4"), False), (film(spool, "again.mp4"), True)):
        entry = entry_at(spool, "uploading/0001_a.MP.jpg")
        part_live_photos(spool, entry, [LoneStill(entry, None, made)], size=10)
        assert made.exists() == left
        expected = ["0001~0000_a.MP.jpg", "0002_b.jpg", "1000001c_a.MP.mp4"]
        assert stands(spool) == [f"uploading/{name}" for name in expected]
        marked = spool.root / "uploading" / JOB / "0001~0000_a.MP.jpg"
        marked.rename(marked.with_name("0001_a.MP.jpg"))
    entry = entry_at(spool, "uploading/0002_b.jpg")
    part_live_photos(spool, entry, [LoneStill(entry, None, None)], size=10)
    assert "uploading/0002~0000_b.jpg" in stands(spool)  # nothing came out of it


def test_a_still_comes_to_its_clip(spool: Spool) -> None:
    """Where only the clip had come into the unit of both; one that was sent is left."""
    pair = "uploading/0001-0003_album"
    lay_files(spool, f"{pair}/0003~0001_a.mov", "uploading/0001_a.jpg", "uploading/0002+7_b.jpg")
    for _ in range(2):
        spool.reunite(entry_at(spool, pair))
        assert [each for each in stands(spool) if each.startswith(pair)] == [
            f"{pair}/0001_a.jpg",
            f"{pair}/0003~0001_a.mov",
        ]
    unit = Unit.parse("0002-0004_album")
    assert unit is not None
    path = lay_file(spool, f"uploading/{unit}/0004~0002_b.mov")
    spool.reunite(entry_at(spool, f"uploading/{unit}"))
    assert [each.name for each in path.parent.iterdir()] == [path.name]
