"""Volumes: which belong together, which is opened, and which one is missing."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telespool.archives.unpack_to_folder import unpack
from telespool.archives.volumes import group, set_of
from telespool.config.schema import ArchiveSettings
from telespool.errors import Permanent, Temporary
from tests.archives import making
from tests.archives.reading import read, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = {f"IMG_{n}.JPG": making.noise(50_000, str(n)) for n in range(1, 6)}
RARED = [making.Rared(name, data) for name, data in FILES.items()]


def _make(style: str, folder: Path) -> list[Path]:
    """A set of at least four volumes, the one to open first."""
    if style == "part":
        parts = making.rar5(RARED, volume_size=60_000)
        names = [f"x.part{n:02d}.rar" for n in range(1, len(parts) + 1)]
    elif style == "rar":
        parts = making.rar4(RARED, volume_size=60_000, old_names=True)
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
