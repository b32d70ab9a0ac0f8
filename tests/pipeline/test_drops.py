"""Drops of several files, archives inside archives, and what is damaged: from the inbox to the posts."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from telespool.config import loader
from telespool.destinations.folder.destination import FolderDestination
from telespool.pipeline.drops import find
from telespool.service.recovery import recover
from telespool.service.service import Service
from telespool.spool import Spool
from telespool.spool.fs_ops import FileOps
from tests.material import Material, make_zip

if TYPE_CHECKING:
    from pathlib import Path


class Death(BaseException):
    """The process dies."""


class Dying(FileOps):
    """Dies before the call of this number."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def _live(self) -> None:
        self.calls -= 1
        if self.calls < 0:
            raise Death

    def rename(self, source: Path, target: Path) -> None:
        self._live()
        super().rename(source, target)

    def mkdir(self, path: Path) -> bool:
        self._live()
        return super().mkdir(path)

    def fsync(self, *paths: Path) -> None:
        self._live()
        super().fsync(*paths)


class House:
    """A spool with the folder destination."""

    def __init__(self, place: Path) -> None:
        self.root = place / "spool"
        self.inbox = self.root / "inbox"
        self.inbox.mkdir(parents=True)
        self.posts = place / "posts"

    async def work(self, more: str = "") -> None:
        """Run the daemon until it is idle."""
        config = loader.parse(
            f'[spool]\nroot = "{self.root}"\nreserve = 0\n[inbox]\nsettle = "0s"\n{more}',
            "config.toml",
        )
        await Service(config, FolderDestination(self.posts, config.chats)).run(until_idle=True)

    def posted(self) -> list[str]:
        """The names of the posted files."""
        found = self.posts.glob("default/*/*")
        return sorted(path.name for path in found if path.suffix == ".jpg")

    def captions(self) -> set[str]:
        """What stands under the posts."""
        return {path.read_text().strip() for path in self.posts.glob("default/*/caption.txt")}

    def note(self) -> str:
        """What the one note in quarantine says."""
        (note,) = self.root.glob("quarantine/*/*.txt")
        return note.read_text()


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A new one."""
    return House(tmp_path)


@pytest.fixture
def photos(tmp_path: Path, material: Material) -> Path:
    """A folder with three photos."""
    files = {f"IMG_{n}.jpg": material.photo(n, (640, 480)) for n in (1, 2, 10)}
    return material.named(tmp_path / "photos", files)


def pack(target: Path, folder: Path, *options: str) -> None:
    """Make an archive of a folder with 7-Zip."""
    subprocess.run(
        ["7zz", "a", "-bd", "-mx0", *options, target, f"{folder}/."],
        check=True,
        stdout=subprocess.DEVNULL,
    )


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


@pytest.mark.parametrize("name", ["secret.7z.password", "secret.password"])
async def test_a_password_beside_the_archive(house: House, photos: Path, name: str) -> None:
    """NAME.password opens the archive it was dropped beside."""
    (house.inbox / name).write_text("wrong\nÖffne dich\n")
    pack(house.inbox / "secret.7z", photos, "-pÖffne dich", "-mhe=on")

    await house.work()

    assert len(house.posted()) == 3


SECRET = "Öffne dich 77"


def _locked(target: Path, photos: Path, *options: str) -> None:
    pack(target, photos, f"-p{SECRET}", "-mhe=on", *options)


def _holds_no_password(house: House) -> bool:
    """Whether the password is in no post, and no file in done/ holds it but an archive that was dropped."""
    places = [house.posts, house.root / "done", house.root / "tmp"]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    files = [path for path in files if not path.name.startswith("0000_")]
    return bool(files) and not any(SECRET.encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    "name", ["set.7z.password", "set.password", "SET.7Z.Password.txt", "set.7z.001.password"]
)
async def test_a_password_beside_volumes(house: House, photos: Path, name: str) -> None:
    """A password goes with a set of volumes, whether it is called like one of them or like all."""
    (house.inbox / name).write_text(SECRET)
    _locked(house.inbox / "set.7z", photos, "-v4k")

    await house.work()

    assert len(house.posted()) == 3
    assert list(house.inbox.iterdir()) == []
    assert _holds_no_password(house)


@pytest.mark.parametrize("kind", ["folder", "deep folder", "zip", "beside the folder", "set"])
@pytest.mark.parametrize("others", ["skip", "document"])
async def test_a_password_inside(
    house: House, tmp_path: Path, photos: Path, kind: str, others: str
) -> None:
    """A password opens an archive inside a folder or an archive; it is named, and never posted."""
    drop = tmp_path / "trip"
    inside = drop / "a" if kind == "deep folder" else drop
    inside.mkdir(parents=True)
    _locked(inside / "inner.7z", photos, *(["-v4k"] if kind == "set" else []))
    (drop / "inner.7z.password").write_text(SECRET)
    if kind == "zip":
        pack(house.inbox / "trip.zip", drop)
    else:
        if kind == "beside the folder":
            (drop / "inner.7z.password").rename(house.inbox / "trip.password")
        drop.rename(house.inbox / "trip")

    await house.work(f'others = "{others}"\n')

    assert len(house.posted()) == 3
    assert _holds_no_password(house)
    assert (
        "a password, which is never posted"
        in next(house.root.glob("done/*/report.txt")).read_text()
    )


async def test_a_password_is_for_the_archive(
    house: House, photos: Path, material: Material
) -> None:
    """Of a photo and an archive of one name the archive takes the password; one that is for nothing is left."""
    material.named(house.inbox, {"holiday.jpg": material.photo(7)})
    _locked(house.inbox / "holiday.7z", photos)
    (house.inbox / "holiday.password").write_text(SECRET)
    (house.inbox / "other.password").write_text("kept")

    await house.work()

    assert len(house.posted()) == 4
    assert [path.name for path in house.inbox.iterdir()] == ["other.password"]


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
    _locked(inside / "inner.7z", photos)
    (house.inbox / "empty.tar").write_bytes(bytes(10240))
    (house.inbox / "alone.z01").write_bytes(b"PK\x07\x08" + b"none")
    pack(house.inbox / "outer.zip", inside)

    await house.work('[archives]\nvolume_wait = "0s"\n')

    notes = [path.read_text() for path in house.root.glob("quarantine/*/*.txt")]
    assert len(notes) >= 2
    assert not [note for note in notes if "0000_" in note or "0001_" in note or "@1" in note]


async def test_a_wrong_password_is_told(house: House, photos: Path) -> None:
    """Where no password fits the note says how to try again, and shows none."""
    (house.inbox / "secret.7z.password").write_text("not this one\n")
    pack(house.inbox / "secret.7z", photos, "-popen", "-mhe=on")

    await house.work()

    assert "password" in house.note()
    assert "not this one" not in house.note()


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
