"""What the destination promises, as the server saw it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from telespool.destinations.telegram import TelegramDestination
from telespool.errors import LoginNeeded, Permanent, SpoolBusy, Temporary
from telespool.model import VideoInfo
from tests.destinations.telegram.support import (
    CHATS,
    HASTY,
    item,
    opened,
    photo_file,
    secrets,
    send,
    settings,
    video_file,
)
from tests.telegram_server.helpers import photo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


async def test_a_photo_arrives_byte_for_byte(telegram: TestTelegram, tmp_path: Path) -> None:
    """One photo becomes one message with its caption and its bytes."""
    only = photo_file(tmp_path)
    async with opened(telegram, tmp_path / "state") as destination:
        receipts = await send(destination, [only], "Holiday")
    (message,) = telegram.in_chat("media")
    assert receipts == {only.key: message.id}
    assert message.random_id == only.key
    assert (message.kind, message.caption, message.grouped_id) == ("photo", "Holiday", None)
    assert telegram.content(message) == only.path.read_bytes()


async def test_an_album_is_one_album_in_order(telegram: TestTelegram, tmp_path: Path) -> None:
    """Ten items become one album in their order, with the caption at the first alone."""
    items = [photo_file(tmp_path, number) for number in range(1, 10)]
    items.append(video_file(tmp_path, 300_000, 10))
    async with opened(telegram, tmp_path / "state") as destination:
        staged = await asyncio.gather(*(destination.stage("default", each) for each in items))
        receipts = await destination.post("default", staged, "Holiday")
    messages = telegram.in_chat("media")
    assert [message.random_id for message in messages] == [each.key for each in items]
    assert receipts == {message.random_id: message.id for message in messages}
    assert len({message.grouped_id for message in messages} - {None}) == 1
    assert [message.caption for message in messages] == ["Holiday"] + [""] * 9


async def test_a_video_says_what_players_need(telegram: TestTelegram, tmp_path: Path) -> None:
    """A video carries its size, its duration, a thumbnail, and streams; a silent one stays a video."""
    clip = video_file(
        tmp_path,
        1_200_000,
        frame=VideoInfo(1080, 1920, 12.5, silent=True),
        thumbnail=photo(180, 320),
    )
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [clip])
    (message,) = telegram.messages
    assert (message.kind, message.width, message.height) == ("video", 1080, 1920)
    assert message.duration == 12.5
    assert message.supports_streaming
    assert message.nosound
    assert message.thumbnail == clip.thumbnail
    assert message.name == clip.name
    assert message.sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()


async def test_gifs_and_documents_are_what_they_are(telegram: TestTelegram, tmp_path: Path) -> None:
    """A GIF is an animation and a document a file, even one with a picture's name."""
    path = tmp_path / "cat.gif"
    path.write_bytes(photo(kind="GIF"))
    picture = tmp_path / "wide.jpg"
    picture.write_bytes(photo())
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [item(path, "gif")])
        await send(destination, [item(picture, "document", number=2, mime="image/jpeg")])
    assert [message.kind for message in telegram.messages] == ["gif", "document"]


async def test_a_photo_is_named_after_its_bytes(telegram: TestTelegram, tmp_path: Path) -> None:
    """A JPEG made of a HEIC is a photo, whatever its name was."""
    path = tmp_path / "IMG_1.heic"
    path.write_bytes(photo())
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [item(path)])
    assert telegram.messages[0].kind == "photo"


async def test_a_repeated_post_posts_nothing(telegram: TestTelegram, tmp_path: Path) -> None:
    """The same album again, from another process, returns the messages of the first one."""
    items = [photo_file(tmp_path, number) for number in (1, 2, 3)]
    async with opened(telegram, tmp_path / "state") as destination:
        first = await send(destination, items)
    async with opened(telegram, tmp_path / "state") as destination:
        assert await send(destination, items) == first
    assert len(telegram.messages) == 3


async def test_a_big_file_arrives_byte_for_byte(telegram: TestTelegram, tmp_path: Path) -> None:
    """A file of many parts over several connections is put together again, and progress ends at its size."""
    clip = video_file(tmp_path, 25_000_001)
    seen: list[int] = []
    async with opened(telegram, tmp_path / "state") as destination:
        staged = await destination.stage("default", clip, seen.append)
        await destination.post("default", [staged], "")
    (message,) = telegram.messages
    assert message.sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()
    assert seen == sorted(seen)
    assert seen[-1] == 25_000_001
    assert set(telegram.part_counts.values()) == {1}


