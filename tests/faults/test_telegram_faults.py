"""Faults of Telegram and of the network against the real daemon: nothing lost, nothing twice, nobody held up."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from daemon import errors
from daemon.destinations.telegram.window import PART
from daemon.spool import Spool
from tests.faults.support import HASTY, assert_delivered, big_video, by_name, drop_all, photos
from tests.harness import Home, eventually
from tests.material import make_zip, sha256

if TYPE_CHECKING:
    from daemon.service import Service
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]

METHODS = ["saveFilePart", "saveBigFilePart", "uploadMedia", "sendMedia", "sendMultiMedia"]


# the connection


@pytest.mark.parametrize("drop", ["before", "after", "answer"])
async def test_reset(home: Home, telegram: TestTelegram, material: Material, drop: str) -> None:
    """A connection that is reset before, after, or in the answer to any request costs nothing and posts nothing twice."""
    files = drop_all(home, material)
    home.drop(material.clip("mp4", 7), "friend", "alone.mp4")
    faults = [telegram.faults.add(method, drop=drop) for method in METHODS]
    await home.inside(patience=HASTY)
    assert [fault.hits for fault in faults] == [1] * len(METHODS)
    assert_delivered(home, telegram, files)
    assert len(telegram.in_chat("grace")) == 1


@pytest.mark.parametrize("after", [2_000, 300_000])
async def test_reset_in_a_request(
    home: Home, telegram: TestTelegram, material: Material, after: int
) -> None:
    """A connection that breaks in the middle of a request costs nothing."""
    files = drop_all(home, material)
    telegram.cut_next(after)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


async def test_reset_again_and_again(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """Every third request loses its connection, and the job is done all the same."""
    files = drop_all(home, material)
    for nth in range(3, 90, 3):
        telegram.faults.add("*", nth=nth, drop="after" if nth % 2 else "before")
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_hang(home: Home, telegram: TestTelegram, material: Material, when: str) -> None:
    """A request that is never answered is given up and repeated, whether it was carried out or not."""
    files = drop_all(home, material)
    home.drop(material.clip("mp4", 7), "friend", "alone.mp4")
    faults = [telegram.faults.add(method, hang=when) for method in METHODS]
    await home.inside(patience=HASTY)
    assert [fault.hits for fault in faults] == [1] * len(METHODS)
    assert_delivered(home, telegram, files)
    assert len(telegram.in_chat("grace")) == 1


async def test_dead_line(home: Home, telegram: TestTelegram, material: Material) -> None:
    """A line on which nothing comes back any more is noticed; when it lives again, the job is done."""
    files = drop_all(home, material)
    telegram.faults.add("uploadMedia", do=telegram.freeze)
    async with home.working(patience=HASTY):
        await telegram.until(lambda: not telegram.thawed.is_set())
        before = len(telegram.connections)
        await telegram.until(lambda: len(telegram.connections) > before)  # it tried another line
        telegram.thaw()
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


async def test_gone_at_the_start(home: Home, telegram: TestTelegram, material: Material) -> None:
    """Without Telegram at the start the daemon says that it waits, and goes on by itself."""
    files = drop_all(home, material)
    await telegram.pause()
    async with home.working(patience=HASTY) as service:
        await eventually(lambda: service.activity.waits)
        (_, reason) = next(iter(service.activity.waits.values()))
        assert "Telegram" in reason
        await telegram.resume()
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


@pytest.mark.parametrize("method", ["saveFilePart", "sendMultiMedia"])
async def test_gone_in_the_middle(
    home: Home, telegram: TestTelegram, material: Material, method: str
) -> None:
    """Telegram goes away in the middle of an album for longer than patience lasts, and comes back."""
    files = drop_all(home, material)
    gone = asyncio.Event()
    telegram.faults.add(method, nth=2, do=gone.set, drop="before")
    if method == "sendMultiMedia":
        telegram.faults.scripted[-1].nth = 1
    async with home.working(patience=HASTY) as service:
        await gone.wait()
        await telegram.pause()
        await eventually(lambda: service.activity.waits or home.lying("deferred"))
        await telegram.resume()
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


# waits


@pytest.mark.parametrize("name", ["FLOOD_WAIT_1", "FLOOD_PREMIUM_WAIT_1"])
async def test_short_wait(
    home: Home, telegram: TestTelegram, material: Material, name: str
) -> None:
    """A wait of a second is waited out, nobody asks before its end, and no attempt is used up."""
    files = drop_all(home, material)
    home.drop(material.clip("mp4", 7), "friend", "alone.mp4")
    faults = [telegram.faults.add(method, error=(420, name)) for method in METHODS]
    await home.inside(patience=HASTY)
    assert [fault.hits for fault in faults] == [1] * len(METHODS)
    assert_delivered(home, telegram, files)


async def test_long_wait(home: Home, telegram: TestTelegram, material: Material) -> None:
    """A wait of hours puts the units aside until its end; `status` says until when; a restart asks for nothing."""
    drop_all(home, material)
    telegram.faults.add("uploadMedia", error=(420, "FLOOD_WAIT_7200"))
    began = time.time()
    async with home.working(patience=HASTY):
        await eventually(lambda: home.lying("deferred") and not home.lying("uploading"))
    calls = len(telegram.calls_of("uploadMedia"))
    status = json.loads(home.command_output("status", "--json").stdout)
    assert status["waiting"]
    for waiting in status["waiting"]:
        assert 7190 < waiting["until"] - began < 7260
    async with home.working(patience=HASTY) as service:
        await eventually(lambda: service.workers and not service.workers[0].house.settled.busy)
    assert len(telegram.calls_of("uploadMedia")) == calls
    assert telegram.messages == []
    assert telegram.violations == []


async def test_a_wait_that_is_over(home: Home, telegram: TestTelegram, material: Material) -> None:
    """When a long wait is over, everything is sent."""
    files = drop_all(home, material)
    telegram.faults.add("uploadMedia", error=(420, "FLOOD_WAIT_7"))  # longer than patience
    async with home.working(patience=HASTY) as service:
        await eventually(lambda: service.activity.waits)
        assert telegram.messages == []
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


async def test_slow_mode_holds_up_its_chat_only(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A chat in slow mode takes its posts one after the other; another chat is not held up by it."""
    telegram.chat("family").slow_mode = 7
    home.drop(make_zip(home.directory / "a.zip", photos(material, 2)), "family")
    home.drop(make_zip(home.directory / "b.zip", photos(material, 2, 10)), "family")
    home.drop(make_zip(home.directory / "c.zip", photos(material, 2, 20)), "friend")
    async with home.working(patience=HASTY):
        await telegram.until(lambda: len(telegram.messages) == 6)
        await eventually(lambda: not home.at_work())
    assert [message.chat for message in telegram.messages] == ["family"] * 2 + ["grace"] * 2 + [
        "family"
    ] * 2
    assert telegram.violations == []


