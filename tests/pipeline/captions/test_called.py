"""Which caption or password belongs to what, by the names that people give: of volumes, pieces, and the folders of topics."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from telespool.pipeline.captions.called import called
from telespool.pipeline.claim.one_drop import drop_of
from tests.jobs import DAY
from tests.pipeline.drop_house import House, pack

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("IMG_1.jpg", ["img_1.jpg", "img_1"]),
        ("b.7z.001", ["b.7z.001", "b.7z", "b"]),
        ("film.mp4.001", ["film.mp4.001", "film.mp4", "film"]),
        ("film.mp4.aa", ["film.mp4.aa", "film.mp4", "film"]),
        ("trip.part1.rar", ["trip.part1.rar", "trip.rar", "trip.part1", "trip"]),
        ("trip.tar.gz", ["trip.tar.gz", "trip.tar", "trip"]),
        ("holiday.2.zip", ["holiday.2.zip", "holiday.2"]),
        ("README", ["readme"]),
    ],
)
def test_what_a_file_is_called(name: str, names: list[str]) -> None:
    """By itself, as the set or the file it is a piece of, without its endings."""
    assert called(name) == names


def test_a_caption_goes_to_the_nearer_name(tmp_path: Path) -> None:
    """`holiday.caption.txt` is of holiday.zip, and not of holiday.2.zip."""
    for name in ("holiday.zip", "holiday.2.zip", "holiday.caption.txt"):
        (tmp_path / name).write_bytes(b"PK\5\6" + bytes(18))
    assert drop_of(tmp_path / "holiday.caption.txt", ()).path.name == "holiday.zip"


@pytest.mark.parametrize("caption", ["b.7z.caption.txt", "b.caption.txt", "b.7z.001.caption.txt"])
@pytest.mark.parametrize("way", ["folder", "archive", "inbox"])
async def test_volumes(house: House, tmp_path: Path, photos: Path, caption: str, way: str) -> None:
    """A set has its caption, whatever it is called after, in a folder and an archive as in the inbox."""
    place = house.inbox if way == "inbox" else tmp_path / "trip"
    place.mkdir(exist_ok=True)
    pack(place / "b.7z", photos, "-v4k")
    (place / caption).write_text("of the set")
    if way == "archive":
        pack(house.inbox / "trip.zip", place)
    elif way == "folder":
        place.rename(house.inbox / "trip")

    await house.work()

    assert len(house.posted()) == 3
    assert house.captions() == {"of the set"}


async def test_a_set_from_a_clock_that_is_ahead(house: House, photos: Path) -> None:
    """Volumes whose times are yet to come are not waited for until then."""
    pack(house.inbox / "b.7z", photos, "-v4k")
    for path in house.inbox.iterdir():
        os.utime(path, (time.time() + DAY, time.time() + DAY))
    await house.work()
    assert len(house.posted()) == 3


async def test_a_film_in_pieces(house: House, tmp_path: Path, material: Material) -> None:
    """The caption of a film that was cut is that of its pieces."""
    data = material.clip("silent").read_bytes()
    (tmp_path / "trip").mkdir()
    for n, part in enumerate((data[: len(data) // 2], data[len(data) // 2 :]), 1):
        (tmp_path / "trip" / f"film.mp4.{n:03d}").write_bytes(part)
    (tmp_path / "trip" / "film.mp4.caption.txt").write_text("of the film")
    (tmp_path / "trip").rename(house.inbox / "trip")

    await house.work()

    assert house.captions() == {"of the film"}


@pytest.mark.parametrize("what", ["photos", "archive", "folder", "nothing"])
async def test_the_folder_of_a_topic(house: House, photos: Path, what: str) -> None:
    """`Hikes.caption.txt` beside the folder of the topic Hikes is of what is dropped into that."""
    (house.inbox / "Hikes").mkdir()
    (house.inbox / "Hikes.caption.txt").write_text("of the hikes")
    if what == "photos":
        for path in photos.iterdir():
            shutil.copy(path, house.inbox / "Hikes")
    elif what == "archive":
        pack(house.inbox / "Hikes" / "a.zip", photos)
    elif what == "folder":
        shutil.copytree(photos, house.inbox / "Hikes" / "a")

    await house.work('[chats.default]\nto = "me"\nsubfolders = "topics"\n')

    left = [path.name for path in house.inbox.iterdir() if path.is_file()]
    assert left == (["Hikes.caption.txt"] if what == "nothing" else [])
    found = {path.read_text().strip() for path in house.posts.rglob("caption.txt")}
    assert found == (set() if what == "nothing" else {"of the hikes"})
