"""Random ids, albums, captions, chats: what a post is answered with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from telethon import errors
from telethon.tl import types

from .helpers import (
    album,
    as_document,
    ids,
    photo,
    single,
    staged_photo,
    take_in,
    upload,
    video,
)

if TYPE_CHECKING:
    from .server import TestTelegram

pytestmark = pytest.mark.telegram


async def test_album(telegram: TestTelegram, client: Any) -> None:
    """An album is posted in order, with one group and the caption where it was put."""
    request = album("me", [await staged_photo(client, "me", f"{n}.jpg") for n in range(10)])
    request.multi_media[0].message = "holiday"
    answer = await client(request)
    assert [message.name for message in telegram.messages] == [f"{n}.jpg" for n in range(10)]
    assert len({message.grouped_id for message in telegram.messages}) == 1
    assert [message.caption for message in telegram.messages] == ["holiday"] + [""] * 9
    assert ids(answer) == {message.random_id: message.id for message in telegram.messages}


@pytest.mark.parametrize("as_album", [False, True])
async def test_repeat_is_answered_with_the_first_messages(
    telegram: TestTelegram, client: Any, as_album: bool
) -> None:
    """The same random ids again post nothing, and are answered as the first time."""
    staged = await staged_photo(client, "@media")
    request = album("@media", [staged], 7) if as_album else single("@media", staged, 7)
    first = ids(await client(request))
    assert ids(await client(request)) == first
    assert len(telegram.messages) == 1
    assert ids(await client(single("@media", staged, 7))) == first, "whatever the method"


async def test_random_ids_belong_to_account_and_chat(telegram: TestTelegram, client: Any) -> None:
    """The same random id in another chat, or from another account, is another message."""
    for chat in ("@media", "@family", "me"):
        await client(single(chat, await staged_photo(client, chat), 7))
    bot = telegram.client(account="bot")
    await bot.connect()
    await bot(single("@media", await staged_photo(bot, "@media"), 7))
    await bot.disconnect()
    assert [message.chat for message in telegram.messages] == ["media", "family", "me", "media"]


async def test_mixed_random_ids(telegram: TestTelegram, client: Any) -> None:
    """An album with some ids that were posted and some that were not is RANDOM_ID_DUPLICATE."""
    staged = [await staged_photo(client, "me") for _ in range(3)]
    await client(album("me", staged[:2], 1))
    with pytest.raises(errors.RandomIdDuplicateError):
        await client._sender.send(await _resolved(client, album("me", staged[1:], 2)))
    assert len(telegram.messages) == 2


async def test_repeat_while_the_first_call_runs(telegram: TestTelegram, client: Any) -> None:
    """As long as the first call runs, the second is RANDOM_ID_DUPLICATE."""
    staged = await staged_photo(client, "me")
    telegram.faults.add("sendMedia", delay=0.3)
    request = await _resolved(client, single("me", staged))
    first = client._sender.send(request)
    await telegram.until(lambda: telegram.calls_of("sendMedia"))
    with pytest.raises(errors.RandomIdDuplicateError):
        await client._sender.send(request)
    await first
    assert len(telegram.messages) == 1


async def test_duplicate_as_error(telegram: TestTelegram, client: Any) -> None:
    """A server that is told to answers every repeat with RANDOM_ID_DUPLICATE."""
    telegram.posts.duplicate = "error"
    request = await _resolved(client, single("me", await staged_photo(client, "me")))
    await client._sender.send(request)
    with pytest.raises(errors.RandomIdDuplicateError):
        await client._sender.send(request)


async def test_raw_media_in_an_album(client: Any) -> None:
    """Uploaded media that did not go through uploadMedia may not stand in an album."""
    raw = types.InputMediaUploadedPhoto(await upload(client, photo(), "a.jpg"))
    with pytest.raises(errors.MediaInvalidError):
        await client(album("me", [raw]))


async def test_eleven_items(client: Any) -> None:
    """Eleven are too many."""
    staged = await staged_photo(client, "me")
    with pytest.raises(errors.MultiMediaTooLongError):
        await client(album("me", [staged] * 11))


@pytest.mark.parametrize(
    ("one", "other", "allowed"),
    [
        ("photo", "video", True),
        ("document", "document", True),
        ("photo", "document", False),
        ("video", "document", False),
        ("photo", "gif", False),
        ("gif", "gif", False),
    ],
)
async def test_what_may_be_grouped(client: Any, one: str, other: str, allowed: bool) -> None:
    """Photos with videos, documents with documents; GIFs never."""
    request = album("me", [await _staged(client, one), await _staged(client, other)])
    if allowed:
        await client(request)
    else:
        with pytest.raises(errors.MediaInvalidError):
            await client(request)


async def test_caption_length(telegram: TestTelegram, client: Any) -> None:
    """1024 UTF-16 units are allowed, twice as many with Premium, one more is too long."""
    staged = await staged_photo(client, "me")
    await client(single("me", staged, 1, "🎄" * 512))
    with pytest.raises(errors.MediaCaptionTooLongError):
        await client(single("me", staged, 2, "🎄" * 512 + "!"))
    telegram.directory.user.premium = True
    await client(single("me", staged, 3, "🎄" * 1024))


async def test_random_id_zero(client: Any) -> None:
    """Zero is no random id."""
    with pytest.raises(errors.RandomIdEmptyError):
        await client._sender.send(
            await _resolved(client, single("me", await staged_photo(client, "me"), 0))
        )


async def test_channels_count_for_themselves(telegram: TestTelegram, client: Any) -> None:
    """Each channel numbers its own messages; other chats share the numbers of the account."""
    for chat in ("@media", "@family", "me", "@grace", -4444):
        await client.send_message(chat, "hello")
    assert [message.id for message in telegram.messages] == [1, 1, 1, 2, 3]
    assert (await client.get_messages("@family", ids=1)).message == "hello"
    assert [found.message for found in await client.get_messages("@grace", limit=5)] == ["hello"]
    assert (await client.get_messages(None, ids=3)).peer_id == types.PeerChat(4444)


async def test_forbidden_chat(telegram: TestTelegram, client: Any) -> None:
    """A chat in which nobody may write refuses, and takes posts again when it is open."""
    telegram.chat("@family").forbidden = "CHAT_WRITE_FORBIDDEN"
    with pytest.raises(errors.ChatWriteForbiddenError):
        await client.send_message("@family", "hello")
    await client.send_message("@media", "hello")
    telegram.chat("@family").forbidden = None
    await client.send_message("@family", "hello")
    assert [message.chat for message in telegram.messages] == ["media", "family"]


async def test_slow_mode(telegram: TestTelegram, client: Any) -> None:
    """In slow mode the second post must wait, in this chat only, and coming too early is noted."""
    telegram.chat("@family").slow_mode = 60
    await client.send_message("@family", "one")
    with pytest.raises(errors.SlowModeWaitError) as told:
        await client.send_message("@family", "two")
    assert 50 < told.value.seconds <= 60
    await client.send_message("@media", "three")
    assert [message.caption for message in telegram.messages] == ["one", "three"]


async def test_wrong_access_hash(client: Any) -> None:
    """A channel is found by its number only with its access hash."""
    for peer in (types.InputPeerChannel(777, 1), types.InputPeerUser(2002, 1)):
        with pytest.raises((errors.ChannelInvalidError, errors.PeerIdInvalidError)):
            await client.send_message(peer, "hello")


async def test_bot_may_not_write_to_itself(telegram: TestTelegram) -> None:
    """A bot has no saved messages."""
    bot = telegram.client(account="bot")
    await bot.connect()
    with pytest.raises(errors.UserIsBotError):
        await bot.send_message("me", "hello")
    await bot.disconnect()


async def test_one_more_chat(telegram: TestTelegram, client: Any) -> None:
    """Tests can add chats; a bot finds a channel by its number alone, a person in the list of dialogs."""
    chat = telegram.directory.add("channel", 999, "Holiday")
    bot = telegram.client(account="bot")
    await bot.connect()
    await bot.send_message(chat.marked_id, "hello")
    await bot.disconnect()
    with pytest.raises((ValueError, errors.ChannelInvalidError)):
        await client.send_message(chat.marked_id, "hello")
    await client.get_dialogs()
    await client.send_message(chat.marked_id, "hello")
    assert [message.chat for message in telegram.messages] == ["Holiday", "Holiday"]


async def test_until(telegram: TestTelegram, client: Any) -> None:
    """A test can wait for what the server sees, without sleeping."""
    sending = asyncio.create_task(client.send_message("me", "hello"))
    await telegram.until(lambda: telegram.messages)
    assert telegram.messages[0].caption == "hello"
    await sending


async def _resolved(client: Any, request: Any) -> Any:
    """A request for `_sender.send`, which neither resolves peers nor tries again."""
    request.peer = await client.get_input_entity(request.peer)
    return request


async def _staged(client: Any, kind: str) -> Any:
    if kind == "photo":
        return await staged_photo(client, "me")
    file = await upload(client, photo(), "a.bin")
    attributes = {
        "video": [video()],
        "gif": [video(), types.DocumentAttributeAnimated()],
        "document": [],
    }
    return await take_in(client, "me", as_document(file, *attributes[kind]))
