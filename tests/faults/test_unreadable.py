"""Files that the daemon may not read, for real: they wait by themselves, with a sentence, and go when they can be read."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from telespool.spool.layout import WORKING
from tests.faults.process import powerless, process
from tests.harness import eventually
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material

pytestmark = pytest.mark.media
JOBS = [job_name("default_holiday", ago=60 - n) for n in range(3)]


@pytest.mark.parametrize(
    "place",
    [
        "incoming/JOB/0000_a.jpg",
        "uploading/JOB/0001_a.jpg",
        "uploading/JOB/0001-0002_album/0001_a.jpg",
        "deferred/JOB/0001_a.mkv",
    ],
)
async def test_holds_nobody_up(place: str, tmp_path: Path, material: Material) -> None:
    """One file may not be read, wherever it lies: those behind it go on, and it follows when it may be."""
    before = powerless()
    film = place.endswith(".mkv")
    locked = tmp_path / "spool" / place.replace("JOB", JOBS[0])
    others = [tmp_path / "spool" / place.replace("JOB", job) for job in JOBS[1:]]
    if "album" in place:
        others = [locked.with_name("0002_b.jpg"), *others[:1]]
    for n, path in enumerate((locked, *others)):
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(material.clip("mkv", n) if film else material.photo(n), path)
    locked.chmod(0)
    with process(tmp_path, *before) as house:
        await eventually(lambda: len(house.posts) == 2)
        said = [line["reason"] for line in house.said if line["event"] == "wait.started"]
        # It waits by itself: the disk is not to blame, and no worker stands still.
        blamed = [line for line in house.said if line["event"] == "disk.failed"]
        for path in (tmp_path / "spool").rglob("*_a.*"):
            path.chmod(0o600)
        await eventually(lambda: len(house.posts) == 3)

    assert any("cannot be read (Permission denied). Make it readable" in reason for reason in said)
    assert blamed == []
    assert list((tmp_path / "spool" / "quarantine").iterdir()) == []


async def test_locked_folders_of_jobs_hold_nobody_up(tmp_path: Path, material: Material) -> None:
    """Folders that root made, in each place, and one that somebody dropped: the service starts, others go on, they follow."""
    before = powerless()
    locked = {}
    for n, folder in enumerate((*WORKING, "done", "quarantine", "inbox")):
        name = {"incoming": "0000_a.jpg", "converting": "0001_a.mkv"}.get(folder, "0001_a.jpg")
        job = "default" if folder == "inbox" else job_name(f"default_{folder}", ago=60 - n)
        locked[folder] = tmp_path / "spool" / folder / job / name
        shutil.copy(
            material.clip("mkv", n) if name.endswith("mkv") else material.photo(n),
            laid(locked[folder]),
        )
    free = laid(tmp_path / "spool" / "uploading" / job_name("default_free") / "0001_free.jpg")
    shutil.copy(material.photo(9), free)
    for path in locked.values():
        path.parent.chmod(0)
    with process(tmp_path, *before) as house:
        await eventually(lambda: [path.name for path in house.posts] == ["free.jpg"])
        waits = [line["job"] for line in house.said if line["event"] == "job.locked"]
        for path in locked.values():
            path.parent.chmod(0o700)
        await eventually(lambda: len(house.posts) == 6)  # what lay in done/ and quarantine/ stays
        said = house.said

    assert {job.rpartition("_")[2] for job in waits} == {*WORKING, "done", "quarantine"}
    assert len(waits) == len(set(waits))
    [reason] = [
        line["reason"]
        for line in said
        if line.get("job", "").endswith("_uploading") and line["event"] == "job.locked"
    ]
    assert f"{locked['uploading'].parent} may not be written by" in reason
    assert not [line for line in said if line["event"] in {"disk.failed", "worker.failed"}]
    assert locked["done"].exists()
    assert locked["quarantine"].exists()


def laid(path: Path) -> Path:
    """The path, in a folder that is there."""
    path.parent.mkdir(parents=True)
    return path
