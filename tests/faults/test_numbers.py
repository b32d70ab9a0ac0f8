"""A file that people move into another job, where its number is taken: Telegram must not take it for the other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from telespool.spool.waiting import HELD
from tests.crash.media import copy_of, film, photo, video
from tests.faults.house import config, running
from tests.faults.support import HASTY, by_name
from tests.harness import eventually
from tests.jobs import job_name
from tests.material import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

JOB = job_name()


def _lay(root: Path, name: str, data: bytes) -> Path:
    path = root / name.replace("JOB", JOB)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.telegram
async def test_a_photo_moved_into_another_job(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """Two photos with the number 1 are sent from one job: both stand in the chat, each once."""
    home.drop(material.photo(1), "family", "one.jpg")
    await home.inside(patience=HASTY)
    (job,) = (path.name for path in (home.spool / "done").iterdir())
    other = home.spool / "uploading" / job / "0001_two.jpg"
    other.parent.mkdir()
    other.write_bytes(material.photo(2).read_bytes())
    await home.inside(patience=HASTY)
    expected = [("one.jpg", sha256(material.photo(1))), ("two.jpg", sha256(material.photo(2)))]

    assert by_name(telegram.in_chat("family")) == expected
    assert home.at_work() == []
    assert [name.partition("/")[2] for name in home.lying("done")][-1] == "9999+2_two.jpg"


@pytest.mark.usefixtures("fast_media")
@pytest.mark.parametrize("there", ["done/JOB/0001+7_a.mp4", "quarantine/JOB/0001_a.mp4"])
async def test_an_album_moved_into_another_job(there: str, root: Path) -> None:
    """One of an album has the number of a file that was sent, or refused: the whole album gets others, and is one still."""
    before = _lay(root, there, video(b"a"))
    for n in (1, 2):
        _lay(root, f"uploading/JOB/0001-0002_album/000{n}_{n}.jpg", photo(str(n).encode()))
    async with running(config(root)) as house:
        await house.until(lambda: len(house.arrived) == 2 and house.idle)

    assert house.arrived == [photo(b"1"), photo(b"2")]
    assert {message.album for message in house.chat.messages} == {1}
    assert before.exists()
    assert "9998-9999+1_album" in house.lying("done")


@pytest.mark.usefixtures("fast_media")
async def test_a_film_moved_to_where_another_was_converted(root: Path) -> None:
    """A film with the number of one that was converted and sent is converted and sent as well, not taken for it."""
    _lay(root, "done/JOB/0001o_a.avi", film(b"a"))
    _lay(root, "done/JOB/0001c+7_a.mp4", b"")
    _lay(root, "deferred/JOB/0001_b.avi", film(b"b"))
    async with running(config(root)) as house:
        await house.until(lambda: house.arrived and house.idle)

    assert house.arrived == [copy_of(film(b"b"))]
    assert {"9999o_b.avi", "9999c+1_b.mp4"} < set(house.lying("done"))


@pytest.mark.usefixtures("fast_media")
async def test_what_was_tried_keeps_its_number(root: Path) -> None:
    """Of two with one number that one keeps it which waits for its next try: it may stand in the chat already."""
    waiting = _lay(root, "deferred/JOB/0001@1_a.mp4", video(b"a"))
    os.utime(waiting, (HELD, HELD))
    _lay(root, "uploading/JOB/0001_b.mp4", video(b"b"))
    async with running(config(root)) as house:
        await house.until(lambda: house.arrived)
        os.utime(waiting)
        await eventually(lambda: len(house.arrived) == 2 and house.idle)

    assert {"0001+2_a.mp4", "9999+1_b.mp4"} < set(house.lying("done"))


@pytest.mark.usefixtures("fast_media")
async def test_an_album_whose_member_went_its_own_way(root: Path) -> None:
    """A number inside the range of an album that the album does not have is free for the member that was taken out."""
    for n in (1, 3):
        _lay(root, f"done/JOB/0001-0003+1_album/000{n}+{n}_{n}.jpg", photo(str(n).encode()))
    _lay(root, "uploading/JOB/0002_b.mp4", video(b"b"))
    async with running(config(root)) as house:
        await house.until(lambda: house.arrived and house.idle)

    assert "0002+1_b.mp4" in house.lying("done")
