"""How often the programs of others are started for one file: a verdict is made once, and handed on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from tests.harness import ROOT
from tests.patience import longest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material

_SETTINGS = """\
destination = "folder"
spool = {{ root = "{root}", reserve = "0 B" }}
inbox = {{ settle = "0s" }}
convert = {{ preset = "ultrafast", nice = 0 }}
send = {{ retry_min = "1s", retry_max = "1s" }}
chats = {{ default = "me" }}
"""


def counting(folder: Path, *names: str) -> dict[str, Path]:
    """Programs of these names that write down what they are asked for, and then do it."""
    folder.mkdir()
    asked = {}
    for name in names:
        asked[name] = folder / f"{name}.asked"
        asked[name].touch()
        program = folder / name
        program.write_text(
            f'#!/bin/sh\necho "$*" >>"{asked[name]}"\nexec "{shutil.which(name)}" "$@"\n'
        )
        program.chmod(0o755)
    return asked


def test_one_photo_in_a_zip_and_one_bad_film(tmp_path: Path, material: Material) -> None:
    """The zip is listed once at most, and ffprobe is started three times at most for a film that cannot be sent."""
    asked = counting(tmp_path / "bin", "7zz", "ffprobe")
    inbox = tmp_path / "spool" / "inbox"
    inbox.mkdir(parents=True)
    (tmp_path / "config.toml").write_text(_SETTINGS.format(root=tmp_path / "spool"))
    with zipfile.ZipFile(inbox / "holiday.zip", "w") as archive:
        archive.write(material.photo(1), "beach.jpg")
    film = bytearray(material.clip("avi").read_bytes())
    frames = film.index(b"movi") + 4
    film[frames + 64 :] = bytes(len(film) - frames - 64)
    (inbox / "hollow.avi").write_bytes(film)
    command = [sys.executable, "-m", "telespool.cli.main", "run", "--until-idle", "-c"]
    done = subprocess.run(
        [*command, tmp_path / "config.toml"],
        capture_output=True,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
        text=True,
        timeout=longest(60),
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert len([*(tmp_path / "spool-posts").rglob("beach.jpg")]) == 1
    assert len([*(tmp_path / "spool" / "quarantine").rglob("*_hollow.avi.txt")]) == 1
    listings = [line for line in asked["7zz"].read_text().splitlines() if "holiday.zip" in line]
    assert len([line for line in listings if line.startswith("l ")]) <= 1, listings
    probes = [line for line in asked["ffprobe"].read_text().splitlines() if "hollow.avi" in line]
    assert 1 <= len(probes) <= 3, probes
