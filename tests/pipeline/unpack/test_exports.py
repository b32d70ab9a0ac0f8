"""An export in several archives: what belongs together lies in any of them, and none holds up the others."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from telespool.archives.members import Member
from telespool.archives.sevenzip import SevenZip
from telespool.config.schema import Config
from telespool.pipeline.unpack.release_order import ReleaseOrder
from telespool.pipeline.unpack.sources import ExtractedMember, Listed, inner_archives
from tests.harness import Home
from tests.jobs import job_name
from tests.material import Material, make_zip
from tests.pipeline.drop_house import SECRET, House, pack, pack_locked
from tests.pipeline.unpack.test_story import note, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from telespool.spool import Spool
    from tests.telegram_server import TestTelegram

GOOGLE = "takeout-20040101T000000Z-{:03d}.zip"


def drop(home: Home, name: str, archives: Iterable[Mapping[str, Path]], way: str) -> None:
    """Drop archives of these files as they are, or in a folder."""
    place = home.directory / "made" / "folder"
    place.mkdir(parents=True)
    for number, files in enumerate(archives, 1):
        archive = place / name.format(number)
        folder = f"{archive.stem}/Photos" if " of " in name else "Takeout/Google Photos/Trip"
        make_zip(archive, {f"{folder}/{n}": path for n, path in files.items()})
    if way == "folder":
        home.drop(place)
    for path in sorted(place.iterdir()) if way == "inbox" else ():
        home.drop(path)


@pytest.mark.telegram
@pytest.mark.media
@pytest.mark.parametrize(
    ("way", "name"),
    [("inbox", GOOGLE), ("folder", "iCloud Photos Part {} of 2.zip"), ("folder", "trip{}.zip")],
)
async def test_halves_of_live_photos(
    tmp_path: Path, telegram: TestTelegram, material: Material, phones: dict[str, Path], way: str, name: str
) -> None:  # fmt: skip
    """A still in one and its clip in the other, either way round: three live photos in one album, and one job."""
    home = Home.beside(tmp_path / "home", telegram)
    first = ["IMG_1.HEIC", "IMG_2.MOV"]
    one = {each: phones[each] for each in first} | {"IMG_9.mp4": material.clip("mp4", 9)}
    two = {each: path for each, path in phones.items() if each not in first and "PXL" not in each}
    drop(home, name, [one, two], way)

    await home.inside()

    photos = [each for each in telegram.in_chat("media") if each.kind == "photo"]
    assert [each.clip is not None for each in photos] == [True] * 3
    assert len({each.grouped_id for each in photos}) == 1
    assert len(telegram.in_chat("media")) == 4
    assert home.at_work() == []
    assert home.lying("quarantine") == []
    assert len(list((home.spool / "done").glob("*/report.txt"))) == 1


@pytest.mark.telegram
@pytest.mark.media
@pytest.mark.parametrize("way", ["inbox", "folder"])
async def test_a_story_is_told_over_all_of_them(
    tmp_path: Path, telegram: TestTelegram, material: Material, way: str
) -> None:
    """By name across archives; by the times in notes that lie in another archive; of a film that is converted as well."""
    settings: dict[str, dict[str, object]] = {"send": {"order": "name"}}
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    film, clip, photo = material.clip("avi"), material.clip("mp4", 1), material.photo(1)
    drop(home, GOOGLE, [{"1.jpg": photo, "3.avi": film, "6.mp4": clip}, {"2.mp4": clip, "4.jpg": photo, "5.mp4": clip}], way)  # fmt: skip
    await home.inside()
    assert told(telegram) == [["1", "2", "3", "4", "5", "6"]]

    settings["send"]["order"] = "taken"
    home = Home.beside(tmp_path / "taken", telegram, settings=settings)
    notes = [note(tmp_path / f"{n}", f"{n}.mp4", 1_000_000_000 - n) for n in (1, 2, 3)]
    one = {"1.mp4": clip, "2.mp4": clip, "3.mp4.json": notes[2]}
    drop(home, GOOGLE, [one, {"3.mp4": clip, "1.mp4.json": notes[0], "2.mp4.json": notes[1]}], way)
    await home.inside()
    assert told(telegram)[1:] == [["3", "2", "1"]]


async def test_each_is_listed_once_and_none_holds_up_the_others(
    house: House, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is locked and one is no archive any more; versions, and captions, are known across the others."""
    listed: list[str] = []
    plain = SevenZip.list

    async def counted(self: SevenZip, *args: Any, **more: Any) -> Any:
        listed.append(self.name)
        return await plain(self, *args, **more)

    monkeypatch.setattr(SevenZip, "list", counted)
    names = sorted(path.name for path in photos.iterdir())
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    shutil.copy(photos / names[0], first / "a.jpg")
    (first / "caption.txt").write_text("of both")
    shutil.copy(photos / names[1], second / "a-edited.jpg")
    shutil.copy(photos / names[2], second / "b.jpg")
    pack(house.inbox / "x-001.zip", first)
    pack(house.inbox / "x-003.zip", second)
    pack_locked(house.inbox / "x-002.7z", photos)
    (house.inbox / "x-002.7z").rename(house.inbox / "x-002.zip")
    (house.inbox / "x-004.zip").write_bytes(b"PK\x03\x04" + bytes(100))

    await house.work('[send]\nedited = "original"\n[archives]\nvolume_wait = 0\n')

    assert sorted(listed) == [f"x-00{n}.zip" for n in (1, 2, 3, 4)]
    assert [name[-5:] for name in house.posted()] == ["a.jpg", "b.jpg"]
    assert house.captions() == {"of both"}
    (job,) = house.root.glob("done/*")
    aside = sorted(path.name for path in house.root.glob(f"quarantine/{job.name}/*.zip"))
    assert [name.partition("_")[2] for name in aside] == ["x-002.zip", "x-004.zip"]


