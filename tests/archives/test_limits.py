"""Archives that would take too much: bytes, time, members, memory. The limits hold."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
import tarfile
import tracemalloc
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import ArchiveSettings, Bytes, Seconds
from telespool.errors import Permanent
from tests.archives import making, rar_making
from tests.archives.reading import write
from tests.archives.unpacking import GOOD, unpacked

if TYPE_CHECKING:
    from pathlib import Path


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
            await unpacked(write(tmp_path / name, bomb))

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
            await unpacked(write(tmp_path / name, bomb), settings)


async def test_ratio(tmp_path: Path) -> None:
    """What grows two hundred times is refused, and the sentence says which limit it was."""
    path = write(tmp_path / "x.zip", making.simple_zip({"0": bytes(101 << 20)}, 8))

    with pytest.raises(Permanent, match=r"20 times its size.*archives\.max_ratio"):
        await unpacked(path)


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
        await unpacked(path, settings)


async def test_too_many_members(tmp_path: Path) -> None:
    """More members than allowed are refused, whatever the format."""
    settings = replace(ArchiveSettings(), max_members=50)
    files = {f"{n}.jpg": b"x" for n in range(51)}
    for name, archive in {
        "x.zip": making.simple_zip(files),
        "x.tar": making.tarred(files),
        "x.tar.gz": gzip.compress(making.tarred(files)),
        "x.rar": rar_making.rar5([rar_making.Rared(n, d) for n, d in files.items()])[0],
    }.items():
        with pytest.raises(Permanent, match=r"more than 50 files.*archives\.max_members"):
            await unpacked(write(tmp_path / name, archive), settings)


async def test_one_member_too_large(tmp_path: Path) -> None:
    """A member beyond the limit is refused."""
    settings = replace(ArchiveSettings(), max_member=Bytes(5000))
    for name, archive in {
        "x.zip": making.simple_zip({"a": making.noise(5001)}),
        "x.gz": gzip.compress(making.noise(5001)),
    }.items():
        with pytest.raises(Permanent, match=r"archives\.max_member\)"):
            await unpacked(write(tmp_path / name, archive), settings)


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
        result, found = await unpacked(path, replace(ArchiveSettings(), depth=depth))

        assert result.complete
        assert sum(name.endswith(".JPG") for name in found) == depth


async def test_limits_hold_over_all_archives_inside(tmp_path: Path) -> None:
    """Many small archives inside one are one drop: together they stay within the limits."""
    settings = replace(ArchiveSettings(), max_members=20)
    inner = making.simple_zip({f"{n}.jpg": making.noise(100, str(n)) for n in range(8)})
    path = write(tmp_path / "x.zip", making.simple_zip({f"{n}.zip": inner for n in range(4)}))

    with pytest.raises(Permanent, match="more than 20 files"):
        await unpacked(path, settings)


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

    result, found = await unpacked(write(tmp_path / "x.zip", making.zipped(members)), settings)

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

    result, found = await unpacked(path)

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
            await unpacked(path)
