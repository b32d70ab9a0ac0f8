"""Every format comes out byte by byte, whatever the file is called."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.archives import recognise
from tests.archives import making, rar_making
from tests.archives.reading import read, write

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = making.photos()
FLAT = {name.rpartition("/")[2]: data for name, data in FILES.items()}
RARED = [rar_making.Rared(name, data) for name, data in FILES.items()]


SKIPPED = b"\x50\x2a\x4d\x18\x04\0\0\0size"


def _zip64() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in FILES.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    return out.getvalue()


def _described() -> bytes:
    members = [making.Zipped(n.encode(), d, 8, descriptor=True) for n, d in FILES.items()]
    return making.zipped(members)


def _program(archive: bytes) -> bytes:
    shell = shutil.which("true")
    assert shell
    return Path(shell).read_bytes() + archive


BY_HAND: dict[str, tuple[str, Callable[[], bytes]]] = {
    "stored.zip": ("zip", lambda: making.simple_zip(FILES)),
    "deflated.zip": ("zip", lambda: making.simple_zip(FILES, 8)),
    "zstd.zip": ("zip", lambda: making.simple_zip(FILES, 93)),
    "zip64.zip": ("zip", _zip64),
    "descriptors.zip": ("zip", _described),
    "prefixed.zip": (
        "zip",
        lambda: making.zipped(
            [making.Zipped(n.encode(), d) for n, d in FILES.items()], prefix=b"MZ" + bytes(5000)
        ),
    ),
    "self-extracting": ("zip", lambda: _program(making.simple_zip(FILES))),
    "self-extracting-rar4": ("rar", lambda: _program(rar_making.rar4(RARED)[0])),
    "self-extracting-rar5": ("rar", lambda: _program(rar_making.rar5(RARED)[0])),
    "zip.named.rar": ("zip", lambda: making.simple_zip(FILES)),
    "no-ending": ("rar", lambda: rar_making.rar5(RARED)[0]),
    "4.rar": ("rar", lambda: rar_making.rar4(RARED)[0]),
    "5.rar": ("rar", lambda: rar_making.rar5(RARED)[0]),
    "plain.tar": ("tar", lambda: making.tarred(FILES)),
    "x.tar.gz": ("gzip", lambda: gzip.compress(making.tarred(FILES))),
    "x.tgz": ("gzip", lambda: gzip.compress(making.tarred(FILES))),
    "x.tar.bz2": ("bzip2", lambda: bz2.compress(making.tarred(FILES))),
    "x.tar.xz": ("xz", lambda: lzma.compress(making.tarred(FILES))),
    "x.tar.lzma": ("lzma", lambda: lzma.compress(making.tarred(FILES), lzma.FORMAT_ALONE)),
    "x.tar.zst": ("zstd", lambda: making.zstd(making.tarred(FILES))),
    "pzstd.tar.zst": ("zstd", lambda: SKIPPED + making.zstd(making.tarred(FILES))),
    "x.tar.lz": ("lzip", lambda: making.lzipped(making.tarred(FILES))),
    "x.tar.lz4": ("lz4", lambda: making.lz4_framed(making.tarred(FILES))),
    "x.cpio": ("cpio", lambda: making.cpio(FILES)),
    "x.cab": ("cab", lambda: making.cab(FILES)),
    "x.iso": ("iso", lambda: making.iso(FLAT)),
    "x.lzh": ("lzh", lambda: making.lzh(FLAT)),
    "x.a": ("ar", lambda: making.ar(FLAT)),
}


@pytest.mark.parametrize("name", BY_HAND)
async def test_format(name: str, tmp_path: Path) -> None:
    """An archive is recognised by its bytes and everything in it comes out."""
    kind, make = BY_HAND[name]
    path = write(tmp_path / name, make())

    assert recognise(path) == kind

    outcome = await read(path)

    assert {n.rpartition("/")[2]: d for n, d in outcome.files.items()} == FLAT
    assert not outcome.damage
    assert outcome.archive.damage is None


@pytest.mark.parametrize(
    ("name", "switches"),
    [
        ("solid.7z", ()),
        ("stored.7z", ("-mx0",)),
        ("blocks.7z", ("-ms=off",)),
        ("ppmd.7z", ("-m0=PPMd",)),
        ("deflate64.zip", ("-mm=Deflate64",)),
        ("bzip2.zip", ("-mm=BZip2",)),
        ("lzma.zip", ("-mm=LZMA",)),
        ("ppmd.zip", ("-mm=PPMd",)),
        ("x.wim", ()),
    ],
)
async def test_format_by_seven_zip(name: str, switches: tuple[str, ...], tmp_path: Path) -> None:
    """What 7-Zip packs in its many ways comes out."""
    outcome = await read(making.seven(tmp_path / name, FILES, *switches))

    assert outcome.files == FILES
    assert not outcome.damage
    assert outcome.archive.damage is None


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, bz2.compress, lzma.compress, making.zstd, making.lzipped, making.lz4_framed],
)
async def test_one_thing_in_a_stream(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """A stream that holds no tar holds one member, named like the file without its ending."""
    data = making.noise(300_000)
    outcome = await read(write(tmp_path / "IMG_1.JPG.packed", pack(data)))

    assert outcome.files == {"IMG_1.JPG": data}


async def test_many_streams_in_one_file(tmp_path: Path) -> None:
    """Streams one behind another are one content, as their programs have it."""
    parts = [making.noise(70_000, seed) for seed in "abc"]
    for pack in (gzip.compress, making.lzipped, making.lz4_framed):
        path = write(tmp_path / f"{pack.__name__}.bin", b"".join(pack(part) for part in parts))
        outcome = await read(path)

        assert list(outcome.files.values()) == [b"".join(parts)]


async def test_sparse_tar_has_its_holes(tmp_path: Path) -> None:
    """Of a sparse file the holes come out as zeros."""
    folder = tmp_path / "files"
    folder.mkdir()
    with (folder / "sparse.bin").open("wb") as file:
        file.write(b"start")
        file.seek(3 << 20)
        file.write(b"end")
    import subprocess  # noqa: PLC0415

    subprocess.run(["tar", "-cSf", tmp_path / "x.tar", "-C", folder, "sparse.bin"], check=True)

    outcome = await read(tmp_path / "x.tar")

    assert outcome.files["sparse.bin"] == (folder / "sparse.bin").read_bytes()


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftypisom", b"\x1aE\xdf\xa3", b"%PDF-1.4",
    ],
)  # fmt: skip
def test_picture_with_an_archive_behind_it_is_a_picture(head: bytes, tmp_path: Path) -> None:
    """What is a picture, a video or a document by its head is that, whatever hides behind it."""
    for archive in (making.simple_zip(FILES), rar_making.rar5(RARED)[0]):
        assert recognise(write(tmp_path / "x", head.ljust(5000, b"\0") + archive)) is None


@pytest.mark.parametrize(
    "names",
    [
        ["[Content_Types].xml", "word/document.xml"],
        ["mimetype", "META-INF/container.xml"],
        ["docProps/app.xml", "[Content_Types].xml"],
        ["theme/x.xml", "[Content_Types].xml"],
        ["META-INF/MANIFEST.MF", "a.class"],
        ["classes.dex", "AndroidManifest.xml"],
        ["preview.jpg", "Index/Document.iwa", "Data/photo.jpg"],
        ["QuickLook/Thumbnail.jpg", "buildVersionHistory.plist"],
        ["document.json", "meta.json", "previews/preview.png"],
        ["QuickLook/Thumbnail.png", "Document.archive"],
        ["scene.usdc", "textures/wood.png"],
        ["doc.kml", "files/photo.jpg"],
    ],
)
def test_document_is_no_archive(names: list[str], tmp_path: Path) -> None:
    """Office documents, books and programs are zip files and still no archives."""
    path = write(tmp_path / "x.zip", making.simple_zip(dict.fromkeys(names, b"x")))

    assert recognise(path) is None


def test_folder_of_documents_is_an_archive(tmp_path: Path) -> None:
    """A zip that holds the parts of a document deeper inside is somebody's folder."""
    files = {"backup/[Content_Types].xml": b"x", "backup/IMG_1.JPG": b"y"}

    assert recognise(write(tmp_path / "x.zip", making.simple_zip(files))) == "zip"


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"<html><body>404</body></html>", bytes(70_000), b"Rar!", b"\x1f\x8b"]
)
def test_no_archive(data: bytes, tmp_path: Path) -> None:
    """A web page, zeros, a few bytes: no archive, whatever the name says."""
    assert recognise(write(tmp_path / "x.zip", data)) is None


