"""Each misbehaviour that can be scripted, as an unmodified client sees it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
from typing import TYPE_CHECKING, Any

import pytest
from telethon import errors
from telethon.tl import functions, types

from .helpers import album, as_document, ids, photo, single, staged_photo, take_in, upload
from .server import TestTelegram

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.telegram
ASK = functions.help.GetAppConfigRequest(hash=0)


async def test_nth_call(telegram: TestTelegram, client: Any) -> None:
    """A fault strikes from its nth call on, as often as it says."""
    fault = telegram.faults.add("getAppConfig", nth=2, times=2, error=(400, "MSG_ID_INVALID"))
    outcomes = []
    for _ in range(5):
        try:
            await client(ASK)
            outcomes.append("ok")
        except errors.MsgIdInvalidError:
            outcomes.append("refused")
    assert outcomes == ["ok", "refused", "refused", "ok", "ok"]
    assert (fault.seen, fault.hits) == (5, 2)


async def test_names_of_methods(telegram: TestTelegram, client: Any) -> None:
    """A method is named with its namespace, without it, or all of a namespace at once."""
    for pattern in ("help.getAppConfig", "getAppConfig", "help.*", "*"):
        telegram.faults.add(pattern, error=(400, "MSG_ID_INVALID"))
        with pytest.raises(errors.MsgIdInvalidError):
            await client(ASK)
        telegram.faults.clear()


async def test_refused_file(telegram: TestTelegram, client: Any) -> None:
    """One file is refused by its name whenever it comes, another is not."""
    telegram.faults.refuse("bad.jpg")
    for name in ("bad.jpg", "good.jpg", "bad.jpg"):
        file = await upload(client, photo(), name)
        media = types.InputMediaUploadedPhoto(file)
        if name == "good.jpg":
            await take_in(client, "me", media)
        else:
            with pytest.raises(errors.MediaInvalidError):
                await take_in(client, "me", media)


@pytest.mark.parametrize("method", ["sendMedia", "sendMultiMedia"])
async def test_file_refused_when_it_is_posted(
    telegram: TestTelegram, client: Any, method: str
) -> None:
    """A file is refused by its SHA-256 only when it is posted, and nothing is posted then."""
    data = photo()
    telegram.faults.refuse(hashlib.sha256(data).hexdigest(), "MEDIA_EMPTY", at=method)
    file = await upload(client, data, "a.jpg")
    media = await take_in(client, "me", types.InputMediaUploadedPhoto(file))
    other = await staged_photo(client, "me")
    posts = {"sendMedia": single("me", media), "sendMultiMedia": album("me", [other, media])}
    with pytest.raises(errors.MediaEmptyError):
        await client(posts[method])
    assert telegram.messages == []


async def test_drop_before(telegram: TestTelegram, client: Any) -> None:
    """A request whose connection is reset before it is carried out is repeated by the client."""
    telegram.faults.add("sendMessage", drop="before")
    await client.send_message("me", "hello")
    assert len(telegram.messages) == 1
    assert [call.outcome for call in telegram.calls_of("sendMessage")] == ["dropped", "ok"]


@pytest.mark.parametrize("drop", ["after", "answer"])
async def test_lost_answer(telegram: TestTelegram, client: Any, drop: str) -> None:
    """A post whose answer is lost, whole or half, stands once, and the repeat is told its number."""
    telegram.faults.add("sendMedia", drop=drop)
    answer = await client(single("me", await staged_photo(client, "me"), 9))
    assert ids(answer) == {9: 1}
    assert len(telegram.messages) == 1
    assert len(telegram.calls_of("sendMedia")) == 2


async def test_cut_in_the_middle_of_a_request(telegram: TestTelegram, client: Any) -> None:
    """A connection that breaks in the middle of a part is made anew, and the part comes again."""
    telegram.cut_next(after=100_000)
    data = os.urandom(300_000)
    await upload(client, data, "a.bin", file_id=5)
    assert telegram.part_counts == {(5, 0): 1}
    assert len(telegram.connections) == 2


@pytest.mark.parametrize("when", ["before", "after"])
async def test_hang(telegram: TestTelegram, client: Any, when: str) -> None:
    """A request that hangs is never answered; it was carried out or not, as the fault says."""
    telegram.faults.add("sendMessage", hang=when)
    hanging = asyncio.create_task(client.send_message("me", "hello"))
    await telegram.until(
        lambda: [call.outcome for call in telegram.calls_of("sendMessage")] == ["hung"]
    )
    assert not hanging.done()
    assert len(telegram.messages) == (when == "after")
    hanging.cancel()


async def test_carried_out_though_the_client_is_gone(telegram: TestTelegram, client: Any) -> None:
    """A request that has arrived is carried out even when the connection breaks meanwhile."""
    telegram.faults.add("sendMessage", delay=0.1)
    sending = asyncio.create_task(client.send_message("me", "hello"))
    await telegram.until(lambda: telegram.calls_of("sendMessage"))
    await client.disconnect()
    await telegram.until(lambda: telegram.messages)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_dead_line(telegram: TestTelegram, client: Any) -> None:
    """A frozen server reads and says nothing; thawed, it goes on."""
    telegram.freeze()
    asking = asyncio.create_task(client(ASK))
    done, _ = await asyncio.wait([asking], timeout=0.2)
    assert not done
    telegram.thaw()
    await asking


async def test_gone_and_back(telegram: TestTelegram, client: Any) -> None:
    """A server that was gone is found again on the same port, with everything it knew."""
    await client.send_message("me", "before")
    port = telegram.port
    await telegram.pause()
    again = telegram.client(account="user", connection_retries=0)
    with pytest.raises(ConnectionError):
        await again.connect()
    await again.disconnect()
    await telegram.resume()
    assert telegram.port == port
    await client.send_message("me", "after")
    assert [message.caption for message in telegram.messages] == ["before", "after"]


async def test_dropped_connections(telegram: TestTelegram, client: Any) -> None:
    """Reset connections are made anew."""
    telegram.drop_connections()
    assert await client(ASK)
    assert len(telegram.connections) == 2


@pytest.mark.parametrize(
    ("wait", "error"),
    [
        ("FLOOD_WAIT_1", errors.FloodWaitError),
        ("FLOOD_PREMIUM_WAIT_1", errors.FloodPremiumWaitError),
    ],
)
async def test_waits_are_enforced(
    telegram: TestTelegram, client: Any, wait: str, error: type[Exception]
) -> None:
    """Who comes before the wait is over is told the rest, and is noted; afterwards it is over."""
    telegram.waits.grace = 0.0  # nothing is on its way here
    telegram.faults.add("getAppConfig", error=(420, wait))
    with pytest.raises(error):
        await client._sender.send(ASK)
    with pytest.raises(error):
        await client._sender.send(ASK)
    assert [violation.method for violation in telegram.violations] == ["help.getAppConfig"]
    await client._sender.send(functions.users.GetUsersRequest([types.InputUserSelf()]))
    telegram.waits.end()
    await client._sender.send(ASK)
    assert len(telegram.violations) == 1


async def test_a_client_that_waits_is_not_blamed(telegram: TestTelegram, client: Any) -> None:
    """Telethon's own waiting is long enough."""
    client.flood_sleep_threshold = 5
    telegram.faults.add("getAppConfig", error=(420, "FLOOD_WAIT_1"))
    assert await client(ASK)
    assert telegram.violations == []
    assert [call.outcome for call in telegram.calls_of("getAppConfig")][-2:] == [
        "FLOOD_WAIT_1",
        "ok",
    ]


