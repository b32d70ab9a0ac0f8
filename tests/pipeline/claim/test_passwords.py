"""Passwords that are dropped with archives."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.drop_house import SECRET, House, pack, pack_locked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material


@pytest.mark.parametrize("name", ["secret.7z.password", "secret.password"])
async def test_a_password_beside_the_archive(house: House, photos: Path, name: str) -> None:
    """NAME.password opens the archive it was dropped beside."""
    (house.inbox / name).write_text("wrong\nÖffne dich\n")
    pack(house.inbox / "secret.7z", photos, "-pÖffne dich", "-mhe=on")

    await house.work()

    assert len(house.posted()) == 3


def _holds_no_password(house: House) -> bool:
    """Whether the password is in no post, and no file in done/ holds it but an archive that was dropped."""
    places = [house.posts, house.root / "done", house.root / "tmp"]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    files = [path for path in files if not path.name.startswith("0000_")]
    return bool(files) and not any(SECRET.encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    "name", ["set.7z.password", "set.password", "SET.7Z.Password.txt", "set.7z.001.password"]
)
async def test_a_password_beside_volumes(house: House, photos: Path, name: str) -> None:
    """A password goes with a set of volumes, whether it is called like one of them or like all."""
    (house.inbox / name).write_text(SECRET)
    pack_locked(house.inbox / "set.7z", photos, "-v4k")

    await house.work()

    assert len(house.posted()) == 3
    assert list(house.inbox.iterdir()) == []
    assert _holds_no_password(house)


@pytest.mark.parametrize("kind", ["folder", "deep folder", "zip", "beside the folder", "set"])
@pytest.mark.parametrize("others", ["skip", "document"])
async def test_a_password_inside(
    house: House, tmp_path: Path, photos: Path, kind: str, others: str
) -> None:
    """A password opens an archive inside a folder or an archive; it is named, and never posted."""
    drop = tmp_path / "trip"
    inside = drop / "a" if kind == "deep folder" else drop
    inside.mkdir(parents=True)
    pack_locked(inside / "inner.7z", photos, *(["-v4k"] if kind == "set" else []))
    (drop / "inner.7z.password").write_text(SECRET)
    if kind == "zip":
        pack(house.inbox / "trip.zip", drop)
    else:
        if kind == "beside the folder":
            (drop / "inner.7z.password").rename(house.inbox / "trip.password")
        drop.rename(house.inbox / "trip")

    await house.work(f'others = "{others}"\n')

    assert len(house.posted()) == 3
    assert _holds_no_password(house)
    assert (
        "a password, which is never posted"
        in next(house.root.glob("done/*/report.txt")).read_text()
    )


async def test_a_password_is_for_the_archive(
    house: House, photos: Path, material: Material
) -> None:
    """Of a photo and an archive of one name the archive takes the password; one that is for nothing is left."""
    material.named(house.inbox, {"holiday.jpg": material.photo(7)})
    pack_locked(house.inbox / "holiday.7z", photos)
    (house.inbox / "holiday.password").write_text(SECRET)
    (house.inbox / "other.password").write_text("kept")

    await house.work()

    assert len(house.posted()) == 4
    assert [path.name for path in house.inbox.iterdir()] == ["other.password"]


async def test_a_wrong_password_is_told(house: House, photos: Path) -> None:
    """Where no password fits the note says how to try again, and shows none."""
    (house.inbox / "secret.7z.password").write_text("not this one\n")
    pack(house.inbox / "secret.7z", photos, "-popen", "-mhe=on")

    await house.work()

    assert "password" in house.note()
    assert "not this one" not in house.note()


async def _refused_inside(house: House, tmp_path: Path, photos: Path) -> Path:
    """Drop a folder that holds a locked archive; where that lies in quarantine."""
    drop = tmp_path / "trip"
    drop.mkdir()
    pack_locked(drop / "inner.7z", photos)
    drop.rename(house.inbox / "trip")
    await house.work()
    (refused,) = house.root.glob("quarantine/*/0*_inner.7z")
    return refused


@pytest.mark.parametrize("how", ["--password-file", "beside", "inner.7z.password"])
async def test_a_locked_archive_from_a_drop_is_dropped_again(
    house: House, tmp_path: Path, photos: Path, how: str
) -> None:
    """`retry` puts it into the inbox with its password, typed or beside it under either name; it is never posted."""
    refused = await _refused_inside(house, tmp_path, photos)
    secret = tmp_path / "given"
    if how != "--password-file":
        secret = refused.with_name(f"{refused.name}.password" if how == "beside" else how)
    secret.write_text(SECRET)
    config = tmp_path / "config.toml"
    config.write_text(f'[spool]\nroot = "{house.root}"\nreserve = 0\n')
    words = [how, str(secret)] if how == "--password-file" else []
    command = [sys.executable, "-m", "telespool.cli.main", "retry", "-c", str(config)]
    await asyncio.to_thread(
        subprocess.run, [*command, refused.parent.name, *words], check=True, timeout=60
    )

    await house.work()

    assert len(house.posted()) == 3
    assert _holds_no_password(house)
    assert not [*house.root.glob("quarantine/*/*"), *house.posts.rglob("*.7z")]


async def test_an_archive_in_uploading_is_not_posted(
    house: House, tmp_path: Path, photos: Path
) -> None:
    """Whoever moves it there, or its password, is told; neither gets into a chat."""
    refused = await _refused_inside(house, tmp_path, photos)
    there = house.root / "uploading" / refused.parent.name
    there.mkdir(parents=True, exist_ok=True)
    (there / f"{refused.name}.password").write_text(SECRET)
    refused.rename(there / refused.name)

    await house.work('others = "document"\n')

    assert not [*house.posts.rglob("*inner*")]
    notes = sorted(note.read_text() for note in house.root.glob("quarantine/*/*.txt"))
    assert any("passwords are never sent" in note for note in notes)
    assert any("with --as-document it is sent as it is" in note for note in notes)
