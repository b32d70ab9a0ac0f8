"""Passwords: tried in order, never shown, and a sentence where none fits."""

from __future__ import annotations

import shutil
import unicodedata
from typing import TYPE_CHECKING

import pytest

from telespool.archives import Engine, passwords
from telespool.config.schema import ArchiveSettings
from telespool.errors import Permanent
from tests.archives import making, rar_making
from tests.archives.reading import read, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = making.photos()
SECRET = "a b $`'\"%~\\"  # what a shell would spoil
UNICODE = "Übergröße 密码"  # what a wrong locale would spoil; 7-Zip makes no zips with such ones
KINDS = {
    "crypto.zip": ("-mem=ZipCrypto",),
    "aes.zip": ("-mem=AES256",),
    "aes128-stored.zip": ("-mem=AES128", "-mx0"),
    "content.7z": ("-mhe=off",),
    "blocks.7z": ("-mhe=off", "-ms=off"),
    "names.7z": ("-mhe=on",),
}


def _make(name: str, folder: Path, password: str = SECRET) -> Path:
    return making.seven(folder / name, FILES, f"-p{password}", *KINDS[name])


@pytest.mark.parametrize("name", KINDS)
async def test_right_password_among_wrong_ones(name: str, tmp_path: Path) -> None:
    """The one that fits is found wherever it stands in the list."""
    outcome = await read(_make(name, tmp_path), "wrong", "", SECRET, "other")

    assert outcome.files == FILES
    assert not outcome.damage


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("passwords", [(), ("wrong",), ("wrong", "secret")])
async def test_no_password_fits(name: str, passwords: tuple[str, ...], tmp_path: Path) -> None:
    """Without the right one the archive is refused with a sentence that says how to try again."""
    path = _make(name, tmp_path)

    with pytest.raises(Permanent, match=rf"{name} needs a password.*{name}\.password beside it"):
        await read(path, *passwords)


async def test_password_in_any_script(tmp_path: Path) -> None:
    """A password of other letters than English ones opens what it closed."""
    outcome = await read(_make("names.7z", tmp_path, UNICODE), UNICODE)

    assert outcome.files == FILES


async def test_rar_password(tmp_path: Path) -> None:
    """An encrypted RAR 5 opens with its password and not with another."""
    members = [rar_making.Rared(name, data) for name, data in FILES.items()]
    path = write(tmp_path / "x.rar", rar_making.rar5(members, password="secret")[0])

    assert (await read(path, "wrong", "secret")).files == FILES
    with pytest.raises(Permanent, match="needs a password"):
        await read(path, "wrong")


async def test_password_that_is_not_needed(tmp_path: Path) -> None:
    """An archive without a password opens although some are known."""
    path = write(tmp_path / "x.zip", making.simple_zip(FILES))

    assert (await read(path, "secret")).files == FILES


async def test_content_that_looks_like_the_question(tmp_path: Path) -> None:
    """A member that begins with 7-Zip's own question for a password is content like any other."""
    files = {"a.txt": b"\nEnter password:\nhello", "b.txt": b"\nEnter password:\n" * 3}
    path = making.seven(tmp_path / "x.zip", files, "-psecret", "-mem=AES256")

    assert (await read(path, "secret")).files == files