async def test_requests_on_their_way_are_not_blamed(telegram: TestTelegram, client: Any) -> None:
    """What was sent before the wait was told is refused too, but is no violation."""
    telegram.faults.add("getAppConfig", error=(420, "FLOOD_WAIT_9"))
    sent = [client._sender.send(ASK) for _ in range(8)]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    assert all(isinstance(answer, errors.FloodWaitError) for answer in answers)
    assert telegram.violations == []


@pytest.mark.parametrize("posted", [True, False])
async def test_partial_answer(telegram: TestTelegram, client: Any, posted: bool) -> None:
    """An album's answer leaves an item out, which was posted or was not; asked for, it is told."""
    staged = [await staged_photo(client, "me", f"{n}.jpg") for n in range(3)]
    telegram.faults.add("sendMultiMedia", omit=(1,), omitted_are_posted=posted)
    answer = ids(await client(album("me", staged, 11)))
    assert set(answer) == {11, 13}
    assert len(telegram.messages) == 2 + posted
    missing = ids(await client(album("me", staged[1:2], 12)))
    assert set(missing) == {12}
    assert len(telegram.messages) == 3


async def test_fault_for_one_part(telegram: TestTelegram, client: Any) -> None:
    """A fault can choose a part."""
    telegram.faults.add("saveBigFilePart", part=2, drop="after")
    data = os.urandom((10 << 20) + 1)
    file = await upload(client, data, "a.mp4")
    await client(single("me", as_document(file)))
    assert telegram.content(telegram.messages[0]) == data
    repeated = {part for (_, part), count in telegram.part_counts.items() if count > 1}
    assert repeated == {2}