async def test_document_inside_an_archive(tmp_path: Path) -> None:
    """A zip that holds a document as it is, is no document itself."""
    document = making.simple_zip({"[Content_Types].xml": b"x", "word/document.xml": b"y"})
    files = {"IMG_1.JPG": making.noise(500), "letter.docx": document}

    outcome = await read(write(tmp_path / "x.zip", making.simple_zip(files)))

    assert outcome.files == files


FRONTS = [
    b"\xef\xbb\xbf",
    b"\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\n\r\n",
    b"<br />\n<b>Warning</b>:  readfile() in <b>/var/www/dl.php</b> on line <b>7</b><br />\n" * 80,
]
BEHIND: dict[str, Callable[[], bytes]] = {
    "stored.zip": lambda: making.simple_zip(FILES, 0),
    "x.zip": lambda: making.simple_zip(FILES, 8),
    "x.tar": lambda: making.tarred(FILES),
    "x.tar.gz": lambda: gzip.compress(making.tarred(FILES)),
    "x.tar.bz2": lambda: bz2.compress(making.tarred(FILES)),
    "x.tar.xz": lambda: lzma.compress(making.tarred(FILES)),
    "x.tar.zst": lambda: making.zstd(making.tarred(FILES)),
    "4.rar": lambda: rar_making.rar4(RARED)[0],
    "5.rar": lambda: rar_making.rar5(RARED)[0],
}


