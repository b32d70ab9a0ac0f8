"""Damaged archives: every good member comes out, and every bad one is named with what is wrong with it."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import tarfile
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import ArchiveSettings, Bytes
from telespool.errors import Permanent
from tests.archives import making, rar_making
from tests.archives.reading import read, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = {f"IMG_{n}.JPG": making.noise(50_000, str(n)) for n in range(1, 6)}
TEXT = {f"{n}.txt": b"".join(b"%d and %d\n" % (n, k) for k in range(8000)) for n in range(1, 6)}
RARED = [rar_making.Rared(name, data) for name, data in FILES.items()]


def _spoiled(archive: bytes, content: bytes, at: int = 20_000, length: int = 64) -> bytes:
    """The archive with some bytes of a stored content turned over."""
    place = archive.index(content[:1000]) + at
    turned = bytes(byte ^ 0xFF for byte in archive[place : place + length])
    return archive[:place] + turned + archive[place + length :]


@pytest.mark.parametrize(
    ("name", "archive"),
    [
        ("x.zip", making.simple_zip(FILES)),
        ("4.rar", rar_making.rar4(RARED)[0]),
        ("5.rar", rar_making.rar5(RARED)[0]),
    ],
)
async def test_turned_bits(name: str, archive: bytes, tmp_path: Path) -> None:
    """A member whose bytes were changed is named; the others come out."""
    path = write(tmp_path / name, _spoiled(archive, FILES["IMG_3.JPG"]))

    outcome = await read(path)

    assert outcome.files == {n: d for n, d in FILES.items() if n != "IMG_3.JPG"}
    assert list(outcome.damage) == ["IMG_3.JPG"]
    assert "checksum differs" in outcome.damage["IMG_3.JPG"]


@pytest.mark.parametrize("bad", [1, 3, 5])
async def test_packed_bytes_damaged(bad: int, tmp_path: Path) -> None:
    """A member that cannot be unpacked to its end, whatever 7-Zip wrote of it, costs no other."""
    members = [making.Zipped(name.encode(), data, 8) for name, data in TEXT.items()]
    packed = members[bad - 1].pack()
    for length in (40, len(packed) // 2, len(packed) - 100):
        members[bad - 1].packed = packed[:length] + b"\xff" * (len(packed) - length)
        path = write(tmp_path / f"{length}.zip", making.zipped(members))

        outcome = await read(path)

        assert outcome.files == {n: d for n, d in TEXT.items() if n != f"{bad}.txt"}
        assert list(outcome.damage) == [f"{bad}.txt"]


async def test_several_damaged_members(tmp_path: Path) -> None:
    """Two bad neighbours and a bad last one leave the others whole."""
    members = [making.Zipped(name.encode(), data, 8) for name, data in TEXT.items()]
    for bad in (1, 2, 4):
        packed = members[bad].pack()
        members[bad].packed = packed[:300] + bytes(len(packed) - 300)

    outcome = await read(write(tmp_path / "x.zip", making.zipped(members)))

    assert list(outcome.files) == ["1.txt", "4.txt"]
    assert list(outcome.damage) == ["2.txt", "3.txt", "5.txt"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    "name", ["x.zip", "4.rar", "5.rar", "x.tar", "x.tar.gz", "x.tar.xz", "x.tar.lz", "x.cpio"]
)
async def test_broken_off(name: str, share: float, tmp_path: Path) -> None:
    """Of an archive that is broken off, what lies whole before the break comes out, and it says so."""
    archive = {
        "x.zip": lambda: making.simple_zip(FILES),
        "4.rar": lambda: rar_making.rar4(RARED)[0],
        "5.rar": lambda: rar_making.rar5(RARED)[0],
        "x.tar": lambda: making.tarred(FILES),
        "x.tar.gz": lambda: gzip.compress(making.tarred(FILES)),
        "x.tar.xz": lambda: lzma.compress(making.tarred(FILES)),
        "x.tar.lz": lambda: making.lzipped(making.tarred(FILES)),
        "x.cpio": lambda: making.cpio(FILES),
    }[name]()
    path = write(tmp_path / name, archive[: int(len(archive) * share)])
    whole = int(5 * share - 0.01) if name != "x.tar.xz" else 0

    outcome = await read(path)

    assert outcome.files.items() <= FILES.items()
    assert len(outcome.files) >= whole
    assert (
        outcome.damage or outcome.archive.damage or (name, share) == ("x.tar", 0.99)
    )  # its padding


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
async def test_broken_off_seven_zip(share: float, tmp_path: Path) -> None:
    """A 7z keeps its table of contents at its end: broken off it is refused, and the sentence says why."""
    path = making.seven(tmp_path / "x.7z", FILES)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    with pytest.raises(Permanent, match=r"x\.7z cannot be unpacked: it is broken off"):
        await read(path)


async def test_tail_of_zeros(tmp_path: Path) -> None:
    """A download that was never finished, its room already taken, is not taken for whole."""
    for name, archive in {
        "x.zip": making.simple_zip(FILES),
        "x.rar": rar_making.rar5(RARED)[0],
    }.items():
        cut = len(archive) * 6 // 10
        outcome = await read(write(tmp_path / name, archive[:cut] + bytes(len(archive) - cut)))

        assert outcome.files.items() <= FILES.items()
        assert outcome.damage or outcome.archive.damage


async def test_solid_damage(tmp_path: Path) -> None:
    """In a solid archive what lies before the damage comes out; the rest is named, member by member."""
    path = making.seven(tmp_path / "x.7z", TEXT, "-mx5")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8] = bytes(8)
    path.write_bytes(data)

    outcome = await read(path)

    assert outcome.files.items() <= TEXT.items()
    assert outcome.damage
    assert len(outcome.files) + len(outcome.damage) == len(TEXT)


async def test_bytes_behind_the_end(tmp_path: Path) -> None:
    """What somebody appended to an archive is no reason to refuse it."""
    archives = {
        "x.zip": making.simple_zip(FILES),
        "x.rar": rar_making.rar5(RARED)[0],
        "x.tar": making.tarred(FILES),
        "x.tar.gz": gzip.compress(making.tarred(FILES)),
    }
    for name, archive in archives.items():
        outcome = await read(write(tmp_path / name, archive + b"trailing " * 500))

        assert outcome.files == FILES
        assert not outcome.damage
        assert outcome.archive.damage is None


async def test_method_nobody_knows(tmp_path: Path) -> None:
    """A member packed in an unknown way is named; the others come out."""
    members = [making.Zipped(name.encode(), data) for name, data in FILES.items()]
    members[1].method = 77

    outcome = await read(write(tmp_path / "x.zip", making.zipped(members)))

    assert len(outcome.files) == 4
    assert outcome.damage == {"IMG_2.JPG": "it is packed in a way this 7-Zip does not know"}


async def test_sizes_that_lie(tmp_path: Path) -> None:
    """A member that is longer or shorter than listed is damaged; its neighbours are not."""
    for lie in (-40_000, -1, 1, 100_000):
        members = [making.Zipped(name.encode(), data, 8) for name, data in TEXT.items()]
        members[2].size = len(members[2].data) + lie

        outcome = await read(write(tmp_path / f"{lie}.zip", making.zipped(members)))

        assert outcome.files.items() <= TEXT.items()
        assert "3.txt" in outcome.damage
        assert set(TEXT) - set(outcome.files) == {"3.txt"}


async def test_content_that_imitates_the_log(tmp_path: Path) -> None:
    """A member that contains what 7-Zip says of members comes out as it is."""
    lines = b"- c.txt\n- b.txt\nERROR: Data Error : b.txt\n- c.txt\nEverything is Ok\n"
    files = {"a.txt": lines, "b.txt": b"log:\n" + lines[:-1], "c.txt": lines * 3, "d.txt": b"\n"}

    for method in (0, 93):
        outcome = await read(write(tmp_path / f"{method}.zip", making.simple_zip(files, method)))

        assert outcome.files.keys() >= {"a.txt", "d.txt"} if method else files.keys()
        assert all(outcome.files[name] == files[name] for name in outcome.files)


@pytest.mark.parametrize("name", ["x.7z", "4.rar", "5.rar", "x.zip"])
async def test_header_damage_is_a_sentence(name: str, tmp_path: Path) -> None:
    """Damage in the headers is refused or told, never passed over."""
    archive = {
        "x.7z": lambda: making.seven(tmp_path / "source.7z", FILES).read_bytes(),
        "4.rar": lambda: rar_making.rar4(RARED)[0],
        "5.rar": lambda: rar_making.rar5(RARED)[0],
        "x.zip": lambda: making.simple_zip(FILES),
    }[name]()
    spoiled = archive[:9] + bytes([archive[9] ^ 0x55]) + archive[10:]
    path = write(tmp_path / name, spoiled)

    with contextlib.suppress(Permanent):
        outcome = await read(path)

        assert outcome.files.items() <= FILES.items()


async def test_stored_zip_with_lying_local_headers(tmp_path: Path) -> None:
    """A zip copied straight out of its file trusts no offset: what is not there is damaged, its neighbours are not."""
    members = [making.Zipped(name.encode(), data) for name, data in FILES.items()]
    honest = making.zipped(members)
    entry = honest.index(b"PK\x01\x02", honest.index(b"PK\x01\x02") + 1)
    for offset in (7, len(honest) + 1000, 0xFFFFFFF0):
        lying = honest[: entry + 42] + offset.to_bytes(4, "little") + honest[entry + 46 :]

        outcome = await read(write(tmp_path / f"{offset}.zip", lying))

        assert outcome.files.items() <= FILES.items()
        assert set(FILES) - set(outcome.files) <= {"IMG_2.JPG"}


async def test_stored_zip_behind_a_program(tmp_path: Path) -> None:
    """Offsets are counted from where the archive begins, also when something stands in front of it."""
    members = [making.Zipped(name.encode(), data) for name, data in FILES.items()]
    for name, archive in {
        "counted": making.zipped(members, prefix=b"MZ" + bytes(9998)),
        "not counted": b"MZ" + bytes(9998) + making.zipped(members),
    }.items():
        outcome = await read(write(tmp_path / name, archive))

        assert outcome.files == FILES
        assert outcome.archive.damage is None


@pytest.mark.parametrize("cut", [10, 3000, 19_000])
async def test_streamed_zip_that_broke_off(cut: int, tmp_path: Path) -> None:
    """Of a zip that says sizes only behind its members, and breaks off, the whole members come out."""
    files = making.photos(3)
    members = [making.Zipped(n.encode(), d, 8, descriptor=True) for n, d in files.items()]
    whole = making.zipped(members)
    last = list(files)[-1]
    path = write(tmp_path / "x.zip", whole[: whole.index(last.encode()) + len(last) + cut])

    outcome = await read(path)

    assert outcome.files == {name: data for name, data in files.items() if name != last}
    assert list(outcome.damage) == [last]
    assert outcome.archive.damage


@pytest.mark.parametrize("kind", ["zip", "packed.zip", "tar", "tar.gz", "7z", "rar"])
async def test_member_that_is_too_large(kind: str, tmp_path: Path) -> None:
    """A member above the limit costs no other; the sentence says what to do."""
    files = {
        "a.jpg": making.noise(9_000, "a"),
        "film.mp4": making.noise(90_000),
        "b.jpg": b"\xff\xd8\xffb",
    }
    path = tmp_path / f"x.{kind}"
    if kind == "7z":
        making.seven(path, files)
    else:
        made = {
            "zip": lambda: making.simple_zip(files),
            "packed.zip": lambda: making.simple_zip(files, 8),
            "tar": lambda: making.tarred(files),
            "tar.gz": lambda: gzip.compress(making.tarred(files)),
            "rar": lambda: rar_making.rar5([rar_making.Rared(n, d) for n, d in files.items()])[0],
        }
        write(path, made[kind]())

    outcome = await read(path, settings=ArchiveSettings(max_member=Bytes(50_000)))

    assert outcome.files == {name: files[name] for name in ("a.jpg", "b.jpg")}
    assert "larger than a file in an archive may be" in outcome.damage["film.mp4"]


@pytest.mark.parametrize("ending", ["zip", "tar"])
async def test_the_place_of_a_break_is_named_as_people_named_it(
    ending: str, tmp_path: Path
) -> None:
    """Names of an old code page are put right in what is said of the archive as a whole too."""
    files = {f"Фото из отпуска {n}.jpg": making.noise(3000, str(n)) for n in range(5)}
    members = [making.Zipped(name.encode("cp866"), data) for name, data in files.items()]
    if ending == "zip":
        data = making.zipped(members)
    else:
        data = _tar({name.encode("cp1251"): data for name, data in files.items()})
    path = write(tmp_path / f"x.{ending}", data[: len(data) * 3 // 5])

    outcome = await read(path)

    assert "Фото из отпуска" in (outcome.archive.damage or "")


def _tar(files: dict[bytes, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", encoding="cp1251", format=tarfile.GNU_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name.decode("cp1251"))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
