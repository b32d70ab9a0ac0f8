"""Programs that are killed from outside, as the kernel does when memory runs out: the file is not to blame."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import HASTY, assert_delivered, photos
from tests.harness import Home
from tests.material import make_tar, make_zip

if TYPE_CHECKING:
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


def dying(directory: Path, program: str, *, deaths: int, when: str = "") -> Path:
    """A program that is the real one, but kills itself in its first calls (those that mention `when`)."""
    beside = str(Path(sys.executable).parent)
    real = shutil.which(program, path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    path = directory / program
    # It counts by directories: the limits of a child forbid it to write to a file.
    path.write_text(
        f"""#!/bin/sh
case "$*" in
*"{when}"*)
    for death in $(seq {deaths}); do
        mkdir {directory}/{program}.$death 2>/dev/null && kill -9 $$
    done
esac
exec {real} "$@"
"""
    )
    path.chmod(0o755)
    return path


async def test_ffprobe_is_killed(
    telegram: TestTelegram, material: Material, tmp_path: Path
) -> None:
    """A video whose ffprobe was killed twice is looked at again, and sent."""
    program = dying(tmp_path, "ffprobe", deaths=2)
    home = Home.beside(tmp_path, telegram, settings={"convert": {"ffprobe": str(program)}})
    files = photos(material, 3) | {"VID_1.mp4": material.clip("mp4", 1)}
    home.drop(make_zip(tmp_path / "holiday.zip", files), "family")
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


async def test_ffprobe_is_killed_every_time(
    telegram: TestTelegram, material: Material, tmp_path: Path
) -> None:
    """A video with which ffprobe is killed each time ends in quarantine with a note, and the others are sent."""
    program = dying(tmp_path, "ffprobe", deaths=1000, when="VID_2")
    settings = {"convert": {"ffprobe": str(program)}}
    home = Home.beside(tmp_path, telegram, settings=settings)
    files = photos(material, 3) | {"VID_1.mp4": material.clip("mp4", 1)}
    poison = {"VID_2.mp4": material.clip("mp4", 2)}
    home.drop(make_zip(tmp_path / "holiday.zip", files | poison), "family")
    await home.inside(patience=HASTY)
    assert sorted(message.name or "" for message in telegram.messages) == sorted(files)
    ((name, note),) = home.notes().items()
    assert name.endswith("VID_2.mp4")
    assert "killed" in note


@pytest.mark.parametrize("archive", ["holiday.zip", "holiday.tar.gz"])
@pytest.mark.parametrize("verb", ["l", "x"], ids=["listing", "unpacking"])
async def test_7zip_is_killed(
    telegram: TestTelegram, material: Material, tmp_path: Path, archive: str, verb: str
) -> None:
    """An archive whose 7-Zip was killed is not damaged: it is unpacked again, whole."""
    # The first to list an archive that may be one of several volumes is the inbox, the second the intake.
    program = dying(tmp_path, "7zz", deaths=3, when=f"{verb} -")
    home = Home.beside(tmp_path, telegram, settings={"archives": {"command": [str(program)]}})
    files = photos(material, 5)
    make = make_zip if archive.endswith("zip") else make_tar
    home.drop(make(tmp_path / archive, files), "family")
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)