@pytest.mark.parametrize("front", FRONTS, ids=["mark", "newline", "answer", "warnings"])
@pytest.mark.parametrize("name", BEHIND)
async def test_archive_behind_something(front: bytes, name: str, tmp_path: Path) -> None:
    """An archive with a byte order mark, a server's answer or a script's warnings in front of it is that archive."""
    path = write(tmp_path / name, front + BEHIND[name]())

    found = (await read(path)).files

    assert {name.rpartition("/")[2]: data for name, data in found.items()} == FLAT


@pytest.mark.parametrize("method", [0, 8])
async def test_zip_in_an_answer(method: int, tmp_path: Path) -> None:
    """A zip that has the rest of an answer behind it as well is a zip."""
    data = FRONTS[2] + making.simple_zip(FILES, method) + b"\r\n0\r\n\r\n"

    assert (await read(write(tmp_path / "x.zip", data))).files == FILES


async def test_7z_behind_something(tmp_path: Path) -> None:
    """So is a 7z, behind bytes of any kind; one whose start is damaged is none."""
    data = making.seven(tmp_path / "x.7z", FILES).read_bytes()
    (tmp_path / "x.7z").unlink()

    for number, front in enumerate((*FRONTS, bytes(range(256)))):
        path = write(tmp_path / f"{number}.7z", front + data)
        assert (await read(path)).files == FILES
    damaged = b"\xef\xbb\xbf" + data[:12] + b"\0\0\0\0" + data[16:]

    assert recognise(write(tmp_path / "z.7z", damaged)) is None


@pytest.mark.parametrize("name", ["Asterix 1.cbz", "Asterix 2.CBR", "Asterix 3.cbt"])
async def test_comics_are_archives_of_pictures(name: str, tmp_path: Path) -> None:
    """A comic is an archive like any other: its pages come out."""
    made = {
        "z": making.simple_zip(FILES),
        "r": rar_making.rar5(RARED)[0],
        "t": making.tarred(FILES),
    }
    path = write(tmp_path / name, made[name[-1].lower()])

    found = (await read(path)).files

    assert {name.rpartition("/")[2]: data for name, data in found.items()} == FLAT
