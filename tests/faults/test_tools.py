"""Programs that break while the daemon runs, by turns: no file is blamed, nobody else waits, and all goes on by itself."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.config.loader import load
from telespool.observe.job_history import JobHistory
from telespool.observe.status import Status
from telespool.observe.status_text import lines
from telespool.spool.layout import WORKING, SpoolLayout
from telespool.spool.names import Unit
from tests.faults.process import process
from tests.harness import eventually
from tests.material import make_zip

if TYPE_CHECKING:
    from tests.faults.process import Process
    from tests.material import Material

pytestmark = pytest.mark.media

BREAKAGES: dict[str, str | None] = {
    "missing": None,
    "library": 'echo "error while loading shared libraries: libfoo.so.5: no such file" >&2; exit 127',
    "signal": "kill -SEGV $$",
    "memory": 'echo "Cannot allocate memory" >&2; exit 1',
    "killed": "kill -KILL $$",
    "silent": "exit 0",
}
SETTINGS = {
    "ffmpeg": 'convert = {{ ffmpeg = "{path}" }}',
    "ffprobe": 'convert = {{ ffprobe = "{path}" }}',
    "7zz": 'archives = {{ command = ["{path}"] }}',
}


def stands_for(path: Path, name: str) -> None:
    """A script that is the real program."""
    beside = str(Path(sys.executable).parent)
    real = shutil.which(name, path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    script(path, f'exec "{real}" "$@"')


def script(path: Path, text: str) -> None:
    """A program of our own, complete at once: it may be started while it is written."""
    making = path.with_suffix(".new")
    making.write_text(f"#!/bin/sh\n{text}\n")
    making.chmod(0o755)
    making.rename(path)


def status(house: Process) -> str:
    """What a person is shown."""
    return "\n".join(lines(Status.of(SpoolLayout(house.root))))


def explained(house: Process) -> str:
    """The histories of all jobs, as `telespool explain` tells them."""
    layout = SpoolLayout(house.root)
    config = load(house.root.with_name("config.toml"))
    jobs = {job for folder in WORKING for job in layout.jobs(folder)}
    return "\n".join(line for job in jobs for line in JobHistory.of(layout, config, job).lines())


@pytest.mark.parametrize(
    ("name", "shown"), [("ffmpeg", "ffmpeg"), ("ffprobe", "ffprobe"), ("7zz", "7-Zip")]
)
async def test_breaks_by_turns(name: str, shown: str, tmp_path: Path, material: Material) -> None:
    """It breaks in every way we know: what needs it waits and is told, a photo passes, and all arrives in the end."""
    path = tmp_path / name
    stands_for(path, name)
    with process(tmp_path, more=SETTINGS[name].format(path=path)) as house:
        await eventually(house.inbox.is_dir)
        arrived = 0
        for turn, text in enumerate(BREAKAGES.values()):
            if text is None:
                path.unlink()
            else:
                script(path, text)
            drop = _needs(name, house, tmp_path, material, turn)
            await eventually(lambda: "does not work" in status(house))
            said = status(house)
            await eventually(lambda: shown in explained(house))
            assert not _tried_again(house), "an attempt was counted"
            shutil.copyfile(material.photo(100 + turn), house.inbox / f"photo {turn}.jpg")
            await eventually(lambda: len(house.posts) == arrived + 1)  # noqa: B023 - awaited in this turn
            assert shown in said
            stands_for(path, name)
            await eventually(lambda: len(house.posts) == arrived + 1 + drop)  # noqa: B023 - the same
            arrived += 1 + drop
        await eventually(lambda: "does not work" not in status(house))

    assert list((house.root / "quarantine").iterdir()) == []


def _tried_again(house: Process) -> list[str]:
    """The units that bear the mark of a second attempt."""
    names = [path.name for folder in WORKING for path in (house.root / folder).rglob("*")]
    units = [(name, Unit.parse(name)) for name in names]
    return [name for name, unit in units if unit is not None and unit.attempt > 1]


def _needs(name: str, house: Process, tmp_path: Path, material: Material, turn: int) -> int:
    """Drop what needs this program; how many files are to arrive."""
    if name == "7zz":
        files = {f"{turn}-{n}.jpg": material.photo(10 * turn + n) for n in range(3)}
        made = make_zip(tmp_path / f"holiday {turn}.zip", files)
        made.rename(house.inbox / made.name)
        return 3
    film = material.clip("mkv", turn) if name == "ffmpeg" else material.clip("mp4", turn)
    shutil.copyfile(film, house.inbox / f"film {turn}{film.suffix}")
    return 1


ENCODER = "h264_of_the_house"
TOOLS = {"ffmpeg": "ffmpeg", "ffprobe": "ffprobe", "7zz": "7-Zip", ENCODER: f"encoder {ENCODER}"}


async def test_all_break_by_turns_under_a_stream(tmp_path: Path, material: Material) -> None:
    """One run in which each tool is missing, broken and out of memory by turns: nothing is blamed, all arrives."""
    for name in ("ffprobe", "7zz"):
        stands_for(tmp_path / name, name)
    _ffmpeg(tmp_path / "ffmpeg", "")
    tools = (
        f'convert = {{ ffmpeg = "{tmp_path}/ffmpeg", ffprobe = "{tmp_path}/ffprobe", encoder = "{ENCODER}" }}\n'
        f'archives = {{ command = ["{tmp_path}/7zz"] }}\n'
    )
    expected = 0
    with process(tmp_path, more=tools) as house:
        await eventually(house.inbox.is_dir)
        for breakage in ("missing", "library", "memory"):
            for name, shown in TOOLS.items():
                await eventually(lambda: f"{shown} does not work" not in status(house))  # noqa: B023 - awaited in this turn
                _break(tmp_path, name, BREAKAGES[breakage])
                expected += _stream(house, tmp_path, material, expected)
                await eventually(lambda: f"{shown} does not work" in status(house))  # noqa: B023 - the same
                assert not _tried_again(house), "an attempt was counted"
                assert list((house.root / "quarantine").iterdir()) == []
                _ffmpeg(tmp_path / "ffmpeg", "")
                for each in ("ffprobe", "7zz"):
                    stands_for(tmp_path / each, each)
        await eventually(lambda: len(house.posts) == expected)

    assert list((house.root / "quarantine").iterdir()) == []


def _ffmpeg(path: Path, of_encoder: str) -> None:
    """A script that is the real ffmpeg with an encoder more, which works unless something happens in its place."""
    beside = str(Path(sys.executable).parent)
    real = shutil.which("ffmpeg", path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    script(
        path,
        f'for each in "$@"; do shift; if [ "$each" = {ENCODER} ]; then {of_encoder or ":"}; each=libx264; fi;'
        f' set -- "$@" "$each"; done; exec "{real}" "$@"',
    )


def _break(folder: Path, name: str, text: str | None) -> None:
    """Break one of the tools; None: it is missing."""
    if name == ENCODER:
        _ffmpeg(folder / "ffmpeg", text or 'echo "Unknown encoder" >&2; exit 1')
    elif text is None:
        (folder / name).unlink()
    else:
        script(folder / name, text)


def _stream(house: Process, folder: Path, material: Material, number: int) -> int:
    """Drop a photo, an archive and a film to be converted; how many files are to arrive."""
    shutil.copyfile(material.photo(number), house.inbox / f"photo {number}.jpg")
    made = make_zip(folder / f"trip {number}.zip", {"a.jpg": material.photo(number + 1)})
    made.rename(house.inbox / made.name)
    film = material.clip("avi", number)
    shutil.copyfile(film, house.inbox / f"film {number}{film.suffix}")
    return 3
