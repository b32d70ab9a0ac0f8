"""Volumes: which belong together, which is opened, and which one is missing."""

from __future__ import annotations

import gzip
import lzma
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telespool.archives.unpack_to_folder import unpack
from telespool.archives.volumes import group, set_of
from telespool.config.schema import ArchiveSettings
from telespool.errors import Permanent, Temporary, VolumeMissing
from tests.archives import making, rar_making
from tests.archives.reading import read, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = {f"IMG_{n}.JPG": making.noise(50_000, str(n)) for n in range(1, 6)}
RARED = [rar_making.Rared(name, data) for name, data in FILES.items()]


def _make(style: str, folder: Path) -> list[Path]:
    """A set of at least four volumes, the one to open first."""
    if style == "part":
        parts = rar_making.rar5(RARED, volume_size=60_000)
        names = [f"x.part{n:02d}.rar" for n in range(1, len(parts) + 1)]
    elif style == "rar":
        parts = rar_making.rar4(RARED, volume_size=60_000, old_names=True)
        names = ["x.rar", *(f"x.r{n:02d}" for n in range(len(parts) - 1))]
    elif style == "z01":
        for name, data in FILES.items():
            (folder / name).write_bytes(data)
        subprocess.run(["zip", "-q", "-s", "64k", "x.zip", *FILES], cwd=folder, check=True)
        for name in FILES:
            (folder / name).unlink()
        return [folder / "x.zip", *sorted(folder.glob("x.z0*"))]
    else:
        making.seven(folder / f"x.{style}", FILES, "-v60k", "-mx0")
        shutil.rmtree(folder / f"x.{style}.files")
        return sorted(folder.glob(f"x.{style}.0*"))
    for name, data in zip(names, parts, strict=True):
        (folder / name).write_bytes(data)
    return [folder / name for name in names]


STYLES = ["part", "rar", "z01", "7z", "zip"]


@pytest.mark.parametrize("style", STYLES)
async def test_whole_set(style: str, tmp_path: Path) -> None:
    """Whichever of its volumes is named, the whole set comes out."""
    paths = _make(style, tmp_path)

    assert len(paths) >= 4
    for path in paths:
        outcome = await read(path)

        assert outcome.files == FILES
        assert not outcome.damage
        assert outcome.archive.damage is None


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("which", [1, 2, -1])
async def test_missing_volume_is_named(style: str, which: int, tmp_path: Path) -> None:
    """A volume that has not come is waited for, by its name."""
    paths = _make(style, tmp_path)
    paths[which].unlink()

    with pytest.raises(Temporary, match=f"{paths[which].name} is missing"):
        await read(paths[0])


@pytest.mark.parametrize("style", STYLES)
async def test_missing_first_volume_is_named(style: str, tmp_path: Path) -> None:
    """The one to open may be the one that is missing."""
    paths = _make(style, tmp_path)
    paths[0].unlink()

    with pytest.raises(Temporary, match=f"{paths[0].name} is missing"):
        await read(paths[1])


async def test_last_volume_that_is_broken_off(tmp_path: Path) -> None:
    """A set whose last volume is short waits for nothing: it is damaged."""
    paths = _make("7z", tmp_path)
    paths[-1].write_bytes(paths[-1].read_bytes()[:-500])

    with pytest.raises(Permanent, match="it is broken off"):
        await read(paths[0])


def test_groups() -> None:
    """Names are sorted into sets, each with its first and what is missing; others are left alone."""
    found = group(
        [
            "a.part1.rar",
            "a.part3.rar",
            "b.RAR",
            "b.R00",
            "b.r02",
            "c.zip",
            "c.z01",
            "c.z03",
            "d.7z.001",
            "e.zip",
            "f.rar",
            "IMG_1.jpg",
            "clip.001",
            "g.7z.002",
        ]
    )

    assert [(s.first, s.names, s.missing) for s in found] == [
        ("a.part1.rar", ("a.part1.rar", "a.part3.rar"), ("a.part2.rar",)),
        ("b.RAR", ("b.RAR", "b.R00", "b.r02"), ("b.R01",)),
        ("d.7z.001", ("d.7z.001",), ()),
        ("g.7z.001", ("g.7z.002",), ("g.7z.001",)),
        ("c.zip", ("c.z01", "c.z03", "c.zip"), ("c.z02",)),
    ]


def test_more_than_a_hundred_old_volumes() -> None:
    """After .r99 comes .s00."""
    names = ["x.rar", *(f"x.r{n:02d}" for n in range(100)), "x.s01"]
    found = set_of("x.s01", names)

    assert found is not None
    assert found.missing == ("x.s00",)


