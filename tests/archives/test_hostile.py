"""Archives made to hurt: nothing outside the directory, nothing but regular files, nothing beyond the limits."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import shutil
import struct
import tarfile
import tracemalloc
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.archives.unpack_to_folder import Result, unpack
from telespool.config.schema import ArchiveSettings, Bytes, Seconds
from telespool.errors import Permanent
from tests.archives import making
from tests.archives.reading import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = {"a/IMG_1.JPG": making.noise(30_000, "1"), "z/IMG_2.JPG": making.noise(30_000, "2")}
TMP = "/tmp"  # noqa: S108 - a place to break out to
EVIL = {
    "up": "../../evil.jpg",
    "far up": "a/../../../../../../tmp/evil.jpg",
    "absolute": f"{TMP}/evil.jpg",
    "many slashes": "////tmp//evil.jpg",
    "backslashes": "..\\..\\evil.jpg",
    "drive": "C:\\evil.jpg",
    "share": "\\\\server\\share\\evil.jpg",
    "dots": "..",
    "dot": ".",
    "empty": "",
    "stream": "photo.jpg::$DATA",
    "newline": "ph\noto.jpg",
    "return": "ph\roto\x1b[2Jx.jpg",
    "tab": "ph\toto.jpg",
    "option": "-rf.jpg",
    "hidden": ".bashrc",
    "device": "NUL.jpg",
    "right to left": "photo\u202egpj.exe",
    "quotes": "ph'ot\"o`$(id).jpg",
    "wildcards": "*?[a].jpg",
    "long": "x" * 5000 + ".jpg",
    "slash at the end": "photo.jpg/x/",
    "spaces": "  photo.jpg  ",
    "at": "@list.jpg",
    "deep": "d/" * 3000 + "photo.jpg",
}


async def _unpack(
    path: Path, settings: ArchiveSettings | None = None, *passwords: str
) -> tuple[Result, dict[str, bytes]]:
    """Unpack into a directory and look at the whole world around it."""
    target = path.parent / "out"
    before = set(_world(path.parent)) | {"out"}
    try:
        result = await unpack(path, target, passwords, settings or ArchiveSettings())
    finally:
        inside = {name for name in _world(path.parent) if name.startswith("out")}
        assert set(_world(path.parent)) - inside == before - {"out"} - inside
        for name in inside:
            entry = path.parent / name
            assert not entry.is_symlink()
            assert entry.is_dir() or entry.stat().st_nlink == 1
            unwanted = (
                0o7000 if entry.is_dir() else 0o7111
            )  # which x a directory has is the umask's
            assert not entry.stat().st_mode & unwanted
    files = {p.name: p.read_bytes() for p in target.rglob("*") if p.is_file()}
    assert len(files) == result.files
    return result, files


def _world(folder: Path) -> Iterator[str]:
    for base, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield os.path.relpath(os.path.join(base, name), folder)  # noqa: PTH118


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "rar4", "rar5", "cpio", "cab"])
async def test_evil_names(kind: str, tmp_path: Path) -> None:
    """Whatever a member is called, it becomes a file in the directory, or is left out; the others come out."""
    folder = tmp_path / "deep" / "deeper"
    folder.mkdir(parents=True)
    first, last = GOOD
    evil = {name: making.noise(5000, what) for what, name in EVIL.items()}
    if kind in {"cab", "cpio"}:  # which have no such names
        evil = {name: data for name, data in evil.items() if 0 < len(name) < 250}
    files = {first: GOOD[first], **evil, last: GOOD[last]}
    rared = [making.Rared(n, d) for n, d in files.items()]
    archive = {
        "zip": lambda: making.simple_zip(files),
        "tar": lambda: making.tarred(files, form=tarfile.GNU_FORMAT),
        "tar.gz": lambda: gzip.compress(making.tarred(files)),
        "rar4": lambda: making.rar4(rared)[0],
        "rar5": lambda: making.rar5(rared)[0],
        "cpio": lambda: making.cpio(files),
        "cab": lambda: making.cab(files),
    }[kind]()

    result, found = await _unpack(write(folder / f"x.{kind}", archive))

    assert set(found.values()) <= set(files.values())
    assert set(GOOD.values()) <= set(found.values())
    assert all(len(name.encode()) < 256 for name in found)
    assert len(found) + len(result.problems) >= len(files) - 3


def _linked_tar() -> bytes:
    links = [
        making.tar_link("etc", "/etc"),
        making.tar_link("etc/passwd", "../../x"),
        making.tar_link("passwd.jpg", "/etc/passwd"),
        making.tar_link("up.jpg", "../../../x", tarfile.LNKTYPE),
        making.tar_link("a/IMG_1.JPG", "/etc/passwd"),
        making.tar_link("device", "", tarfile.CHRTYPE),
        making.tar_link("block", "", tarfile.BLKTYPE),
        making.tar_link("fifo", "", tarfile.FIFOTYPE),
    ]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info in links:
            tar.addfile(info)
        for name, data in GOOD.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o6777
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _linked_zip() -> bytes:
    def member(name: str, data: bytes, mode: int) -> making.Zipped:
        return making.Zipped(name.encode(), data, mode=mode)

    return making.zipped(
        [
            member("link", b"/tmp", 0o120777),
            member("link/evil.jpg", making.noise(100), 0o100644),
            member("passwd.jpg", b"/etc/passwd", 0o120777),
            member("device", b"", 0o020666),
            member("block", b"", 0o060666),
            *(member(name, data, 0o106777) for name, data in GOOD.items()),
        ]
    )


def _linked_rar() -> bytes:
    links = [
        making.Rared("link", link=TMP),
        making.Rared("passwd.jpg", link="/etc/passwd"),
        making.Rared("hard.jpg", link="../../../etc/passwd", hard=True),
    ]
    return making.rar5([*links, *(making.Rared(n, d) for n, d in GOOD.items())])[0]


@pytest.mark.parametrize("kind", ["tar", "zip", "rar"])
async def test_links_and_devices(kind: str, tmp_path: Path) -> None:
    """Links of every kind, devices, fifos and setuid bits never reach the disk; the regular files do."""
    archive = {"tar": _linked_tar, "zip": _linked_zip, "rar": _linked_rar}[kind]()

    result, found = await _unpack(write(tmp_path / f"x.{kind}", archive))

    assert set(GOOD.values()) <= set(found.values())
    assert b"/etc/passwd" not in found.values()
    assert result.complete


async def test_links_by_seven_zip(tmp_path: Path) -> None:
    """A symbolic link in a 7z is left out, and what stands behind it in the archive comes out."""
    import subprocess  # noqa: PLC0415

    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "aaa.jpg").symlink_to("/etc/passwd")
    for name, data in GOOD.items():
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(data)
    command = [making.seven_zip(), "a", "-snl", str(tmp_path / "x.7z"), "."]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    path = (tmp_path / "x.7z").rename(tmp_path / "y.7z")

    result, found = await _unpack(path)

    assert set(found.values()) == set(GOOD.values())
    assert result.complete


async def test_names_that_clash(tmp_path: Path) -> None:
    """The same name twice, in another case, in another normal form, and a file where a folder should be."""
    names = ["a.jpg", "a.jpg", "A.JPG", "é.jpg", "e\u0301.jpg", "a.jpg/b.jpg", "x/a.jpg"]
    members = [
        making.Zipped(name.encode(), making.noise(5000, str(n)), flags=0x800)
        for n, name in enumerate(names)
    ]

    result, found = await _unpack(write(tmp_path / "x.zip", making.zipped(members)))

    assert result.complete
    assert sorted(found.values()) == sorted(member.data for member in members)


async def test_bombs_that_the_listing_tells(tmp_path: Path) -> None:
    """Overlapping members, a sparse terabyte, sizes nobody has: refused before a byte is written."""
    kernel = making.Zipped(b"0", bytes(21 << 20), 8)
    packed = kernel.pack()
    overlap = [
        making.Zipped(b"0", b"", 8, packed=packed, crc=zlib.crc32(bytes(21 << 20)), size=21 << 20)
    ]
    overlap += [
        making.Zipped(b"%d" % n, b"", 8, packed=packed, crc=overlap[0].crc, size=21 << 20, offset=0)
        for n in range(1, 300)
    ]
    sparse = tarfile.TarInfo("huge.jpg")
    sparse.size = 1 << 40
    bombs = {
        "overlap.zip": making.zipped(overlap),
        "sparse.tar": sparse.tobuf() + bytes(100_000),
        "gnu-sparse.tar": _gnu_sparse(1 << 40),
    }
    for name, bomb in bombs.items():
        with pytest.raises(Permanent, match=rf"{name} .*(archives\.max_|limit)"):
            await _unpack(write(tmp_path / name, bomb))

        assert not (tmp_path / "out").exists()


def _gnu_sparse(size: int) -> bytes:
    info = tarfile.TarInfo("huge.jpg")
    info.type = tarfile.GNUTYPE_SPARSE
    info.size = 512
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"%011o\0%011o\0" % (0, 512)
    block[483:495] = b"\x80" + size.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(512) + bytes(1024)


async def test_bombs_that_only_the_stream_tells(tmp_path: Path) -> None:
    """A stream that does not say how long it is, or lies, is stopped at the limit."""
    settings = replace(ArchiveSettings(), max_total=Bytes(30 << 20))
    zeros = gzip.compress(bytes(60 << 20))
    lying = zeros[:-4] + struct.pack("<L", 1000)
    for name, bomb in {"photo.gz": zeros, "lying.gz": lying}.items():
        with pytest.raises(Permanent, match=r"unpack to more than 30 MiB.*archives\.max_total"):
            await _unpack(write(tmp_path / name, bomb), settings)


async def test_ratio(tmp_path: Path) -> None:
    """What grows two hundred times is refused, and the sentence says which limit it was."""
    path = write(tmp_path / "x.zip", making.simple_zip({"0": bytes(101 << 20)}, 8))

    with pytest.raises(Permanent, match=r"20 times its size.*archives\.max_ratio"):
        await _unpack(path)


@pytest.mark.parametrize("kind", ["zip", "7z", "tar", "tar.gz", "gz"])
async def test_time(kind: str, tmp_path: Path) -> None:
    """What takes longer than it may is ended, and the sentence says which limit it was."""
    settings = replace(ArchiveSettings(), timeout=Seconds(1e-9))
    path = tmp_path / f"x.{kind}"
    tar = making.tarred(GOOD)
    data = {"tar": tar, "tar.gz": gzip.compress(tar), "gz": gzip.compress(making.noise(9))}
    if kind in data:
        path.write_bytes(data[kind])
    else:
        making.seven(path, GOOD)
        shutil.rmtree(tmp_path / f"x.{kind}.files")

    with pytest.raises(Permanent, match=r"takes longer to unpack than .*archives\.timeout"):
        await _unpack(path, settings)


async def test_too_many_members(tmp_path: Path) -> None:
    """More members than allowed are refused, whatever the format."""
    settings = replace(ArchiveSettings(), max_members=50)
    files = {f"{n}.jpg": b"x" for n in range(51)}
    for name, archive in {
        "x.zip": making.simple_zip(files),
        "x.tar": making.tarred(files),
        "x.tar.gz": gzip.compress(making.tarred(files)),
        "x.rar": making.rar5([making.Rared(n, d) for n, d in files.items()])[0],
    }.items():
        with pytest.raises(Permanent, match=r"more than 50 files.*archives\.max_members"):
            await _unpack(write(tmp_path / name, archive), settings)


async def test_one_member_too_large(tmp_path: Path) -> None:
    """A member beyond the limit is refused."""
    settings = replace(ArchiveSettings(), max_member=Bytes(5000))
    for name, archive in {
        "x.zip": making.simple_zip({"a": making.noise(5001)}),
        "x.gz": gzip.compress(making.noise(5001)),
    }.items():
        with pytest.raises(Permanent, match=r"archives\.max_member\)"):
            await _unpack(write(tmp_path / name, archive), settings)


async def test_archive_that_contains_itself(tmp_path: Path) -> None:
    """Archives inside archives end at the configured depth."""
    inner = making.simple_zip({"IMG_0.JPG": making.noise(1000)})
    for level in range(9):
        inner = making.simple_zip(
            {f"{level}.zip": inner, f"IMG_{level}.JPG": making.noise(1000, str(level))}
        )

    for depth in (1, 2, 5):
        folder = tmp_path / str(depth)
        folder.mkdir()
        path = write(folder / "x.zip", inner)
        result, found = await _unpack(path, replace(ArchiveSettings(), depth=depth))

        assert result.complete
        assert sum(name.endswith(".JPG") for name in found) == depth


async def test_limits_hold_over_all_archives_inside(tmp_path: Path) -> None:
    """Many small archives inside one are one drop: together they stay within the limits."""
    settings = replace(ArchiveSettings(), max_members=20)
    inner = making.simple_zip({f"{n}.jpg": making.noise(100, str(n)) for n in range(8)})
    path = write(tmp_path / "x.zip", making.simple_zip({f"{n}.zip": inner for n in range(4)}))

    with pytest.raises(Permanent, match="more than 20 files"):
        await _unpack(path, settings)


@pytest.mark.parametrize("what", ["zip", "zip members", "rar4", "rar5"])
async def test_comment_that_imitates_the_listing(what: str, tmp_path: Path) -> None:
    """A comment that looks like 7-Zip's listing, or like its log, changes nothing."""
    first = next(iter(GOOD))
    comment = (
        f"}}\n\n----------\nPath = evil.jpg\nFolder = -\nSize = 4\nCRC = 00000000\n\n- {first}\n"
        f"- {first}\nERROR: Data Error : {first}\n"
    ).encode()
    rared = [making.Rared(name, data) for name, data in GOOD.items()]
    members = [making.Zipped(name.encode(), data) for name, data in GOOD.items()]
    if what == "zip members":
        for member in members:
            member.comment = comment
    archive = {
        "zip": lambda: making.zipped(members, comment=comment),
        "zip members": lambda: making.zipped(members),
        "rar4": lambda: making.rar4(rared, comment=comment)[0],
        "rar5": lambda: making.rar5(rared, comment=comment)[0],
    }[what]()

    result, found = await _unpack(write(tmp_path / "x", archive))

    assert sorted(found.values()) == sorted(GOOD.values())
    assert result.complete