async def test_fault_for_one_chat(telegram: TestTelegram, client: Any) -> None:
    """A fault can choose a chat."""
    telegram.faults.add("sendMessage", chat="family", error=(400, "PEER_FLOOD"))
    await client.send_message("@media", "hello")
    with pytest.raises(errors.PeerFloodError):
        await client.send_message("@family", "hello")


async def test_fault_with_a_condition(telegram: TestTelegram, client: Any) -> None:
    """A fault can look at the request."""
    telegram.faults.add(
        "sendMessage", where=lambda request: request.message == "no", error=(400, "PEER_FLOOD")
    )
    await client.send_message("me", "yes")
    with pytest.raises(errors.PeerFloodError):
        await client.send_message("me", "no")


async def test_mistakes_of_the_server_are_kept(client: Any, telegram: TestTelegram) -> None:
    """An exception in a handler is a 500 to the client, and stands in `bugs`."""
    telegram.faults.add("getAppConfig", where=_broken)
    with pytest.raises(errors.ServerError):
        await client._sender.send(ASK)
    assert [str(bug) for bug in telegram.bugs] == ["broken"]
    telegram.bugs.clear()


def _broken(_request: Any) -> bool:
    raise ZeroDivisionError("broken")


async def test_unknown_method(telegram: TestTelegram, client: Any) -> None:
    """A method the server does not know is refused by name."""
    with pytest.raises(errors.RPCError, match="METHOD_NOT_IMPLEMENTED"):
        await client(functions.stories.GetAllStoriesRequest())


async def test_extra_connections(telegram: TestTelegram) -> None:
    """Help tells of a media_only port where there is one, and knows which connection came to it."""
    async with TestTelegram(media_dc=True) as server:
        client = server.client(account="user")
        await client.connect()
        config = await client(functions.help.GetConfigRequest())
        ports = {option.port for option in config.dc_options if option.media_only}
        assert ports == {server.media_port}
        client.session.set_dc(2, server.host, server.media_port)
        await client.disconnect()
        await client.connect()
        assert [record.media_only for record in server.connections] == [False, True]
        await client.disconnect()


async def test_limits_are_told(telegram: TestTelegram, client: Any) -> None:
    """The number of parts a file may have is told by help.getAppConfig."""
    answer = await client(functions.help.GetAppConfigRequest(hash=0))
    limits: Sequence[Any] = answer.config.value
    values = {entry.key: entry.value.value for entry in limits}
    assert values["upload_max_fileparts_default"] == 4000
    assert values["upload_max_fileparts_premium"] == 8000


async def test_full_user(telegram: TestTelegram, client: Any) -> None:
    """Whether the account has Premium is told."""
    telegram.directory.user.premium = True
    full = await client(functions.users.GetFullUserRequest("me"))
    assert full.users[0].premium


async def test_many_drops(telegram: TestTelegram, client: Any) -> None:
    """However often the line breaks, each message stands once."""
    for number in range(1, 11):
        how = random.choice(["before", "after", "answer"])
        telegram.faults.add("sendMedia", random_id=number, drop=how)
    staged = await staged_photo(client, "me")
    for number in range(1, 11):
        await client(single("me", staged, number))
    assert [message.random_id for message in telegram.messages] == list(range(1, 11))