async def test_password_is_never_on_a_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No child that is started has the password among its arguments or in its environment."""
    from telespool.runtime import subprocesses  # noqa: PLC0415

    seen: list[str] = []
    start = subprocesses.start

    async def watched(command, **more):  # type: ignore[no-untyped-def]
        seen.extend([*map(str, command), *map(str, (more.get("env") or {}).values())])
        return await start(command, **more)

    monkeypatch.setattr(subprocesses, "start", watched)
    await read(_make("names.7z", tmp_path), SECRET)

    assert seen
    assert not any(SECRET in word for word in seen)


async def test_a_password_of_several_lines_is_none(tmp_path: Path) -> None:
    """A password that could answer twice is not tried."""
    engine = await Engine.find(ArchiveSettings())

    with pytest.raises(Permanent, match="no password is known"):
        await engine.open(_make("names.7z", tmp_path, "secret"), ["secret\nsecret"])


def _under_two(folder: Path, name: str, *switches: str) -> Path:
    """An archive whose members were added one by one, under the passwords one and two in turn."""
    path = folder / name
    for turn, (member, data) in enumerate(FILES.items()):
        making.seven(path, {member: data}, f"-p{('one', 'two')[turn % 2]}", *switches)
        shutil.rmtree(path.with_name(f"{name}.files"))
    return path


@pytest.mark.parametrize("name", ["crypto.zip", "aes.zip", "blocks.7z"])
async def test_two_passwords_in_one_archive(name: str, tmp_path: Path) -> None:
    """Members that were packed with different passwords all come out; what none opens is named."""
    path = _under_two(tmp_path, name, *KINDS[name])

    both = await read(path, "wrong", "two", "one")
    shutil.rmtree(path.with_name(f"{name}.out"))
    single = await read(path, "wrong", "two", "other")

    assert both.files == FILES
    assert not both.damage
    assert list(single.files) == ["DCIM/IMG_2.JPG"]
    assert sorted(single.damage) == ["DCIM/IMG_1.JPG", "DCIM/IMG_3.JPG"]
    assert all("password does not fit" in said for said in single.damage.values())


@pytest.mark.parametrize(
    "page",
    [
        "utf-8",
        "cp437",
        "cp850",
        "cp852",
        "cp1250",
        "cp866",
        "cp1251",
        "cp1252",
        "cp932",
        "cp936",
        "cp949",
    ],
)
async def test_zip_of_another_system(page: str, tmp_path: Path) -> None:
    """A zip that was closed in the letters of an old system opens with the password as people type it."""
    words = {
        "cp866": "пароль",
        "cp1251": "пароль",
        "cp932": "写真",
        "cp936": "照片",
        "cp949": "사진",
    }
    word = words.get(page, "Größe")
    path = write(tmp_path / "x.zip", making.locked_zip(FILES, word.encode(page)))

    for form in ("NFC", "NFD"):
        shutil.rmtree(tmp_path / "x.zip.out", ignore_errors=True)
        assert (await read(path, "wrong", unicodedata.normalize(form, word))).files == FILES


@pytest.mark.parametrize(
    "written",
    [
        "Gehöim\n".encode(),
        b"\xef\xbb\xbfGeh\xc3\xb6im\r\n",
        "\ufeffGehöim\r\n".encode("utf-16-le"),
        "\ufeffGehöim\r\n".encode("utf-16-be"),
        "Gehöim\r\n".encode("utf-16-le"),
        "Gehöim".encode("utf-16-be"),
        "Gehöim \t\n".encode(),
        " Gehöim\r".encode(),
        "Geho\u0308im\n".encode(),
        "wrong\n\nGehöim\n".encode(),
        "Gehöim\n".encode("cp1252"),
        "Gehöim\n".encode("cp850"),
    ],
)
async def test_password_file(written: bytes, tmp_path: Path) -> None:
    """However an editor wrote the password down, the archive opens with it."""
    words = passwords.read(write(tmp_path / "x.password", written))
    sealed = making.seven(tmp_path / "x.7z", FILES, "-pGehöim", "-mhe=on")
    zipped = write(tmp_path / "x.zip", making.locked_zip(FILES, "Gehöim".encode("cp850")))

    assert (await read(sealed, *words)).files == FILES
    assert (await read(zipped, *words)).files == FILES


async def test_blanks_that_belong_to_the_password(tmp_path: Path) -> None:
    """A password may end in a blank; so it is tried with and without."""
    words = passwords.read(write(tmp_path / "x.password", b" in side \n"))
    path = making.seven(tmp_path / "x.7z", FILES, "-p in side ", "-mhe=on")

    assert (await read(path, *words)).files == FILES


@pytest.mark.parametrize("known", [(), ("wrong",)])
async def test_one_locked_member(known: tuple[str, ...], tmp_path: Path) -> None:
    """A member that needs a password costs itself only; the others come out."""
    path = making.seven(tmp_path / "x.zip", {"open.jpg": b"\xff\xd8\xff1"})
    shutil.rmtree(tmp_path / "x.zip.files")
    making.seven(path, {"shut.jpg": b"\xff\xd8\xff2"}, "-psecret")

    outcome = await read(path, *known)

    assert outcome.files == {"open.jpg": b"\xff\xd8\xff1"}
    assert "needs a password" in outcome.damage["shut.jpg"]
