"""What the network and Telegram do to uploads and posts, and that nothing is lost or doubled by it."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.errors import LoginNeeded, Temporary
from tests.destinations.telegram.support import HASTY, PART, opened, photo_file, send, video_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram
POSTS = ("sendMedia", "sendMultiMedia")


def stored(telegram: TestTelegram) -> Counter[tuple[int | None, int | None]]:
    """How often each part was taken in."""
    calls = [call for call in telegram.calls if call.name.startswith("upload.")]
    return Counter((call.file_id, call.part) for call in calls if call.outcome == "ok")


@pytest.mark.parametrize("fault", ["before", "after", "answer"])
@pytest.mark.parametrize("album", [False, True])
async def test_a_drop_while_posting_posts_once(
    telegram: TestTelegram, tmp_path: Path, fault: str, album: bool
) -> None:
    """Wherever the connection breaks, the post is there once, and its ids are known."""
    items = [photo_file(tmp_path, number) for number in range(1, 5 if album else 2)]
    telegram.faults.add(POSTS[album], drop=fault)
    async with opened(telegram, tmp_path / "state") as destination:
        receipts = await send(destination, items)
    assert [receipts[each.key] for each in items] == [m.id for m in telegram.messages]
    assert len(telegram.messages) == len(items)


@pytest.mark.parametrize("hang", ["before", "after"])
async def test_a_post_that_is_never_answered_is_sent_again(
    telegram: TestTelegram, tmp_path: Path, hang: str
) -> None:
    """Silence has a limit; the same request again posts what was not posted, and names what was."""
    items = [photo_file(tmp_path, number) for number in (1, 2)]
    telegram.faults.add("sendMultiMedia", hang=hang)
    async with opened(telegram, tmp_path / "state") as destination:
        receipts = await send(destination, items)
    assert receipts == {message.random_id: message.id for message in telegram.messages}
    assert len(telegram.messages) == 2


async def test_a_post_that_takes_long_is_waited_for(telegram: TestTelegram, tmp_path: Path) -> None:
    """While the first request still runs the second gets RANDOM_ID_DUPLICATE, and then its messages."""
    items = [photo_file(tmp_path, number) for number in (1, 2)]
    telegram.faults.add("sendMultiMedia", delay=1.1)
    async with opened(telegram, tmp_path / "state") as destination:
        receipts = await send(destination, items)
    assert receipts == {message.random_id: message.id for message in telegram.messages}
    assert len(telegram.messages) == 2


async def test_a_post_under_way_is_waited_for(telegram: TestTelegram, tmp_path: Path) -> None:
    """RANDOM_ID_DUPLICATE while the first request runs leads to the messages of that request."""
    only = photo_file(tmp_path)
    telegram.faults.add("sendMedia", error=(500, "RANDOM_ID_DUPLICATE"), times=2)
    async with opened(telegram, tmp_path / "state") as destination:
        receipts = await send(destination, [only])
    assert receipts == {only.key: telegram.messages[0].id}


@pytest.mark.parametrize("fault", ["before", "after", "answer"])
async def test_a_drop_in_mid_upload_sends_little_twice(
    telegram: TestTelegram, tmp_path: Path, fault: str
) -> None:
    """Only what was on the broken connection is sent again, and the bytes are right."""
    clip = video_file(tmp_path, 40 * PART)
    telegram.faults.add("upload.saveBigFilePart", nth=15, drop=fault)
    async with opened(telegram, tmp_path / "state", connections=4, window=8 * PART) as destination:
        await send(destination, [clip])
    assert telegram.messages[0].sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()
    assert sum(telegram.part_counts.values()) <= 40 + 8


async def test_all_connections_break_at_once(telegram: TestTelegram, tmp_path: Path) -> None:
    """The upload goes on over new ones, from where it was."""
    telegram.rtt = 0.01
    clip = video_file(tmp_path, 40 * PART)
    async with opened(telegram, tmp_path / "state", window=4 * PART) as destination:
        sending = asyncio.create_task(send(destination, [clip]))
        await telegram.until(lambda: len(telegram.part_counts) >= 20)
        telegram.drop_connections()
        await sending
    assert telegram.messages[0].sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()
    assert sum(telegram.part_counts.values()) <= 40 + 16


async def test_a_connection_cut_in_mid_packet_is_replaced(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """Half a part is no part."""
    clip = video_file(tmp_path, 30 * PART)
    async with opened(telegram, tmp_path / "state", connections=2) as destination:
        sending = asyncio.create_task(send(destination, [clip]))
        await telegram.until(lambda: len(telegram.part_counts) >= 5)
        telegram.cut_next(PART // 2)
        await sending
    assert telegram.messages[0].sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()


async def test_a_part_that_hangs_is_sent_over_another_connection(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """A line that falls silent is given up after the part's limit; the file does not start anew."""
    clip = video_file(tmp_path, 30 * PART)
    telegram.faults.add("upload.saveBigFilePart", nth=10, hang=True)
    async with opened(
        telegram, tmp_path / "state", connections=1, part_timeout=1.0, window=4 * PART
    ) as destination:
        await send(destination, [clip])
    assert len(telegram.messages) == 1
    assert sum(telegram.part_counts.values()) <= 30 + 16


