"""People move, delete and touch things while the daemon runs."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from telespool.spool.layout import FOLDERS, WORKING
from telespool.spool.lock import Lock
from tests.crash.chat import FORBIDDEN, LATER
from tests.crash.media import film, photo, video
from tests.crash.scenes import Scene, tar
from tests.crash.stage import Play
from tests.faults.house import config, running
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path

JOB = job_name()


@pytest.mark.usefixtures("converting")
@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(FOLDERS, 2)))
def test_units_are_moved_between_any_two_folders(source: str, target: str, place: Path) -> None:
    """What lies in one folder is moved to another in mid-work: it never stops, nothing is twice or left behind."""
    members = {f"{n}.jpg": photo(str(n).encode()) for n in range(3)}
    members |= {"a.avi": film(b"a"), "b.mp4": video(b"b"), "c.mp4": video(FORBIDDEN)}
    fates = {name: (data, "sent") for name, data in members.items()}
    play = Play(Scene("people", {"family/x.tar": tar(members)}, fates), place)  # type: ignore[arg-type]
    root, moved = play.machine.root, 0

    def move() -> bool:
        nonlocal moved
        before = moved
        for path in sorted((root / source).glob("[0-9]*/[0-9]*")):
            there = root / target / path.parent.name / path.name
            if moved < 3 and not there.exists():
                there.parent.mkdir(exist_ok=True)
                path.rename(there)
                moved += 1
        return moved > before

    play.machine.after_round = move
    play.run()

    contents = [message.data for message in play.machine.chat.messages]
    assert len(contents) == len(set(contents))
    assert moved or source == "converting"  # there hardly anything is between two rounds
    left = [entry for folder in WORKING for entry in (root / folder).glob("*/[0-9]*")]
    assert left == []


@pytest.mark.usefixtures("converting")
@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(FOLDERS, 2)))
def test_jobs_are_moved_between_any_two_folders(source: str, target: str, place: Path) -> None:
    """A whole job is moved from one folder to another: nothing is lost, twice, or left in a working folder."""
    members = {f"{n}.jpg": photo(str(n).encode()) for n in range(3)}
    members |= {"a.avi": film(b"a"), "b.mp4": video(b"b"), "c.mp4": video(FORBIDDEN)}
    drops = {"family/x.tar": tar(members), "y.mp4": video(b"y"), "z.avi": film(b"z")}
    play = Play(Scene("people", drops), place)  # type: ignore[arg-type]
    root, moved = play.machine.root, 0

    def move() -> bool:
        nonlocal moved
        before = moved
        for path in sorted((root / source).glob("[0-9]*_*")):
            if moved < 3 and not (root / target / path.name).exists():
                path.rename(root / target / path.name)
                moved += 1
        return moved > before

    play.machine.after_round = move
    play.run()

    contents = [message.data for message in play.machine.chat.messages]
    assert len(contents) == len(set(contents))
    # Jobs hardly ever lie in these alone between two rounds, and in done/ they are already.
    assert moved or source in {"converting", "deferred"} or target == "done"
    left = [entry for folder in WORKING for entry in (root / folder).glob("*/[0-9]*")]
    assert left == []
    stored = b"\0".join(p.read_bytes() for p in root.rglob("*") if p.is_file())
    wanted = {*members.values(), video(b"y"), film(b"z")}
    assert [data for data in wanted if data not in stored and data not in contents] == []


@pytest.mark.usefixtures("converting")
@pytest.mark.parametrize("folder", [*FOLDERS, "tmp"])
def test_a_folder_is_deleted_with_all_that_is_in_it(folder: str, place: Path) -> None:
    """A person deletes a folder of the spool in the middle: it goes on, with what is left."""
    members = {f"{n}.jpg": photo(str(n).encode()) for n in range(3)} | {"a.avi": film(b"a")}
    play = Play(Scene("people", {"x.tar": tar(members), "y.jpg": photo(b"y")}), place)
    rounds = 0

    def delete() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            shutil.rmtree(play.machine.root / folder)
        if rounds == 4:
            (play.machine.inbox / "late.jpg").write_bytes(photo(b"late"))

    play.machine.after_round = delete
    play.run()

    assert photo(b"late") in [message.data for message in play.machine.chat.messages]


@pytest.mark.usefixtures("fast_media")
async def test_touching_what_waits_sends_it_now(root: Path) -> None:
    """A unit that waits for an hour goes at once when a person touches it."""
    async with running(config(root)) as house:

        async def sends(name: str) -> None:
            """Let it take, send and file another photo, so that it has looked at everything meanwhile."""
            (root / "inbox" / name).write_bytes(photo(name.encode()))
            await house.until(lambda: photo(name.encode()) in house.arrived)
            await house.until(lambda: any(name in path for path in house.lying("done")))

        await sends("before.jpg")  # what lies there at the start goes at once
        waiting = root / "deferred" / JOB / "0001@1_a.jpg"
        made = root / "tmp" / "a.jpg"
        made.write_bytes(photo(b"a"))
        os.utime(made, (time.time() + 3600, time.time() + 3600))
        waiting.parent.mkdir(parents=True)
        made.rename(waiting)
        await sends("meanwhile.jpg")
        assert waiting.exists()
        os.utime(waiting)
        await house.until(lambda: photo(b"a") in house.arrived and house.idle)


@pytest.mark.usefixtures("fast_media")
async def test_moving_out_of_quarantine_tries_again(root: Path) -> None:
    """What lies in quarantine is sent when a person moves it to uploading/, and its note goes at the next start."""
    async with running(config(root)) as house:
        (root / "inbox" / "a.mp4").write_bytes(video(b"a" + FORBIDDEN))
        await house.until(lambda: house.lying("quarantine"))
        await house.until(lambda: house.idle)
        job = next((root / "quarantine").iterdir())
        better = root / "inbox" / ".better"
        better.write_bytes(video(b"a, mended"))
        better.rename(job / "0001_a.mp4")
        (root / "uploading" / job.name).mkdir(exist_ok=True)
        (job / "0001_a.mp4").rename(root / "uploading" / job.name / "0001_a.mp4")
        await house.until(lambda: house.arrived and house.idle)
    async with running(config(root), house.chat):
        pass

    assert house.arrived == [video(b"a, mended")]
    assert house.lying("quarantine") == []


@pytest.mark.usefixtures("fast_media")
async def test_an_album_that_waits_without_a_mark_goes_on(root: Path) -> None:
    """An album that a person moved to deferred/ comes back: it can only be sent."""
    album = root / "deferred" / JOB / "0001-0002_album"
    album.mkdir(parents=True)
    (album / "0001_a.jpg").write_bytes(photo(b"a"))
    (album / "0002_b.jpg").write_bytes(photo(b"b"))
    async with running(config(root)) as house:
        await house.until(lambda: len(house.arrived) == 2 and house.idle)

    assert len(house.arrived) == 2


@pytest.mark.usefixtures("fast_media")
async def test_a_receipt_moved_back_is_not_sent_again(root: Path) -> None:
    """A delivered unit that a person moves to uploading/ goes back to done/: its name says that it was sent."""
    unit = root / "uploading" / JOB / "0001+77_a.mp4"
    unit.parent.mkdir(parents=True)
    unit.write_bytes(video(b"a" + LATER))
    async with running(config(root)) as house:
        await house.until(lambda: "0001+77_a.mp4" in house.lying("done"))

    assert house.arrived == []


@pytest.mark.usefixtures("fast_media")
async def test_the_lock_is_removed(root: Path) -> None:
    """A daemon whose lock somebody removed goes on, and says soon again that it runs."""
    async with running(config(root)) as house:
        (root / "lock").unlink()
        await house.until(lambda: Lock(root / "lock").holder() == os.getpid())
        (root / "inbox" / "a.jpg").write_bytes(photo(b"a"))
        await house.until(lambda: house.arrived and house.idle)