@given(
    st.sampled_from(["x.part{:02d}.rar", "x.part{}.rar", "x.7z.{:03d}", "x.zip.{:03d}"]),
    st.sets(st.integers(1, 60)).map(lambda places: places | {7}),
)
def test_what_is_missing_makes_it_whole(pattern: str, places: set[int]) -> None:
    """A set together with what it says is missing lacks nothing."""
    names = [pattern.format(place) for place in places]
    [found] = group(names)

    assert found.first == pattern.format(1)
    [whole] = group([*names, *found.missing])
    assert whole.missing == ()
    assert len(whole.names) == max(places)


@pytest.mark.parametrize("style", ["part", "rar", "z01", "7z"])
async def test_names_in_another_case(style: str, tmp_path: Path) -> None:
    """On disks that tell cases apart a set is found all the same."""
    paths = _make(style, tmp_path)
    for n, path in enumerate(paths):
        path.rename(tmp_path / (path.name.upper() if n % 2 else path.name.title()))

    outcome = await read(next(tmp_path.glob("X.*")))

    assert outcome.files == FILES


@pytest.mark.parametrize("style", STYLES)
async def test_set_inside_an_archive(style: str, tmp_path: Path) -> None:
    """Volumes inside an archive are unpacked as the one archive they are, wherever they lie in it."""
    (tmp_path / "set").mkdir()
    inside = {f"a/{path.name}": path.read_bytes() for path in _make(style, tmp_path / "set")}
    path = write(tmp_path / "outer.tar", making.tarred({"b/x.r00": b"none", **inside}))

    result = await unpack(path, tmp_path / "out", (), ArchiveSettings())

    found = [path.read_bytes() for path in (tmp_path / "out").glob("*.d/*")]
    assert result.complete
    assert sorted(found) == sorted(FILES.values())


@pytest.mark.parametrize("packed", [False, True])
async def test_tar_that_was_cut(packed: bool, tmp_path: Path) -> None:
    """A tar in pieces is read from one into the next, packed or not."""
    tar = making.tarred(FILES)
    name, data = ("x.tar.gz", gzip.compress(tar)) if packed else ("x.tar", tar)
    for n in range(0, len(data), 60_000):
        (tmp_path / f"{name}.{n // 60_000 + 1:03d}").write_bytes(data[n : n + 60_000])

    outcome = await read(tmp_path / f"{name}.001")

    assert outcome.files == FILES


@pytest.mark.parametrize(
    "name",
    [
        "photos.zip.20010101",
        "photos.zip.30000000",
        "photos.tar.gz.2024",
        "photos.zip.365",
        "x.part2024.rar",
        "x.part99999.rar",
        "IMG_1.jpg.001",
        "IMG_1.jpg.02",
        "game.s12",
        "x.part0.rar",
        f"x.7z.{'9' * 5000}",
    ],
)
def test_numbers_that_count_something_else(name: str, tmp_path: Path) -> None:
    """A name that only looks like a volume's stands for a file of its own, and is counted up to by nobody."""
    short = name if len(name) < 200 else f"x.7z.{'9' * 200}"
    content = b"\xff\xd8\xff\xe0" if ".jpg" in name else rar_making.rar5(RARED)[0]
    path = write(tmp_path / short, making.simple_zip(FILES) if ".zip" in name else content)
    if name.endswith(".s12"):
        path.write_bytes(b"a game")

    assert group([name], {name: path}) == []
    assert set_of(name, [], {name: path}) is None


def test_numbers_are_counted_up_to_a_bound() -> None:
    """Whatever the number, what is missing is a list that people can still be told."""
    for name in ("x.7z.999", "x.7z.09999", "x.part9999.rar", "x.z9999", "x.z99", "x.zip.1000"):
        assert sum(len(found.missing) for found in group([name])) < 10_000


def test_years_are_no_volumes() -> None:
    """Backups of three years stand alone; a thousandth volume belongs to the nine hundred and ninety-ninth."""
    assert group(["x.zip.2022", "x.zip.2023", "x.zip.2024"]) == []
    [found] = group([f"x.7z.{n:03d}" for n in range(1, 1003)])
    assert len(found.names) == 1002
    assert found.missing == ()


@pytest.mark.parametrize("again", ["x.part01 (1).rar", "x.part01.rar.1", "x.part01.rar.12"])
async def test_set_that_was_downloaded_twice_in_part(tmp_path: Path, again: str) -> None:
    """What a browser called `x.part1 (1).rar` or `x.part1.rar.1` is the volume that is missing under its own name."""
    paths = _make("part", tmp_path)
    paths[0].rename(tmp_path / again)

    outcome = await read(paths[1])

    assert outcome.files == FILES


async def test_set_in_two_folders(tmp_path: Path) -> None:
    """Volumes that lie in several folders of an archive are one set."""
    (tmp_path / "set").mkdir()
    paths = _make("7z", tmp_path / "set")
    inside = {f"{n % 2}/{path.name}": path.read_bytes() for n, path in enumerate(paths)}
    path = write(tmp_path / "outer.tar", making.tarred(inside))

    result = await unpack(path, tmp_path / "out", (), ArchiveSettings())

    assert result.complete
    found = [path.read_bytes() for path in (tmp_path / "out").glob("*.d/*")]
    assert sorted(found) == sorted(FILES.values())


