"""Drops of several files, archives inside archives, and what is damaged: from the inbox to the posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.pipeline.claim.drops import find
from telespool.spool import Spool
from telespool.spool.recovery import recover
from tests.material import Material, make_zip
from tests.pipeline.drop_house import Death, Dying, House, pack, pack_locked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("ending", ["7z", "zip"])
async def test_volumes_are_one_drop(
    house: House, tmp_path: Path, photos: Path, ending: str
) -> None:
    """A set of volumes is one job with one caption; what was dropped is kept whole in done/."""
    pack(house.inbox / f"trip.{ending}", photos, "-v4k")

    await house.work()

    assert house.posted() == ["IMG_1.jpg", "IMG_10.jpg", "IMG_2.jpg"]
    assert house.captions() == {"trip"}
    assert list(house.inbox.iterdir()) == []
    (kept,) = house.root.glob("done/*/0000_*")
    assert len(list(kept.iterdir())) > 2


async def test_a_missing_volume_is_waited_for(house: House, photos: Path) -> None:
    """Without its second volume a set stays in the inbox; when that comes it is posted."""
    pack(house.inbox / "trip.7z", photos, "-v4k")
    away = house.inbox.parent.parent / "trip.7z.002"
    (house.inbox / "trip.7z.002").rename(away)

    await house.work()
    assert house.posted() == []
    assert (house.inbox / "trip.7z.001").exists()

    away.rename(house.inbox / away.name)
    await house.work()
    assert house.posted() == ["IMG_1.jpg", "IMG_10.jpg", "IMG_2.jpg"]


async def test_the_last_volume_is_waited_for(house: House, photos: Path) -> None:
    """That the last volume has not come yet does not show in the names; 7-Zip says so, and it is waited for."""
    pack(house.inbox / "trip.7z", photos, "-v4k")
    last = max(house.inbox.iterdir())
    away = last.rename(house.inbox.parent.parent / last.name)

    await house.work()
    assert house.posted() == []

    away.rename(house.inbox / away.name)
    await house.work()
    assert len(house.posted()) == 3


async def test_a_volume_that_never_comes_is_named(house: House, photos: Path) -> None:
    """After `volume_wait` the set is refused, and the note names the volume that is missing."""
    pack(house.inbox / "trip.7z", photos, "-v4k")
    (house.inbox / "trip.7z.002").unlink()

    await house.work('[archives]\nvolume_wait = "0s"\n')

    assert "trip.7z.002" in house.note()
    assert house.posted() == []


async def test_folders_called_like_what_is_in_them(
    house: House, photos: Path, material: Material
) -> None:
    """A folder is what it holds, whatever it is called: all of it is posted."""
    (house.inbox / "trip.zip").mkdir()
    pack(house.inbox / "trip.zip" / "trip.zip", photos)
    material.named(house.inbox / "trip.zip", {"loose.jpg": material.photo(5)})
    material.named(house.inbox / "one.jpg", {"one.jpg": material.photo(6)})

    await house.work()

    assert house.posted() == ["IMG_1.jpg", "IMG_10.jpg", "IMG_2.jpg", "loose.jpg", "one.jpg"]
    assert not list(house.root.glob("quarantine/*/*"))


async def test_sentences_say_the_names_people_know(
    house: House, tmp_path: Path, photos: Path
) -> None:
    """Whatever is wrong with an archive, its working name in the spool is in no sentence."""
    inside = tmp_path / "inside"
    inside.mkdir()
    pack_locked(inside / "inner.7z", photos)
    (house.inbox / "empty.tar").write_bytes(bytes(10240))
    (house.inbox / "alone.z01").write_bytes(b"PK\x07\x08" + b"none")
    pack(house.inbox / "outer.zip", inside)

    await house.work('[archives]\nvolume_wait = "0s"\n')

    notes = [path.read_text() for path in house.root.glob("quarantine/*/*.txt")]
    assert len(notes) >= 2
    assert not [note for note in notes if "0000_" in note or "0001_" in note or "@1" in note]


async def test_archives_inside_archives(
    house: House, tmp_path: Path, photos: Path, material: Material
) -> None:
    """What is in an archive inside comes behind what is beside it; deeper than configured is left out."""
    pack(tmp_path / "deep.zip", photos)
    make_zip(
        tmp_path / "inner.zip", {"a.jpg": material.photo(5), "deep.zip": tmp_path / "deep.zip"}
    )
    make_zip(
        house.inbox / "outer.zip",
        {"b.jpg": material.photo(6), "inner.zip": tmp_path / "inner.zip"},
    )

    await house.work()

    assert house.posted() == ["a.jpg", "b.jpg"]
    report = next(house.root.glob("done/*/report.txt")).read_text()
    assert "deep.zip" in report


@pytest.mark.parametrize("folder", [False, True])
async def test_volumes_inside(house: House, tmp_path: Path, photos: Path, folder: bool) -> None:
    """Volumes inside an archive or a dropped folder are one archive; without one of them all lie in quarantine."""
    (tmp_path / "sets").mkdir()
    for name, kept in (("whole", 99), ("broken", 2)):
        pack(tmp_path / f"{name}.7z", photos, "-v4k")
        for path in sorted(tmp_path.glob(f"{name}.7z.0*"))[:kept]:
            path.rename(tmp_path / "sets" / path.name)
    if folder:
        (tmp_path / "sets").rename(house.inbox / "sets")
    else:
        pack(house.inbox / "outer.zip", tmp_path / "sets")

    await house.work()

    assert house.posted() == ["IMG_1.jpg", "IMG_10.jpg", "IMG_2.jpg"]
    notes = sorted(house.root.glob("quarantine/*/*.txt"))
    assert [note.name.partition("_")[2] for note in notes] == [
        "broken.7z.001.txt",
        "broken.7z.002.txt",
    ]
    assert all("broken.7z.003 is missing" in note.read_text() for note in notes)
    assert not list((house.root / "tmp").iterdir())


async def test_good_members_of_a_damaged_archive_are_sent(house: House, photos: Path) -> None:
    """One member's bytes are wrong: the others are posted, the archive is in quarantine, the note names the one."""
    pack(house.inbox / "bad.zip", photos)
    data = bytearray((house.inbox / "bad.zip").read_bytes())
    at = data.index((photos / "IMG_2.jpg").read_bytes())
    data[at + 900 : at + 904] = b"oops"
    (house.inbox / "bad.zip").write_bytes(data)

    await house.work()

    assert house.posted() == ["IMG_1.jpg", "IMG_10.jpg"]
    assert "IMG_2.jpg" in house.note()
    assert next(house.root.glob("quarantine/*/*_bad.zip")).read_bytes() == data


def test_a_broken_off_claim_of_several_files_is_undone(tmp_path: Path, photos: Path) -> None:
    """Dying at any call of a claim of three files leaves them in the inbox or makes them one drop."""
    outcomes = set()
    for call in range(100):
        root = tmp_path / f"{call}"
        (root / "inbox").mkdir(parents=True)
        for n in (1, 2, 3):
            (root / "inbox" / f"x.7z.00{n}").write_bytes(b"%d" % n)
        spool = Spool(root, disk=Dying(call))
        spool.open()
        (drop,) = find(spool.inbox, [], [])
        try:
            spool.claim(drop.path, drop.chat, drop.beside)
        except Death:
            pass
        else:
            break
        finally:
            spool.close()
        after = Spool(root)
        after.open()
        recover(after, 4)
        left = len(list(after.inbox.iterdir()))
        claimed = [len(list(entry.path.iterdir())) for entry in after.all_units("incoming")]
        outcomes.add((left, *claimed))
        after.close()

    assert outcomes == {(3,), (0, 3)}