async def test_a_slow_line_is_not_a_dead_one(telegram: TestTelegram, tmp_path: Path) -> None:
    """Parts that queue behind others for longer than their limit are not sent twice while answers come."""
    clip = video_file(tmp_path, 12 * PART)
    telegram.connection_rate = 3e6
    async with opened(
        telegram, tmp_path / "state", connections=1, part_timeout=1.2, window=12 * PART
    ) as destination:
        await send(destination, [clip])
    assert set(telegram.part_counts.values()) == {1}


async def test_a_dead_line_is_an_end_in_seconds(telegram: TestTelegram, tmp_path: Path) -> None:
    """A Telegram that swallows everything is Temporary for all, and later everything goes on."""
    clip = video_file(tmp_path, 30 * PART)
    hasty = replace(HASTY, limits=replace(HASTY.limits, connect=1.0, answer=1.0))
    async with opened(
        telegram, tmp_path / "state", part_timeout=1.0, patience=hasty, window=4 * PART
    ) as destination:
        sending = asyncio.create_task(destination.stage("default", clip))
        await telegram.until(lambda: len(telegram.part_counts) >= 8)
        telegram.freeze()
        with pytest.raises(Temporary) as caught:
            await sending
        assert caught.value.scope == "all"
        telegram.thaw()
        before = len(telegram.part_counts)
        await send(destination, [clip])
    assert before >= 8
    assert len(telegram.messages) == 1
    assert sum(telegram.part_counts.values()) <= 30 + 3 * 16


async def test_a_silent_connection_is_pinged_and_replaced(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """A line nobody uses is tried; when its ping is not answered, the next request takes another."""
    pinging = replace(HASTY, limits=replace(HASTY.limits, idle=0.2, pong=0.5))
    async with opened(telegram, tmp_path / "state", patience=pinging) as destination:
        await destination.check("default")
        assert destination._open is not None
        line = await destination._open.caller.line()
        telegram.freeze()
        await asyncio.shield(line._ended)
        telegram.thaw()
        await destination.check("default")
    assert len(telegram.connections) >= 2


async def test_a_lost_part_is_sent_again(telegram: TestTelegram, tmp_path: Path) -> None:
    """FILE_PART_n_MISSING sends part n and nothing else."""
    clip = video_file(tmp_path, 25 * PART)
    async with opened(telegram, tmp_path / "state") as destination:
        telegram.faults.add("uploadMedia", where=lambda _request: lose(telegram, 7))
        await send(destination, [clip])
    repeated = {part for (_, part), count in telegram.part_counts.items() if count > 1}
    assert repeated == {7}
    assert len(telegram.messages) == 1


def lose(telegram: TestTelegram, part: int) -> bool:
    """Forget one part, the first time this is called."""
    if not getattr(telegram, "lost", False):
        telegram.lost = True  # type: ignore[attr-defined]
        telegram.forget_parts(parts=(part,))
    return False


async def test_a_forgotten_upload_is_sent_anew(telegram: TestTelegram, tmp_path: Path) -> None:
    """When Telegram has lost all of it, the parts are not asked for one by one."""
    clip = video_file(tmp_path, 25 * PART)
    async with opened(telegram, tmp_path / "state") as destination:
        await destination.stage("default", clip)
    (tmp_path / "state/uploads").joinpath(note_name(clip.upload_key)).write_bytes(
        cut_handle(tmp_path / "state/uploads" / note_name(clip.upload_key))
    )
    telegram.forget_parts()
    before = len(telegram.calls)
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [clip])
    asked = [call for call in telegram.calls[before:] if call.name == "messages.uploadMedia"]
    assert len(asked) <= 4
    assert len(telegram.messages) == 1