@pytest.mark.parametrize(
    "names",
    [
        ["x.tar.gzaa", "x.tar.gzab", "x.tar.gzac"],
        ["x.tar.xz_00", "x.tar.xz_01", "x.tar.xz_02"],
        ["x.tar.gz.part-aa", "x.tar.gz.part-ab", "x.tar.gz.part-ac"],
        ["x.tar.part1", "x.tar.part2", "x.tar.part3"],
        ["x.zip.aaa", "x.zip.aab", "x.zip.aac"],
        ["x.zip (1).001", "x.zip (1).002", "x.zip (1).003"],
        ["xaa", "xab", "xac"],
        ["part_00", "part_01", "part_02"],
        ["backup.001", "backup.002", "backup.003"],
    ],
)
async def test_pieces_of_an_archive(names: list[str], tmp_path: Path) -> None:
    """However the pieces are named, they are one archive; while one is missing it is waited for, by its name."""
    data = making.tarred(FILES)
    if "gz" in names[0] or names[0] == "part_00":
        data = gzip.compress(data)
    elif "xz" in names[0]:
        data = lzma.compress(data)
    elif "tar" not in names[0]:
        data = making.simple_zip(FILES)
    size = -(-len(data) // 3)
    pieces = {name: data[n * size : (n + 1) * size] for n, name in enumerate(names)}
    for name in names:
        write(tmp_path / name, pieces[name])

    assert (await read(tmp_path / names[1])).files == FILES
    for missing in (names[2], names[1]):
        (tmp_path / missing).unlink()
        with pytest.raises(VolumeMissing, match=re.escape(f"{missing} is missing")):
            await read(tmp_path / names[0])
        write(tmp_path / missing, pieces[missing])


def test_names_that_say_little_need_their_bytes(tmp_path: Path) -> None:
    """Files without endings are pieces only where the first begins an archive or a film, and the others nothing."""
    archive = making.simple_zip(FILES)
    contents = {
        "README": b"text",
        "visa": archive,
        "photo_00": b"\xff\xd8\xff\xe0" + bytes(100),
        "photo_01": bytes(50),
        "scans_01": archive,
        "scans_02": archive,
        "xaa": archive,
        "xab": bytes(len(archive) + 1),
        "partaa": bytes(100),
        "partab": bytes(100),
    }
    where = {name: write(tmp_path / name, data) for name, data in contents.items()}

    assert [found.names for found in group(where, where)] == [("xaa",)]
    assert group(where) == []


@pytest.mark.parametrize("names", [("001", "002"), ("00", "01"), ("aa", "ab"), ("0001", "0002")])
@pytest.mark.parametrize("cut", [60_000, 50_000])
async def test_file_that_was_cut(names: tuple[str, str], cut: int, tmp_path: Path) -> None:
    """The pieces of a film are the one film; so are those of an archive, whatever they are counted with."""
    boxes = b"\0\0\0\x10ftypisom\0\0\0\0" + (99_984).to_bytes(4, "big") + b"mdat"
    film = boxes + making.noise(100_000 - len(boxes))
    archive = making.simple_zip(FILES)
    for stem, data, at in (("film.mp4", film, cut), ("x.zip", archive, len(archive) // 2 + 1)):
        for name, piece in zip(names, (data[:at], data[at:]), strict=True):
            (tmp_path / f"{stem}.{name}").write_bytes(piece)

    assert (await read(tmp_path / f"film.mp4.{names[0]}")).files == {"film.mp4": film}
    assert (await read(tmp_path / f"x.zip.{names[1]}")).files == FILES


async def test_a_piece_of_a_packed_file_is_waited_for(tmp_path: Path) -> None:
    """What one compressed stream holds lacks a piece where it breaks off; whole, it has its own name."""
    data = gzip.compress(FILES["IMG_1.JPG"])
    half = -(-len(data) // 2)
    write(tmp_path / "IMG_1.JPG.gz.aa", data[:half])

    with pytest.raises(VolumeMissing, match=r"IMG_1.JPG.gz.ab is missing"):
        await read(tmp_path / "IMG_1.JPG.gz.aa")
    write(tmp_path / "IMG_1.JPG.gz.ab", data[half:])

    assert (await read(tmp_path / "IMG_1.JPG.gz.aa")).files == {"IMG_1.JPG": FILES["IMG_1.JPG"]}


async def test_a_piece_of_a_film_is_waited_for(tmp_path: Path) -> None:
    """Pieces of one size may lack the last; a first one alone lacks the second."""
    for count in (1, 2):
        write(tmp_path / f"film.mp4.00{count}", b"\0\0\0\x18ftypisom" + bytes(1000))
        with pytest.raises(VolumeMissing, match=rf"film.mp4.00{count + 1} is missing"):
            await read(tmp_path / "film.mp4.001")
