"""Archives made to hurt: nothing outside the directory, nothing but regular files, nothing beyond the limits."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from telespool.errors import Permanent
from tests.archives import making, rar_making
from tests.archives.reading import write
from tests.archives.unpacking import GOOD, unpacked

if TYPE_CHECKING:
    from pathlib import Path

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
    rared = [rar_making.Rared(n, d) for n, d in files.items()]
    archive = {
        "zip": lambda: making.simple_zip(files),
        "tar": lambda: making.tarred(files, form=tarfile.GNU_FORMAT),
        "tar.gz": lambda: gzip.compress(making.tarred(files)),
        "rar4": lambda: rar_making.rar4(rared)[0],
        "rar5": lambda: rar_making.rar5(rared)[0],
        "cpio": lambda: making.cpio(files),
        "cab": lambda: making.cab(files),
    }[kind]()

    result, found = await unpacked(write(folder / f"x.{kind}", archive))

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
        rar_making.Rared("link", link=TMP),
        rar_making.Rared("passwd.jpg", link="/etc/passwd"),
        rar_making.Rared("hard.jpg", link="../../../etc/passwd", hard=True),
    ]
    return rar_making.rar5([*links, *(rar_making.Rared(n, d) for n, d in GOOD.items())])[0]


@pytest.mark.parametrize("kind", ["tar", "zip", "rar"])
async def test_links_and_devices(kind: str, tmp_path: Path) -> None:
    """Links of every kind, devices, fifos and setuid bits never reach the disk; the regular files do."""
    archive = {"tar": _linked_tar, "zip": _linked_zip, "rar": _linked_rar}[kind]()

    result, found = await unpacked(write(tmp_path / f"x.{kind}", archive))

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

    result, found = await unpacked(path)

    assert set(found.values()) == set(GOOD.values())
    assert result.complete


async def test_names_that_clash(tmp_path: Path) -> None:
    """The same name twice, in another case, in another normal form, and a file where a folder should be."""
    names = ["a.jpg", "a.jpg", "A.JPG", "é.jpg", "e\u0301.jpg", "a.jpg/b.jpg", "x/a.jpg"]
    members = [
        making.Zipped(name.encode(), making.noise(5000, str(n)), flags=0x800)
        for n, name in enumerate(names)
    ]

    result, found = await unpacked(write(tmp_path / "x.zip", making.zipped(members)))

    assert result.complete
    assert sorted(found.values()) == sorted(member.data for member in members)


@pytest.mark.parametrize("what", ["zip", "zip members", "rar4", "rar5"])
async def test_comment_that_imitates_the_listing(what: str, tmp_path: Path) -> None:
    """A comment that looks like 7-Zip's listing, or like its log, changes nothing."""
    first = next(iter(GOOD))
    comment = (
        f"}}\n\n----------\nPath = evil.jpg\nFolder = -\nSize = 4\nCRC = 00000000\n\n- {first}\n"
        f"- {first}\nERROR: Data Error : {first}\n"
    ).encode()
    rared = [rar_making.Rared(name, data) for name, data in GOOD.items()]
    members = [making.Zipped(name.encode(), data) for name, data in GOOD.items()]
    if what == "zip members":
        for member in members:
            member.comment = comment
    archive = {
        "zip": lambda: making.zipped(members, comment=comment),
        "zip members": lambda: making.zipped(members),
        "rar4": lambda: rar_making.rar4(rared, comment=comment)[0],
        "rar5": lambda: rar_making.rar5(rared, comment=comment)[0],
    }[what]()

    result, found = await unpacked(write(tmp_path / "x", archive))

    assert sorted(found.values()) == sorted(GOOD.values())
    assert result.complete


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
            await unpacked(write(tmp_path / name, archive))


@pytest.mark.parametrize(
    "data", [b"", b"<html>404 Not Found</html>", bytes(50_000), b"Rar!\x1a\x07\x01\x00", b"7z\xbc\xaf'\x1c" + bytes(40), b"PK\x03\x04" + bytes(100)],
)  # fmt: skip
async def test_no_archive_is_a_sentence(data: bytes, tmp_path: Path) -> None:
    """What is called an archive and is none is refused with its name."""
    with pytest.raises(Permanent, match=r"x\.rar"):
        await unpacked(write(tmp_path / "x.rar", data))
