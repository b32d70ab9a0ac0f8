"""What `telespool explain` foretells of a drop is what its account says after it was dropped, file by file."""

from __future__ import annotations

import asyncio
import functools
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from telespool.cli.explain_file import explain_path
from telespool.spool.account import Account, fates
from telespool.spool.layout import SpoolLayout
from tests import live
from tests.pipeline.drop_house import SECRET, House, pack, pack_locked
from tests.pipeline.unpack.test_raws import raw

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material

pytestmark = pytest.mark.media
Build = Callable[["Path", "Material"], str]
"""Lays out what is dropped in an empty folder; the name that is explained."""


def _photos(folder: Path, material: Material, *names: str) -> Path:
    return material.named(folder, {name: material.photo(n) for n, name in enumerate(names)})


def _file(place: Path, name: str, content: bytes | str) -> str:
    path = place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def mixed(place: Path, material: Material) -> str:
    """A folder of all that people leave in folders."""
    trip = _photos(
        place / "trip", material, "IMG_1.jpg", "IMG_2.JPG", "IMG_E0003.jpg", "IMG_0003.jpg"
    )
    raw(trip / "IMG_2.CR2")[1].unlink()
    raw(trip / "only.CR2")[1].unlink()
    for name in (
        "IMG_1.xmp",
        "notes.txt",
        ".hidden.jpg",
        "@eaDir/x.jpg",
        "fake.jpg",
        "caption.txt",
    ):
        _file(trip, name, "some text")
    _file(trip, "IMG_1.jpg.caption.txt", "of one")
    _file(trip, "other.caption.txt", "of none")
    _file(trip, "empty.jpg", "")
    (trip / "link.jpg").symlink_to(trip / "IMG_1.jpg")
    pack_locked(trip / "inner.7z", _photos(place.parent / "more", material, "in.jpg", "side.txt"))
    _file(trip, "inner.7z.password", SECRET)
    pack(trip / "set.7z", _photos(place.parent / "set", material, "v1.jpg", "v2.jpg"), "-v3k")
    shutil.copy(material.clip("avi"), trip / "old.avi")
    shutil.copy(material.broken(), trip / "broken.mp4")
    shutil.copy(material.photo(7), trip / "text.as-document.jpg")
    return "trip"


def packed(place: Path, material: Material) -> str:
    """The same as an archive."""
    mixed(place, material)
    pack(place / "trip.zip", place / "trip")
    shutil.rmtree(place / "trip")
    return "trip.zip"


def volumes(place: Path, material: Material, *, lost: str = "", asked: str = "b.7z.001") -> str:
    pack(place / "b.7z", _photos(place.parent / "of b", material, *"abcd"), "-v4k")
    if lost:
        max(place.glob(lost)).unlink()
    return asked


def cut(place: Path, material: Material, *, asked: str = "film.mp4.001") -> str:
    data = material.clip("mp4").read_bytes()
    third = len(data) // 3
    for n in range(3):
        _file(place, f"film.mp4.{n + 1:03d}", data[n * third : None if n == 2 else (n + 1) * third])
    return asked


def locked(place: Path, material: Material, *, word: str = "") -> str:
    pack_locked(place / "l.7z", _photos(place.parent / "in", material, "a.jpg", "b.jpg"))
    if word:
        _file(place, "l.7z.password", word)
    return "l.7z"


def half_locked(place: Path, material: Material) -> str:
    inside = _photos(place.parent / "in", material, "a.jpg", "b.jpg")
    command = ["7zz", "a", "-bd", str(place / "half.zip")]
    subprocess.run([*command, inside / "a.jpg"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*command, "-pxyz", inside / "b.jpg"], check=True, stdout=subprocess.DEVNULL)
    return "half.zip"


def phones(place: Path, _: Material) -> str:
    """A live pair, a clip alone, and a motion photo."""
    folder = place / "phone"
    folder.mkdir()
    live.still(folder / "IMG_1.jpg", 1)
    film = live.clip(folder / "IMG_1.mov", 1, codec="h264")
    live.motion(folder / "PXL_2.MP.jpg", 2, film.read_bytes())
    shutil.copy(film, folder / "alone.mov")
    return "phone"


def motion(place: Path, _: Material) -> str:
    film = live.clip(place.parent / "f.mov", 1, codec="h264")
    live.motion(place / "PXL_2.MP.jpg", 2, film.read_bytes())
    return "PXL_2.MP.jpg"


def raws(place: Path, material: Material) -> str:
    raw(_photos(place / "raws", material, "b.JPG") / "b.CR2")[1].unlink()
    raw(place / "raws" / "a.CR2")[1].unlink()
    return "raws"


def lone_raw(place: Path, _: Material) -> str:
    raw(place / "a.CR2")[1].unlink()
    return "a.CR2"


