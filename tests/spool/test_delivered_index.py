"""What was delivered is recognised by its content, and reported with its size."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from telespool.spool import delivered_index
from telespool.spool.layout import SpoolLayout
from tests.jobs import job_name
from tests.material import make_zip, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


def setting(home: Home, duplicates: str) -> None:
    """Change what is done with files that were sent before."""
    text = re.sub(r"duplicates = .*\n", "", home.config.read_text())
    home.config.write_text(text.replace("[inbox]\n", f'[inbox]\nduplicates = "{duplicates}"\n'))


async def test_dropped_again(home: Home, telegram: TestTelegram, material: Material) -> None:
    """Send, skip and quarantine: by content, under whatever name, and only for the same chat."""
    photos = {f"IMG_{n}.jpg": material.photo(n) for n in (1, 2)}
    home.drop(make_zip(home.directory / "first.zip", photos), "family")
    await home.inside()
    assert len(telegram.messages) == 2

    setting(home, "skip")
    again = {"other name.jpg": material.photo(2), "IMG_3.jpg": material.photo(3)}
    home.drop(make_zip(home.directory / "second.zip", again), "family")
    await home.inside()
    assert [m.sha256 for m in telegram.messages[2:]] == [sha256(material.photo(3))]
    report = next((home.spool / "done").glob("*second/report.txt")).read_text()
    assert "other name.jpg: was sent before, as IMG_2.jpg of" in report

    home.drop(material.photo(1), "family")  # alone, nothing is left of it to send
    home.drop(make_zip(home.directory / "all.zip", photos), "family")
    await home.inside()
    assert len(telegram.messages) == 3
    assert home.lying("quarantine") == []
    assert home.at_work() == []

    home.drop(material.photo(1), "friend")  # somebody else has not seen it
    await home.inside()
    assert telegram.messages[-1].sha256 == sha256(material.photo(1))

    setting(home, "quarantine")
    home.drop(material.photo(2), "family", name="once more.jpg")
    await home.inside()
    assert len(telegram.messages) == 4
    (note,) = home.notes().values()
    assert "once more.jpg was sent before, as IMG_2.jpg" in note
    assert "telespool retry" in note

    setting(home, "send")
    home.drop(material.photo(2), "family")
    await home.inside()
    assert len(telegram.messages) == 5


async def test_a_converted_film_is_known_by_its_original(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """What was sent as a converted copy is recognised when its original is dropped again."""
    home.drop(material.clip("avi", 1), "family", name="old.avi")
    log = await asyncio.to_thread(home.run)
    (phase,) = log.events("recovery.finished")
    assert (phase["converted"], phase["given_up"]) == (1, 0)
    assert phase["bytes_before"] > 0 < phase["bytes_after"]
    assert len(log.events("conversion.finished")) == 1
    setting(home, "skip")
    home.drop(material.clip("avi", 1), "family", name="same.avi")
    await asyncio.to_thread(home.run)
    assert len(telegram.messages) == 1
    assert home.at_work() == []


async def test_the_report(home: Home, material: Material) -> None:
    """The report says how much was sent and in what time; what was refused, with the reason."""
    files = {"1.jpg": material.photo(1), "2.mp4": material.broken(2)}
    home.drop(make_zip(home.directory / "mix.zip", files))
    await home.inside()
    report = next((home.spool / "done").glob("*/report.txt")).read_text()
    size = material.photo(1).stat().st_size / 1024
    assert re.search(rf"  {size:.1f} KiB in \d+ s, dropped ", report)
    assert re.search(r"quarantined: 0002_2\.mp4 \(.+\)", report)


def test_broken_lines(tmp_path: Path) -> None:
    """A line that a crash has broken off is passed over."""
    job = job_name()
    folder = tmp_path / "done" / job
    folder.mkdir(parents=True)
    whole = delivered_index.Receipt(1, 17, 5, "0" * 64, "a b.jpg")
    (folder / "contents.txt").write_text(f"{whole}\n{whole}\n0002 18 5 0000")
    assert list(delivered_index.read(SpoolLayout(tmp_path), job)) == [whole]
