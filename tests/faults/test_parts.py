"""Uploads whose parts are lost, half there or changed, and answers that say only half: against the real daemon."""

from __future__ import annotations

import functools
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from telespool.destinations.telegram.flow_control import PART
from telespool.spool import Spool
from tests.faults.support import HASTY, assert_delivered, big_video, by_name, drop_all
from tests.harness import eventually
from tests.material import sha256

if TYPE_CHECKING:
    from telespool.service.service import Service
    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


@pytest.mark.parametrize("parts", [[3], [0, 20], None], ids=["one", "two", "all"])
async def test_forgotten_parts(
    home: Home, telegram: TestTelegram, material: Material, parts: list[int] | None
) -> None:
    """Parts that Telegram has lost are sent again, and only those where it can tell which."""
    files = {"VID_2.mp4": big_video(material)}
    home.drop(files["VID_2.mp4"], "family", "VID_2.mp4")
    telegram.faults.add("uploadMedia", do=lambda: telegram.forget_parts(None, parts))
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)
    if parts is not None:
        counts = {part: n for (_, part), n in telegram.part_counts.items() if n > 1}
        assert set(counts) <= {*parts, 0}  # the thumbnail's only part is a part 0 too


async def test_parts_forgotten_between_two_runs(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """After a death between upload and post, and with all parts gone since, the file is sent once more and stands once."""
    files = {"VID_2.mp4": big_video(material)}
    home.drop(files["VID_2.mp4"], "family", "VID_2.mp4")
    telegram.faults.add("sendMedia", hang="before")
    async with home.working(patience=HASTY):
        await telegram.until(lambda: telegram.calls_of("sendMedia"))
    telegram.forget_parts()
    telegram.storage.expire_references()
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


async def test_half_an_upload_goes_on(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A big file that was half sent when the daemon ended goes on with the parts that are missing."""
    files = {"VID_2.mp4": big_video(material)}
    home.drop(files["VID_2.mp4"], "family", "VID_2.mp4")
    telegram.faults.add("saveBigFilePart", nth=13, times=None, hang="before")
    async with home.working(patience=HASTY):
        await telegram.until(
            lambda: sum(call.outcome == "ok" for call in telegram.calls_of("saveBigFilePart")) == 12
        )
    telegram.faults.clear()
    acknowledged = {
        call.part for call in telegram.calls_of("saveBigFilePart") if call.outcome == "ok"
    }
    first = len(telegram.calls)
    await home.inside(patience=HASTY)
    again = {call.part for call in telegram.calls[first:] if call.name == "upload.saveBigFilePart"}
    assert len(again & acknowledged) <= 2  # at most what was on its way when it ended
    assert_delivered(home, telegram, files)


@pytest.mark.parametrize("what", ["deleted", "truncated", "replaced"])
async def test_a_file_that_changes_while_it_is_sent(
    home: Home, telegram: TestTelegram, material: Material, what: str
) -> None:
    """Deleted in the middle nobody waits for it; truncated it is sent as it is then; what takes its place is sent as well."""
    home.drop(big_video(material), "family", "VID_2.mp4")
    other = {"IMG_1.jpg": material.photo(1)}
    better = home.directory / "better.mp4"
    better.write_bytes(big_video(material).read_bytes() + b"\0\0\0\x08free")
    telegram.faults.add("saveBigFilePart", nth=9, hang="before")
    async with home.working(patience=HASTY):
        await telegram.until(lambda: len(telegram.calls_of("saveBigFilePart")) >= 9)
        (unit,) = (home.spool / "uploading").glob("*/0001*")
        if what == "deleted":
            unit.unlink()
        elif what == "truncated":
            os.truncate(unit, 1 << 20)
        else:
            shutil.copyfile(better, staged := better.with_name("staged.mp4"))
            staged.replace(unit)
        home.drop(other["IMG_1.jpg"], "family", "IMG_1.jpg")
        posts = {"deleted": 1, "truncated": 2, "replaced": 3}[what]
        await telegram.until(lambda: len(telegram.in_chat("family")) >= posts)
        await eventually(lambda: not home.at_work())

    found = by_name(telegram.in_chat("family"))
    names = [name for name, _ in found]
    if what == "deleted":  # what was open may be sent to its end
        assert names in (["IMG_1.jpg"], ["IMG_1.jpg", "VID_2.mp4"])
    else:
        assert names == ["IMG_1.jpg", *["VID_2.mp4"] * (posts - 1)]
    if what == "replaced":  # what was open when its name went away was sent to its end
        both = {sha256(big_video(material)), sha256(better)}
        assert {digest for name, digest in found if name == "VID_2.mp4"} == both
    assert home.lying("quarantine") == []
    assert telegram.violations == []


@pytest.mark.parametrize("further", [True, False])
async def test_deaths_during_a_long_upload(
    home: Home,
    telegram: TestTelegram,
    material: Material,
    monkeypatch: pytest.MonkeyPatch,
    further: bool,
) -> None:
    """Six deaths during one upload that got further each time are no poison; four without another part are."""
    files = {"VID_2.mp4": big_video(material)}
    home.drop(files["VID_2.mp4"], "family", "VID_2.mp4")
    with monkeypatch.context() as dead:
        dead.setattr(Spool, "pause", lambda _, entry: entry)  # who is dead takes no mark back
        for life in range(1, 7):
            telegram.faults.clear()
            telegram.faults.add(
                "saveBigFilePart", nth=4 if further else 1, times=None, hang="before"
            )
            seen = len(telegram.calls_of("saveBigFilePart"))
            async with home.working(patience=HASTY) as service:
                if further:
                    await eventually(functools.partial(_arrived, service, 3 * life * PART))
                elif life < 5:
                    await eventually(functools.partial(_asked_more, telegram, seen))
    telegram.faults.clear()
    await home.inside(patience=HASTY)

    if further:
        assert_delivered(home, telegram, files)
    else:
        assert [name.partition("/")[2] for name in home.lying("quarantine")] == ["0001_VID_2.mp4"]


async def test_references_that_expired(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """File references that went stale between uploadMedia and the post are asked for again."""
    files = drop_all(home, material)
    telegram.faults.add("sendMultiMedia", do=telegram.storage.expire_references)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


@pytest.mark.parametrize("posted", [True, False])
async def test_partial_answer(
    home: Home, telegram: TestTelegram, material: Material, posted: bool
) -> None:
    """Items that an album's answer leaves out are asked for again, and stand once, posted then or not."""
    files = drop_all(home, material)
    telegram.faults.add("sendMultiMedia", omit=(0, 2), omitted_are_posted=posted)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


def _asked_more(telegram: TestTelegram, than: int) -> bool:
    return len(telegram.calls_of("saveBigFilePart")) > than


def _arrived(service: Service, size: int) -> bool:
    upload = service.activity.upload
    return upload is not None and upload.sent >= size