def captioned(place: Path, material: Material, *, what: str) -> str:
    """Something and its caption beside it."""
    inside = _photos(place.parent / "in", material, "a.jpg", "b.jpg")
    if what == "a.jpg":
        shutil.copy(inside / "a.jpg", place / "a.jpg")
    elif what == "trip":
        shutil.copytree(inside, place / "trip")
    else:
        pack(place / what, inside)
    _file(place, f"{what}.caption.txt", "words")
    return what


def captioned_sets(place: Path, material: Material) -> str:
    """A folder with volumes and the pieces of a film, and the captions of both."""
    trip = place / "trip"
    trip.mkdir()
    volumes(trip, material)
    shutil.rmtree(place / "of b")
    cut(trip, material)
    _file(trip, "b.7z.caption.txt", "of the set")
    _file(trip, "film.mp4.caption.txt", "of the film")
    return "trip"


def twins(place: Path, material: Material) -> str:
    folder = _photos(place / "trip", material, "a.jpg", "b.jpg")
    shutil.copy(folder / "a.jpg", folder / "c.jpg")
    return "trip"


def broken_off(place: Path, material: Material) -> str:
    with tarfile.open(place / "x.tar", "w") as archive:
        for n in range(3):
            archive.add(material.photo(n), f"{n}.jpg")
    data = (place / "x.tar").read_bytes()
    (place / "x.tar").write_bytes(data[: len(data) // 2])
    return "x.tar"


def deep(place: Path, material: Material) -> str:
    pack(place.parent / "1.zip", _photos(place.parent / "in", material, "a.jpg"))
    for n in (1, 2, 3):
        folder = place.parent / f"d{n}"
        folder.mkdir()
        (place.parent / f"{n}.zip").rename(folder / f"{n}.zip")
        shutil.copy(material.photo(n), folder / f"{n}.jpg")
        pack(place.parent / f"{n + 1}.zip", folder)
    (place.parent / "4.zip").rename(place / "4.zip")
    return "4.zip"


def papers(place: Path, _: Material) -> str:
    _file(place, "papers/letter.txt", "Dear Ann")
    _file(place, "papers/bill.pdf", b"%PDF-1.4\n")
    return "papers"


def lone(place: Path, _: Material, *, name: str, content: bytes = b"hello\n") -> str:
    return _file(place, name, content)


def media(place: Path, material: Material, *, kind: str) -> str:
    made = {"photo": material.photo(1), "broken": material.broken()}
    path = made.get(kind) or material.clip(kind)  # type: ignore[arg-type]
    shutil.copy(path, place / f"x{path.suffix}")
    return f"x{path.suffix}"


def spread(place: Path, material: Material) -> str:
    """An export in two archives, of which the second is named, with a caption of the first."""
    files = {
        "a.jpg": material.photo(1),
        "b.mp4": material.clip("mp4"),
        "b.jpg": material.photo(2),
        "a-edited.jpg": material.photo(3),
    }
    for number, names in enumerate((["a.jpg", "b.mp4"], ["b.jpg", "a-edited.jpg"]), 1):
        folder = material.named(place / f"{number}", {name: files[name] for name in names})
        pack(place / f"x-00{number}.zip", folder)
        shutil.rmtree(folder)
    _file(place, "x-001.zip.caption.txt", "of the first")
    return "x-002.zip"


some = functools.partial
DOCUMENTS = 'others = "document"\n'
CASES: dict[str, tuple[Build, str]] = {
    "folder": (mixed, ""),
    "folder, all as documents": (mixed, DOCUMENTS),
    "archive": (packed, ""),
    "volumes": (volumes, ""),
    "the second volume": (some(volumes, asked="b.7z.002"), ""),
    "without the first": (
        some(volumes, lost="b.7z.001", asked="b.7z.002"),
        "[archives]\nvolume_wait = 0\n",
    ),
    "without the last": (some(volumes, lost="b.7z.*"), "[archives]\nvolume_wait = 0\n"),
    "cut film": (cut, ""),
    "the second piece": (some(cut, asked="film.mp4.002"), ""),
    "locked": (locked, ""),
    "locked, with its password": (some(locked, word=SECRET), ""),
    "half locked": (half_locked, ""),
    "phone": (phones, ""),
    "phone, clips apart": (phones, '[send]\nlive_photos = "both"\n'),
    "phone, stills": (phones, '[send]\nlive_photos = "still"\n'),
    "motion photo": (motion, ""),
    "raws": (raws, ""),
    "raws as photos": (raws, '[send]\nraw = "jpeg"\n'),
    "raws as documents": (raws, '[send]\nraw = "document"\n'),
    "lone raw": (lone_raw, ""),
    "lone raw as a photo": (lone_raw, '[send]\nraw = "jpeg"\n'),
    "captioned photo": (some(captioned, what="a.jpg"), ""),
    "captioned folder": (some(captioned, what="trip"), ""),
    "captioned archive": (some(captioned, what="b.zip"), ""),
    "captioned sets": (captioned_sets, ""),
    "spread": (spread, '[send]\nedited = "original"\n'),
    "a spread story": (spread, '[send]\norder = "name"\n'),
    "twins": (twins, 'duplicates = "skip"\n'),
    "raws in files": (raws, '[send]\nraw = "jpeg"\nphotos = "file"\n'),
    "photos as files": (twins, '[send]\nphotos = "file"\n'),
    "a story": (twins, '[send]\norder = "name"\n'),
    "broken off": (broken_off, "[archives]\nvolume_wait = 0\n"),
    "too deep": (deep, "[archives]\ndepth = 2\n"),
    "papers": (papers, ""),
    "papers as documents": (papers, DOCUMENTS),
    "lone note": (some(lone, name="notes.txt"), ""),
    "lone note as a document": (some(lone, name="notes.txt"), DOCUMENTS),
    "lone password": (some(lone, name="a.zip.txt"), ""),
    "no archive": (some(lone, name="fake.zip"), ""),
    "photo": (some(media, kind="photo"), ""),
    "clip to convert": (some(media, kind="avi"), ""),
    "broken clip": (some(media, kind="broken"), ""),
}
_FATES = {
    "left out": "left out",
    "caption": "left out",
    "quarantine": "quarantined",
}


@pytest.mark.parametrize("case", CASES)
async def test_it_comes_as_foretold(
    house: House, tmp_path: Path, material: Material, case: str
) -> None:
    """Each file is delivered, left out for the same reason, or set aside, as was said before."""
    build, more = CASES[case]
    place = tmp_path / "drops"
    place.mkdir()
    name = build(place, material)

    told, lines, _ = await asyncio.to_thread(explain_path, place / name, house.config(more))
    for path in place.iterdir():
        path.rename(house.inbox / path.name)
    await house.work(more)

    spool = SpoolLayout(house.root)
    (job,) = {*spool.jobs("done"), *spool.jobs("quarantine")}
    came = {each.name: each.fate for each in fates(spool, job)}
    rows = [row for row in told["members"] if row["becomes"] != "unpacked"]
    foretold = {row["name"]: _FATES.get(row["becomes"], "delivered") for row in rows}
    drop = spool.drop(job)
    if not {*foretold.values()} - {"left out"}:
        assert drop is not None
        foretold = {drop.unit.label: "quarantined"}
    assert foretold == came, "\n".join(lines)
    reasons = {each.name: each.reason for each in Account.read(spool, job).left_out}
    said = {row["name"]: row["why"] for row in rows if _FATES.get(row["becomes"]) == "left out"}
    assert not reasons or said == reasons
    refused = drop is not None and drop.folder == "quarantine"
    assert bool(told["quarantined"]) == refused
    if refused and drop is not None:
        assert told["quarantined"] == spool.note(drop)


@pytest.mark.parametrize(
    ("photos", "sent", "why"),
    [
        ("both", "sent: 3 photos, 2 files", "and each becomes a photo, its file behind them"),
        ("file", "sent: 2 files", ""),
    ],
)
async def test_photos_and_their_files(
    tmp_path: Path, house: House, photos: str, sent: str, why: str
) -> None:
    """All messages are told: the pages of a picture, and the files behind them."""
    trip = tmp_path / "trip"
    trip.mkdir()
    first, second = (Image.new("RGB", (64, 48), (shade, 9, 9)) for shade in (50, 150))
    first.save(trip / "1.tif", save_all=True, append_images=[second])
    second.save(trip / "2.jpg")
    config = house.config(f'[send]\nphotos = "{photos}"\n')
    told, lines, _ = await asyncio.to_thread(explain_path, trip, config)
    assert lines[1].strip() == sent
    assert told["members"][0]["why"].endswith(why)
    assert bool(told["members"][0]["why"]) == bool(why)


async def test_nothing_is_changed(tmp_path: Path, house: House, material: Material) -> None:
    """Explaining leaves all that lies there as it was, byte for byte."""
    place = tmp_path / "drops"
    place.mkdir()
    mixed(place, material)
    paths = sorted(place.rglob("*"))
    before = [(path, path.lstat().st_mtime_ns, path.lstat().st_nlink) for path in paths]

    await asyncio.to_thread(explain_path, place / "trip", house.config('[send]\norder = "name"\n'))

    assert before == [
        (path, path.lstat().st_mtime_ns, path.lstat().st_nlink) for path in sorted(place.rglob("*"))
    ]