async def test_memory_that_is_asked_for(tmp_path: Path) -> None:
    """An archive that needs more memory than it may have is refused with that sentence."""
    settings = replace(ArchiveSettings(), memory=Bytes(256 << 20))
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}]
    raw = lzma.compress(GOOD["a/IMG_1.JPG"], lzma.FORMAT_RAW, filters=filters)
    greedy = struct.pack("<BBHBL", 9, 20, 5, 0x5D, 0x60000000) + raw
    members = [
        making.Zipped(b"greedy", GOOD["a/IMG_1.JPG"], 14, packed=greedy, flags=2),
        making.Zipped(b"modest", making.noise(1000)),
    ]

    result, found = await _unpack(write(tmp_path / "x.zip", making.zipped(members)), settings)

    assert not found
    assert "greedy in x.zip is damaged: it needs more memory" in result.problems[0]


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, b"sparse", b"chain"])
async def test_headers_that_fill_the_memory(kind: bytes, tmp_path: Path) -> None:
    """A header of a tar that would have to be kept whole is not read when it is longer than any name."""
    if kind == b"sparse":
        head = bytearray(_gnu_sparse(1000)[:512])
        head[482] = 1
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        more = (b"%011o\0%011o\0" % (1, 1) * 21).ljust(512, b"\1")
    else:
        info = tarfile.TarInfo("long")
        info.type = tarfile.GNUTYPE_LONGNAME if kind == b"chain" else kind
        info.size = 10 if kind == b"chain" else 40 << 20
        head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
        more = bytes(b"a".ljust(512, b"\0") + head) if kind == b"chain" else bytes(512)
    archive = gzip.compress(
        making.tarred(GOOD)[:-10240] + head + more * ((40 << 20) // len(more)), 1
    )
    path = write(tmp_path / "x.tar.gz", archive)
    tracemalloc.start()

    result, found = await _unpack(path)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert sorted(found.values()) == sorted(GOOD.values())
    assert "broken off or damaged after z/IMG_2.JPG" in result.problems[-1]


async def test_names_that_fill_the_memory(tmp_path: Path) -> None:
    """A packed table of contents with endless names is refused before they are kept."""
    for count, length in ((100, 400_000), (1, 40_000_000)):
        path = write(tmp_path / f"{count}.7z", making.seven_of_names(count, length))

        with pytest.raises(Permanent, match=r"\.7z holds names that are longer"):
            await _unpack(path)


async def test_nothing_inside(tmp_path: Path) -> None:
    """An empty archive, and one of folders alone, is an error and says so."""
    for name, archive in {
        "empty.zip": making.zipped([]),
        "folders.zip": making.zipped(
            [making.Zipped(b"a/", mode=0o40755), making.Zipped(b"a/b/", mode=0o40755)]
        ),
        "empty.tar": bytes(10240),
        "empty.tar.gz": gzip.compress(making.tarred({})),
    }.items():
        with pytest.raises(Permanent, match=rf"{name}"):
            await _unpack(write(tmp_path / name, archive))


@pytest.mark.parametrize(
    "data", [b"", b"<html>404 Not Found</html>", bytes(50_000), b"Rar!\x1a\x07\x01\x00", b"7z\xbc\xaf'\x1c" + bytes(40), b"PK\x03\x04" + bytes(100)],
)  # fmt: skip
async def test_no_archive_is_a_sentence(data: bytes, tmp_path: Path) -> None:
    """What is called an archive and is none is refused with its name."""
    with pytest.raises(Permanent, match=r"x\.rar"):
        await _unpack(write(tmp_path / "x.rar", data))
