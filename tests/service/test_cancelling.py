"""telespool cancel beside a running daemon: nothing more of it goes out, the answer is true, and each note as well."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.harness import Home, eventually
from tests.material import make_zip

if TYPE_CHECKING:
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


def dropped(home: Home, material: Material) -> None:
    """A job with an album of three photos, and a video that waits behind it."""
    photos = {f"p{n}.jpg": material.photo(n) for n in (1, 2, 3)}
    files = photos | {"v.mp4": material.clip("mp4", 5)}
    home.drop(make_zip(home.directory / "x5.zip", files), "family")


@pytest.mark.parametrize("how", ["bringing", "posting"])
async def test_nothing_more_of_a_job_goes_out(
    home: Home, telegram: TestTelegram, material: Material, how: str
) -> None:
    """While its album is brought, or its post has no answer, all of it is set aside before any other of it is sent."""
    if how == "bringing":
        fault = telegram.faults.add("upload.saveFilePart", hang=True, times=None)
    else:
        fault = telegram.faults.add("sendMultiMedia", hang="after", times=1)
    dropped(home, material)
    async with home.working():
        await eventually(lambda: fault.hits and len(home.lying("uploading")) == 4)
        before = len(telegram.messages)
        done = await asyncio.to_thread(home.command_output, "cancel", "x5")
        assert (done.returncode, done.stderr) == (0, "")
        assert "p1.jpg and 2 more: cancelled, now in quarantine/" in done.stdout
        assert "v.mp4: cancelled" in done.stdout
        assert home.at_work() == []
        assert len(home.lying("quarantine")) == 4
        notes = home.notes()
        assert "You cancelled v.mp4 before it was sent" in notes["0004_v.mp4"]
        assert "You cancelled p1.jpg and 2 more while it was being sent" in str(notes)
        telegram.faults.clear()
        home.drop(material.photo(9), "family", "after.jpg")  # the daemon goes on with others
        await eventually(lambda: any("after" in name for name in home.lying("done")))
        assert len(telegram.messages) == before + 1
        again = await asyncio.to_thread(home.command_output, "retry", "x5")
        assert again.returncode == 0
        await eventually(lambda: not home.at_work() and not home.lying("quarantine"))
        assert len(telegram.messages) == 5
        assert not home.notes()