def note_name(key: int) -> str:
    """The file in which an upload is noted."""
    return f"{key & (1 << 64) - 1:016x}.upload"


def cut_handle(path: Path) -> bytes:
    """The note as it was before uploadMedia had answered."""
    return b"\n".join(path.read_bytes().split(b"\n")[:2])


@pytest.mark.parametrize(
    "name",
    ["FILE_PARTS_INVALID", "MD5_CHECKSUM_INVALID", "INPUT_FILE_INVALID", "FILE_PART_INVALID"],
)
async def test_a_spoilt_upload_gets_another_id(
    telegram: TestTelegram, tmp_path: Path, name: str
) -> None:
    """What does not add up is sent from its start under a fresh file_id."""
    only = photo_file(tmp_path)
    telegram.faults.add("uploadMedia", error=(400, name))
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [only])
    ids = [call.file_id for call in telegram.calls_of("saveFilePart")]
    assert ids[0] == only.upload_key
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    "name", ["RPC_CALL_FAIL", "WORKER_BUSY_TOO_LONG_RETRY", "Timeout", "INTERDC_2_CALL_ERROR"]
)
@pytest.mark.parametrize("method", ["saveFilePart", "uploadMedia", "sendMedia"])
async def test_telegrams_own_trouble_passes(
    telegram: TestTelegram, tmp_path: Path, method: str, name: str
) -> None:
    """A server error is waited out, whatever was asked, and the post is there once."""
    telegram.faults.add(method, error=(500, name), times=2)
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [photo_file(tmp_path)])
    assert len(telegram.messages) == 1


async def test_a_stale_reference_is_renewed(telegram: TestTelegram, tmp_path: Path) -> None:
    """What lay too long between staging and posting is put before uploadMedia again, without its bytes."""
    items = [photo_file(tmp_path, number) for number in (1, 2, 3)]
    async with opened(telegram, tmp_path / "state") as destination:
        staged = [await destination.stage("default", each) for each in items]
        telegram.storage.expire_references()
        await destination.post("default", staged, "")
    assert [m.random_id for m in telegram.messages] == [each.key for each in items]
    assert set(telegram.part_counts.values()) == {1}


async def test_a_new_salt_and_a_wrong_clock_are_nothing(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """MTProto's own corrections happen in mid-upload without anybody noticing."""
    clip = video_file(tmp_path, 25 * PART)
    telegram.clock_offset = 400.0
    async with opened(telegram, tmp_path / "state") as destination:
        sending = asyncio.create_task(send(destination, [clip]))
        await telegram.until(lambda: len(telegram.part_counts) >= 5)
        telegram.new_salt()
        await sending
    assert telegram.messages[0].sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()


async def test_the_end_of_a_login_stops_an_upload(telegram: TestTelegram, tmp_path: Path) -> None:
    """Who is logged out in mid-upload is sent to log in, not told to wait."""
    clip = video_file(tmp_path, 40 * PART)
    async with opened(telegram, tmp_path / "state", window=2 * PART) as destination:
        sending = asyncio.create_task(destination.stage("default", clip))
        await telegram.until(lambda: len(telegram.part_counts) >= 5)
        telegram.revoke()
        with pytest.raises(LoginNeeded, match="telespool login"):
            await sending


async def test_a_file_that_changes_starts_anew(telegram: TestTelegram, tmp_path: Path) -> None:
    """A file that is written to while it is sent is not posted; the next attempt sends all of it."""
    clip = video_file(tmp_path, 30 * PART)
    telegram.rtt = 0.01
    async with opened(telegram, tmp_path / "state", window=2 * PART) as destination:
        sending = asyncio.create_task(destination.stage("default", clip))
        await telegram.until(lambda: len(telegram.part_counts) >= 5)
        with clip.path.open("r+b") as file:
            file.write(b"changed")
        with pytest.raises(Temporary, match="changed while it was sent"):
            await sending
        telegram.rtt = 0.0
        await send(destination, [clip])
    assert telegram.messages[0].sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()
