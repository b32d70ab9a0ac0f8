"""What became of a post without an answer is not known: nobody says "not sent" of what may stand in the chat."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from telespool.spool.account import MAY_STAND
from tests.harness import Home, eventually
from tests.material import make_zip

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


def dropped(home: Home, material: Material) -> None:
    """A job with an album of three photos."""
    photos = {f"p{n}.jpg": material.photo(n) for n in (1, 2, 3)}
    home.drop(make_zip(home.directory / "b.zip", photos), "family")


def report(home: Home) -> str:
    """The report of the only job; "" before it is written."""
    return "".join(path.read_text() for path in home.spool.glob("done/*/report*.txt"))


def remove(folder: Path) -> None:
    """Remove all that is in a folder, from another thread: the server answers in the loop of the test."""

    def work() -> None:
        for path in folder.iterdir():
            shutil.rmtree(path)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.parametrize("hand", ["removes a photo", "moves the album to done"])
async def test_what_a_person_takes_away_after_a_post_without_an_answer(
    home: Home, telegram: TestTelegram, material: Material, hand: str
) -> None:
    """The report and explain say that it may stand in the chat, and of nothing that it was not sent."""
    fault = telegram.faults.add("sendMultiMedia", hang="after", times=None)
    dropped(home, material)
    async with home.working():
        await eventually(lambda: fault.hits)
    telegram.faults.clear()
    (album,) = home.spool.glob("uploading/*/*_album")
    gone = 1
    if hand == "removes a photo":
        next(album.glob("0001*")).unlink()
    else:
        (home.spool / "done" / album.parent.name).mkdir(exist_ok=True)
        album.rename(home.spool / "done" / album.parent.name / album.name)
        gone = 3
    async with home.working():
        await eventually(lambda: report(home))
    assert len(telegram.messages) == 3
    assert report(home).count(MAY_STAND) == gone
    assert "not sent" not in report(home)
    assert f"{3 - gone} sent" in report(home)
    told = home.command_output("explain", album.parent.name).stdout
    assert MAY_STAND in told
    assert "not sent" not in told


async def test_what_arrived_counts_though_its_folder_is_gone(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A folder is removed while the answer is waited for: once it comes, the photos are known to be in the chat."""
    telegram.faults.add("sendMultiMedia", times=1, do=lambda: remove(home.spool / "uploading"))
    dropped(home, material)
    async with home.working():
        await eventually(lambda: report(home))
    assert len(telegram.messages) == 3
    assert "3 sent" in report(home)
    assert "withdrawn" not in report(home)
