"""`telespool unpack`: all members as regular files and exit 0, or what is wrong in a sentence and exit 1."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.archives.unpack_to_folder import Unpacked, unpack
from telespool.config.schema import ArchiveSettings
from telespool.errors import Permanent
from tests.archives import making, rar_making
from tests.archives.reading import write
from tests.patience import longest

if TYPE_CHECKING:
    from pathlib import Path

FILES = making.photos()


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "telespool.cli.main", "unpack", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=longest(60))


async def test_everything_comes_out(tmp_path: Path) -> None:
    """All regular members but what systems leave behind come out, and each is reported as it is complete."""
    files = FILES | {"notes.txt": b"text", ".hidden": b"dot", "empty": b""}
    path = write(tmp_path / "x.zip", making.simple_zip({**files, "__MACOSX/._x": b"junk"}))
    told: list[Unpacked] = []

    result = await unpack(path, tmp_path / "a" / "b", (), ArchiveSettings(), report=told.append)

    assert result.complete
    assert (result.kind, result.files, result.size) == (
        "zip",
        len(files),
        sum(map(len, files.values())),
    )
    assert {file.name: file.path.read_bytes() for file in told} == files
    assert all(
        file.path.parent == tmp_path / "a" / "b" and file.size == len(files[file.name])
        for file in told
    )


async def test_archives_inside(tmp_path: Path) -> None:
    """Archives inside come out beside their content, with the same passwords, to the configured depth."""
    deepest = making.simple_zip({"deepest.jpg": b"3"})
    locked = making.seven(tmp_path / "locked.7z", {"locked.jpg": b"2"}, "-psecret").read_bytes()
    inner = making.tarred({"inner.jpg": b"1", "deeper.zip": deepest})
    files = {"a.jpg": b"0", "in.tar.gz": gzip.compress(inner), "locked.7z": locked}
    path = write(tmp_path / "x.zip", making.simple_zip(files))

    result = await unpack(path, tmp_path / "out", ("secret",), ArchiveSettings())

    assert result.complete
    names = {
        str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()
    }
    assert names == {
        "0001_a.jpg",
        "0002_in.tar.gz",
        "0002_in.tar.gz.d/0001_deeper.zip",
        "0002_in.tar.gz.d/0002_inner.jpg",
        "0003_locked.7z",
        "0003_locked.7z.d/0001_locked.jpg",
    }


async def test_what_only_looks_like_an_archive_inside(tmp_path: Path) -> None:
    """A member that begins like an archive and is none is a file like any other."""
    files = {
        "a.rar": b"Rar!\x1a\x07\x01\x00" + making.noise(3000),
        "b.gz": b"\x1f\x8b\x08\x00" + bytes(40),
        "c.zip": making.zipped([]),
    }
    path = write(tmp_path / "x.zip", making.simple_zip(files))

    result = await unpack(path, tmp_path / "out", (), ArchiveSettings())

    assert result.files == 3
    assert {p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()} == set(
        files.values()
    )


async def test_links_alone(tmp_path: Path) -> None:
    """An archive of links has no regular member, and so all of them are out."""
    path = write(tmp_path / "x.tar", making.tarred({}, making.tar_link("a.jpg", "/etc/passwd")))

    result = await unpack(path, tmp_path / "out", (), ArchiveSettings())

    assert result.complete
    assert result.files == 0
    assert not list((tmp_path / "out").iterdir())


async def test_no_such_file(tmp_path: Path) -> None:
    """What is not there cannot be unpacked, and that is a sentence."""
    for name in ("x.zip", "x.part1.rar"):
        with pytest.raises(Permanent, match=name):
            await unpack(tmp_path / name, tmp_path / "out", (), ArchiveSettings())


async def test_directory_that_cannot_be(tmp_path: Path) -> None:
    """A file where the directory should be is a sentence too, and stays what it was."""
    path = write(tmp_path / "x.zip", making.simple_zip(FILES))
    (tmp_path / "out").write_bytes(b"mine")

    with pytest.raises(Permanent, match="out"):
        await unpack(path, tmp_path / "out", (), ArchiveSettings())

    assert (tmp_path / "out").read_bytes() == b"mine"


async def test_missing_volume_is_final_here(tmp_path: Path) -> None:
    """Nobody waits for a volume on the command line."""
    parts = rar_making.rar5([rar_making.Rared(n, d) for n, d in FILES.items()], volume_size=20_000)
    path = write(tmp_path / "x.part1.rar", parts[0])

    with pytest.raises(Permanent, match=r"x\.part2\.rar is missing"):
        await unpack(path, tmp_path / "out", (), ArchiveSettings())


async def test_many_problems_are_counted(tmp_path: Path) -> None:
    """Of very many damaged members a hundred are named; the rest are counted."""
    members = [making.Zipped(b"%d.jpg" % n, b"x" * 50, crc=1) for n in range(150)]
    path = write(tmp_path / "x.zip", making.zipped([*members, making.Zipped(b"good.jpg", b"g")]))

    result = await unpack(path, tmp_path / "out", (), replace(ArchiveSettings()))

    assert result.files == 1
    assert len(result.problems) == 101
    assert result.problems[-1] == "50 more members are damaged."


def test_command(tmp_path: Path) -> None:
    """Exit 0 and the paths on standard output; as JSON, one object a line and a summary."""
    path = write(tmp_path / "x.zip", making.simple_zip(FILES))

    plain = _run(path, tmp_path / "plain")
    told = _run(path, tmp_path / "told", "--json")

    assert (plain.returncode, plain.stderr) == (0, "")
    assert sorted(plain.stdout.splitlines()) == sorted(
        str(p) for p in (tmp_path / "plain").iterdir()
    )
    *files, summary = map(json.loads, told.stdout.splitlines())
    assert sorted(file["name"] for file in files) == sorted(FILES)
    assert summary["complete"] is True


def test_command_says_what_is_wrong(tmp_path: Path) -> None:
    """Exit 1 and a sentence on standard error; with the right password exit 0."""
    path = making.seven(tmp_path / "x.7z", FILES, "-psecret", "-mhe=on")

    (tmp_path / "wrong").write_text("wrong\n")
    (tmp_path / "right").write_text("wrong\nsecret\n")

    wrong = _run(path, tmp_path / "out", "--password-file", str(tmp_path / "wrong"))
    right = _run(path, tmp_path / "out", "--password-file", str(tmp_path / "right"))

    assert wrong.returncode == 1
    assert wrong.stderr.startswith("telespool: x.7z needs a password")
    assert right.returncode == 0


async def test_password_among_the_members(tmp_path: Path) -> None:
    """An archive inside opens with the NAME.password that lies beside it."""
    inner = making.seven(tmp_path / "inner.7z", making.photos(), "-psecret", "-mhe=on")
    files = {"inner.7z": inner.read_bytes(), "inner.7z.password": b"secret\r\n"}
    path = write(tmp_path / "outer.tar", making.tarred(files))

    result = await unpack(path, tmp_path / "out", (), ArchiveSettings())

    assert result.complete
    assert len(list((tmp_path / "out").glob("*.d/*"))) == 3