async def test_an_empty_file_is_refused_before_it_is_sent(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """An empty file is refused with its name, and Telegram never hears of it."""
    path = tmp_path / "nothing.mp4"
    path.touch()
    async with opened(telegram, tmp_path / "state") as destination:
        with pytest.raises(Permanent, match=r"nothing\.mp4 is empty"):
            await destination.stage("default", item(path, "video"))
    assert not telegram.part_counts


async def test_the_limit_is_telegrams_own(telegram: TestTelegram, tmp_path: Path) -> None:
    """The limit of a file's size follows Telegram's configuration and Premium; what is larger is refused."""
    telegram.storage.most_parts = 30
    clip = video_file(tmp_path, 30 * (512 << 10) + 1)
    async with opened(telegram, tmp_path / "state") as destination:
        assert await destination.limit() == 30 * (512 << 10)
        with pytest.raises(Permanent, match="15,728,640 at most"):
            await destination.stage("default", clip)
    telegram.directory.user.premium = True
    async with opened(telegram, tmp_path / "state") as destination:
        assert await destination.limit() == 60 * (512 << 10)


async def test_without_a_login_a_person_is_sent_to_log_in(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """No session, a revoked one and a forgotten key all end in the sentence that helps."""
    fresh = TelegramDestination(settings(telegram), CHATS, secrets(telegram), tmp_path / "fresh")
    with pytest.raises(LoginNeeded, match="telespool login"):
        await fresh.open()
    state = tmp_path / "state"
    destination = TelegramDestination(
        settings(telegram), CHATS, secrets(telegram), state, patience=HASTY
    )
    async with opened(telegram, state):
        telegram.revoke()
    with pytest.raises(LoginNeeded, match="telespool login"):
        await destination.open()
    telegram.forget_keys()
    with pytest.raises(LoginNeeded, match="telespool login"):
        await destination.open()
    await destination.close()


async def test_a_bot_logs_in_by_itself(telegram: TestTelegram, tmp_path: Path) -> None:
    """With a bot's token there is nothing to ask, and the next start needs no login."""
    async with opened(
        telegram, tmp_path / "state", account=None, bot_token=telegram.BOT_TOKEN
    ) as destination:
        assert (await destination.account()).is_bot
        await send(destination, [photo_file(tmp_path)])
    assert telegram.messages[0].account == telegram.directory.bot.id
    async with opened(telegram, tmp_path / "state", account=None) as destination:
        assert (await destination.account()).is_bot


async def test_two_processes_cannot_share_a_login(telegram: TestTelegram, tmp_path: Path) -> None:
    """A second one is told so before it sends anything, and the login is private to its owner."""
    async with opened(telegram, tmp_path / "state"):
        second = TelegramDestination(
            settings(telegram), CHATS, secrets(telegram), tmp_path / "state"
        )
        with pytest.raises(SpoolBusy, match="in use by another process"):
            await second.open()
    assert (tmp_path / "state/telegram.session").stat().st_mode & 0o777 == 0o600


async def test_a_dead_network_is_temporary_and_comes_back(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """With nobody there everybody waits, and when Telegram is back the same object posts."""
    only = photo_file(tmp_path)
    async with opened(telegram, tmp_path / "state") as destination:
        staged = await destination.stage("default", only)
        await telegram.pause()
        with pytest.raises(Temporary) as caught:
            await destination.post("default", [staged], "")
        assert caught.value.scope == "all"
        other = photo_file(tmp_path, 2)
        with pytest.raises(Temporary):
            await destination.stage("default", other)
        await telegram.resume()
        await destination.post("default", [staged], "")
    assert len(telegram.messages) == 1


async def test_opening_without_a_network_is_temporary(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """The first connection may fail; the destination is opened by whoever needs it next."""
    state = tmp_path / "state"
    state.mkdir()
    telegram.session_file(state / "telegram.session")
    await telegram.pause()
    destination = TelegramDestination(
        settings(telegram), CHATS, secrets(telegram), state, patience=HASTY
    )
    with pytest.raises(Temporary) as caught:
        await destination.open()
    assert caught.value.scope == "all"
    await telegram.resume()
    await send(destination, [photo_file(tmp_path)])
    await destination.close()
    assert len(telegram.messages) == 1


@pytest.mark.parametrize(
    ("value", "chat"),
    [
        ("me", "me"),
        ("@media", "media"),
        ("t.me/family", "family"),
        ("+1 555 0200", "grace"),
        ("-1000000000777", "media"),
        ("-4444", "Hikers"),
        ("2002", "grace"),
    ],
)
async def test_chats_are_found_by_what_people_write(
    telegram: TestTelegram, tmp_path: Path, value: str, chat: str
) -> None:
    """Names, phone numbers and numeric ids lead to their chats, and are looked up once for all starts."""
    for number in (1, 2):
        async with opened(telegram, tmp_path / "state", chats={"default": value}) as destination:
            assert await destination.check("default")
            await send(destination, [photo_file(tmp_path, number)])
        looked_up = sum(
            call.name.startswith(("contacts.", "messages.getD")) for call in telegram.calls
        )
        assert looked_up <= 1
    assert len(telegram.in_chat(chat)) == 2


async def test_an_unknown_chat_waits_for_a_person(telegram: TestTelegram, tmp_path: Path) -> None:
    """A chat nobody has holds back that chat and says why."""
    async with opened(telegram, tmp_path / "state", chats={"default": "@nobody_here"}) as one:
        with pytest.raises(Temporary, match="nobody_here") as caught:
            await one.check("default")
        with pytest.raises(Temporary, match="no chat called 'gone'") as absent:
            await one.check("gone")
    assert caught.value.scope == "chat"
    assert (absent.value.scope, absent.value.kind) == ("chat", "chat")


async def test_captions_are_cut_as_telegram_counts(telegram: TestTelegram, tmp_path: Path) -> None:
    """A caption of 2000 pairs of surrogates is cut to what Telegram takes."""
    async with opened(telegram, tmp_path / "state") as destination:
        await send(destination, [photo_file(tmp_path)], "🌊" * 2000)
    caption = telegram.messages[0].caption
    assert caption.startswith("🌊" * 500)
    assert len(caption.encode("utf-16-le")) // 2 <= 1024