@pytest.mark.parametrize("room", [True, False])
async def test_nothing_else_waits_for_a_later_archive(
    spool: Spool, material: Material, room: bool
) -> None:
    """The films of the first leave before anything has come out of the second; a still waits for its clip alone.

    Where there is no room to wait, it goes as well, and its clip by itself.
    """
    first = (Member(1_000_001, "IMG_1.jpg", None), Member(1_000_002, "IMG_2.jpg", None), Member(1_000_003, "z.mp4", None))  # fmt: skip
    second = (Member(2_000_001, "IMG_1.mp4", None), Member(2_000_002, "IMG_3.jpg", None))
    archives = [Member(n, f"x-00{n}.zip", None) for n in (1, 2)]
    sorting = ReleaseOrder(spool, Config(), job_name(), archives)

    async def come(member: Member) -> None:
        path = spool.tmp / f"{member.number}"
        kind = material.photo(1) if member.name.endswith("jpg") else material.clip("mp4")
        shutil.copy(kind, path)
        await sorting.add(ExtractedMember(member, path))

    def left() -> list[str]:
        return sorted(str(entry.unit) for entry in spool.all_units("uploading"))

    listed = Listed((first, second), one_story=True)
    await sorting.add(ExtractedMember(archives[0], expect=first, listed=listed))
    for member in first:
        await come(member)
    await sorting.let_go()
    assert left() == ["1000002_IMG_2.jpg", "1000003_z.mp4"]
    if not room:
        await sorting.let_go()
        assert left()[0] == "1000001_IMG_1.jpg"
    await sorting.add(ExtractedMember(archives[1], expect=second))
    for member in second:
        await come(member)
    await sorting.finish()
    if room:
        assert left()[0] == "1000001-2000002_album"
    else:
        assert left()[-2:] == ["2000001_IMG_1.mp4", "2000002_IMG_3.jpg"]
    assert not sorting.holds_back
    assert sorting.missing == []
    spool.close()


@pytest.mark.telegram
@pytest.mark.media
async def test_a_film_in_an_archive_inside_has_its_place(
    tmp_path: Path, telegram: TestTelegram, material: Material
) -> None:
    """It joins the album of its neighbours, however much lies in the same archive."""
    settings: dict[str, dict[str, object]] = {"send": {"order": "name", "album": 3}}
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    film, photo = material.clip("avi"), material.photo(1)
    inside = {name: film if name in {"b.avi", "e.avi"} else photo for name in ("a.jpg", "b.avi", "c.jpg", "d.jpg", "e.avi", "f.jpg")}  # fmt: skip
    inner = make_zip(tmp_path / "2.zip", inside)
    home.drop(make_zip(tmp_path / "trip.zip", {"1.jpg": photo, "2.zip": inner, "3.jpg": photo}))

    await home.inside()

    assert told(telegram) == [["1", "a", "b"], ["c", "d", "e"], ["f", "3"]]