# Telegram's own trouble


@pytest.mark.parametrize(
    "error",
    [(500, "RPC_CALL_FAIL"), (500, "WORKER_BUSY_TOO_LONG_RETRY"), (-503, "Timeout")],
    ids=lambda error: error[1],
)
async def test_trouble_inside_telegram(
    home: Home, telegram: TestTelegram, material: Material, error: tuple[int, str]
) -> None:
    """Twice a 500, and the same request is repeated with the same ids."""
    files = drop_all(home, material)
    home.drop(material.clip("mp4", 7), "friend", "alone.mp4")
    faults = [telegram.faults.add(method, times=2, error=error) for method in METHODS]
    await home.inside(patience=HASTY)
    assert [fault.hits for fault in faults] == [2] * len(METHODS)
    assert_delivered(home, telegram, files)


async def test_trouble_for_a_long_time(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """500s without end put the unit aside, and it is sent when they are over."""
    files = drop_all(home, material)
    fault = telegram.faults.add("uploadMedia", times=None, error=(500, "RPC_CALL_FAIL"))
    async with home.working(patience=HASTY):
        await eventually(lambda: home.lying("deferred"))
        fault.times = 0
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


async def test_post_that_runs_for_long(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A post whose connection breaks while it runs is RANDOM_ID_DUPLICATE until it stands, and stands once."""
    files = drop_all(home, material)
    telegram.faults.add("sendMultiMedia", delay=0.5, do=lambda: _later(telegram))
    await home.inside(patience=HASTY)
    outcomes = [call.outcome for call in telegram.calls_of("sendMultiMedia")]
    assert "RANDOM_ID_DUPLICATE" in outcomes
    assert_delivered(home, telegram, files)


# parts, references, answers


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
        posts = 3 if what == "replaced" else 2
        await telegram.until(lambda: len(telegram.in_chat("family")) == posts)
        await eventually(lambda: not home.at_work())

    found = by_name(telegram.in_chat("family"))
    assert [name for name, _ in found] == ["IMG_1.jpg", *["VID_2.mp4"] * (posts - 1)]
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


def _asked_more(telegram: TestTelegram, than: int) -> bool:
    return len(telegram.calls_of("saveBigFilePart")) > than


def _arrived(service: Service, size: int) -> bool:
    upload = service.activity.upload
    return upload is not None and upload.sent >= size


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


# what Telegram does not take


async def test_one_of_an_album_is_refused(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """MEDIA_INVALID for one of ten: nine are posted as an album, the one is converted and posted after them."""
    files = {f"VID_{n}.mp4": material.clip("mp4", n) for n in range(1, 11)}
    home.drop(make_zip(home.directory / "clips.zip", files), "family")
    telegram.faults.refuse("VID_4.mp4", times=1)
    await home.inside(patience=HASTY)
    album, copy = telegram.messages[:9], telegram.messages[9:]
    assert len({message.grouped_id for message in album}) == 1
    assert [message.name for message in album] == [name for name in files if name != "VID_4.mp4"]
    assert [(message.name, message.kind) for message in copy] == [("VID_4.mp4", "video")]
    assert copy[0].sha256 != sha256(files["VID_4.mp4"])
    assert home.at_work() == []
    assert home.lying("quarantine") == []


async def test_refused_only_when_it_is_posted(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A culprit that only the post itself refuses is found; the others are posted, it is converted."""
    files = {f"VID_{n}.mp4": material.clip("mp4", n) for n in range(1, 6)}
    home.drop(make_zip(home.directory / "clips.zip", files), "family")
    for method in ("sendMultiMedia", "sendMedia"):
        telegram.faults.refuse(sha256(files["VID_4.mp4"]), at=method)
    await home.inside(patience=HASTY)
    names = [message.name for message in telegram.messages]
    assert {*names} == {*files}
    assert len(names) == len(files)
    digests = {message.name: message.sha256 for message in telegram.messages}
    assert [name for name in files if digests[name] != sha256(files[name])] == ["VID_4.mp4"]
    assert home.at_work() == []


async def test_refused_twice(home: Home, telegram: TestTelegram, material: Material) -> None:
    """Refused as it is and converted: the original lies in quarantine byte for byte, its note names the error, no copy is left."""
    original = material.clip("mp4", 4)
    home.drop(original, "family", "VID_4.mp4")
    telegram.faults.refuse("VID_4.mp4", "VIDEO_FILE_INVALID")
    await home.inside(patience=HASTY)
    (kept,) = (home.spool / "quarantine").rglob("*VID_4.mp4")
    assert sha256(kept) == sha256(original)
    assert "VIDEO_FILE_INVALID" in home.notes()[kept.name]
    assert not list(home.spool.rglob("*c_VID_4*"))
    assert telegram.messages == []
    assert home.at_work() == []


async def test_photo_that_is_refused(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A photo that is refused is made anew; refused again, it goes as a document; the others are an album."""
    files = photos(material, 4)
    home.drop(make_zip(home.directory / "photos.zip", files), "family")
    telegram.faults.refuse("IMG_2.jpg", "IMAGE_PROCESS_FAILED", times=2)
    await home.inside(patience=HASTY)
    kinds = {message.name: message.kind for message in telegram.messages}
    assert len(telegram.messages) == 4
    assert kinds.pop("IMG_2.jpg") in {"photo", "document"}
    assert set(kinds.values()) == {"photo"}
    assert home.at_work() == []
    assert home.lying("quarantine") == []


async def test_unknown_error(home: Home, telegram: TestTelegram, material: Material) -> None:
    """An error nobody knows ends in quarantine with its name, and the others are posted."""
    files = photos(material, 4)
    home.drop(make_zip(home.directory / "photos.zip", files), "family")
    telegram.faults.refuse("IMG_2.jpg", "BAD_HAIR_DAY")
    await home.inside(patience=HASTY)
    assert [message.name for message in telegram.messages] == [
        "IMG_1.jpg",
        "IMG_3.jpg",
        "IMG_4.jpg",
    ]
    (note,) = home.notes().values()
    assert "BAD_HAIR_DAY" in note


# the chat, the account, the login


async def test_chat_that_forbids_writing(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A chat in which we may not write pauses, others go on, and it is tried again."""
    telegram.chat("family").forbidden = "CHAT_WRITE_FORBIDDEN"
    ours, theirs = photos(material, 3), photos(material, 3, 10)
    home.drop(make_zip(home.directory / "a.zip", ours), "family")
    home.drop(make_zip(home.directory / "b.zip", theirs), "friend")
    async with home.working(patience=HASTY):
        await telegram.until(lambda: len(telegram.in_chat("grace")) == 3)
        await eventually(lambda: len(home.lying("deferred")) == 3)
    assert telegram.in_chat("family") == []
    telegram.chat("family").forbidden = None
    _try_now(home)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, ours)
    assert by_name(telegram.in_chat("grace")) == sorted(
        (name, sha256(path)) for name, path in theirs.items()
    )


async def test_account_under_suspicion(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """PEER_FLOOD names no time: everything waits, nothing is lost."""
    files = photos(material, 3)
    telegram.faults.add("sendMultiMedia", error=(400, "PEER_FLOOD"))
    home.drop(make_zip(home.directory / "a.zip", files), "family")
    async with home.working(patience=HASTY):
        await eventually(lambda: len(home.lying("deferred")) == 3)
    assert telegram.messages == []
    _try_now(home)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


@pytest.mark.parametrize("method", ["saveFilePart", "uploadMedia", "sendMultiMedia"])
async def test_login_revoked(
    home: Home, telegram: TestTelegram, material: Material, method: str
) -> None:
    """A login that was ended stops the daemon for a person; after logging in again all is sent."""
    files = drop_all(home, material)
    telegram.faults.add(method, do=telegram.revoke)
    with pytest.raises(errors.LoginNeeded):
        await home.inside(patience=HASTY)
    assert home.lying("quarantine") == []
    assert {path.split("_", 1)[1].split(".")[0] for path in home.at_work()}
    telegram.faults.clear()
    home.session.unlink()
    telegram.session_file(home.session)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


async def test_login_revoked_at_the_start(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """Without a login the process ends with 77, which systemd does not restart, and touches nothing."""
    telegram.revoke()
    files = photos(material, 3)
    drop = home.drop(make_zip(home.directory / "a.zip", files), "family")
    finished = await asyncio.to_thread(home.run)
    assert finished.code == 77
    assert "telespool login" in finished.output
    assert drop.exists()


async def test_key_that_telegram_forgot(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A key that Telegram does not know any more is a login that is gone."""
    home.drop(make_zip(home.directory / "a.zip", photos(material, 3)), "family")
    telegram.forget_keys()
    with pytest.raises(errors.LoginNeeded):
        await home.inside(patience=HASTY)
    assert home.lying("quarantine") == []


@pytest.mark.parametrize("offset", [-86_400.0, 86_400.0])
async def test_telegrams_clock(
    home: Home, telegram: TestTelegram, material: Material, offset: float
) -> None:
    """Our clock is a day off Telegram's, either way, and everything is sent."""
    telegram.clock_offset = offset
    files = drop_all(home, material)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


async def test_new_salts(home: Home, telegram: TestTelegram, material: Material) -> None:
    """Telegram changes its salt with every request, and everything is sent."""
    files = drop_all(home, material)
    telegram.faults.add("*", times=None, do=telegram.new_salt)
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, files)


def _later(telegram: TestTelegram) -> None:
    """Reset all connections while this request runs."""
    asyncio.get_running_loop().call_later(0.1, telegram.drop_connections)


def _try_now(home: Home) -> None:
    """What a person does with `touch`: do not wait any longer."""
    for path in (home.spool / "deferred").glob("*/*"):
        path.touch()