async def test_each_may_bring_what_it_may_by_itself(
    house: House, tmp_path: Path, photos: Path
) -> None:
    """The limits of a drop hold for each archive, not for all of an export together."""
    for number, photo in enumerate(sorted(photos.iterdir()), 1):
        (tmp_path / "one").mkdir()
        photo.rename(tmp_path / "one" / photo.name)
        pack(house.inbox / f"x-00{number}.zip", tmp_path / "one")
        shutil.rmtree(tmp_path / "one")
    largest = max(path.stat().st_size for path in house.inbox.glob("*.zip"))

    await house.work(f"[archives]\nmax_total = {largest}\nmax_members = 1\n")

    assert len(house.posted()) == 3
    assert list(house.root.glob("quarantine/*")) == []


async def test_very_large_exports_are_several_sets(
    house: House, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is listed at once is bounded: the first two archives are one set, and so are the others."""
    monkeypatch.setattr(inner_archives, "MOST_LISTED", 1)
    photo = next(photos.iterdir())
    for number, name in enumerate(["a.jpg", "a-edited.jpg", "b.jpg", "b-edited.jpg"], 1):
        (tmp_path / "one").mkdir()
        shutil.copy(photo, tmp_path / "one" / name)
        pack(house.inbox / f"x-00{number}.zip", tmp_path / "one")
        shutil.rmtree(tmp_path / "one")

    await house.work('[send]\nedited = "edited"\n')

    assert [name.rpartition("/")[2] for name in house.posted()] == ["a-edited.jpg", "b-edited.jpg"]


@pytest.mark.parametrize("order", ["kind", "name"])
async def test_one_that_no_longer_fits(
    house: House, tmp_path: Path, photos: Path, order: str
) -> None:
    """It was listed with the others; what has come out since counts, so it is refused, and what waited for it leaves."""
    photo, place = next(photos.iterdir()), tmp_path / "outer"
    for number, names in enumerate((["a.jpg", "b.jpg"], ["a.mp4", "c.jpg"]), 1):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        for name in names:
            shutil.copy(photo, folder / name)
        place.mkdir(exist_ok=True)
        pack(place / f"x-00{number}.zip", folder)
    pack(house.inbox / "outer.zip", place)

    await house.work(f'[send]\norder = "{order}"\n[archives]\nmax_members = 5\n')

    assert [name[-5:] for name in house.posted()] == ["a.jpg", "b.jpg"]
    assert "x-002.zip holds more than 5 files" in house.note()
    assert len(list(house.root.glob("done/*/0000_outer.zip"))) == 1


async def test_what_another_one_says_of_it(house: House, tmp_path: Path, photos: Path) -> None:
    """Its password may lie in another. Of two trips of the same names each is itself, though they are numbered alike."""
    first, second = tmp_path / "first", tmp_path / "second"
    place = tmp_path / "trip"
    for folder in (first, second, place):
        folder.mkdir()
    a, b, c = sorted(photos.iterdir())
    shutil.copy(a, first / "a.jpg")
    (first / "x-002.zip.password").write_text(SECRET)
    shutil.copy(b, second / "a-edited.jpg")
    pack(place / "x-001.zip", first)
    pack_locked(place / "x-002.7z", second)
    (place / "x-002.7z").rename(place / "x-002.zip")
    (first / "x-002.zip.password").unlink()
    shutil.copy(c, first / "b.jpg")
    shutil.copy(b, second / "a.jpg")
    shutil.copy(b, second / "b-edited.jpg")
    pack(place / "trip1.zip", first)
    pack(place / "trip2.zip", second)
    place.rename(house.inbox / "trip")

    await house.work('[send]\nedited = "original"\n')

    found = sorted(re.sub(r"(-\d)?\.jpg", "", name) for name in house.posted())
    assert found == ["a", "a", "a", "a-edited", "b", "b-edited"], house.posted()
    assert list(house.root.glob("quarantine/*")) == []
