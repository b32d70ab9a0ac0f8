"""Albums in chats that take not all of them, or nothing for now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telespool.errors import Temporary
from tests.destinations.telegram.support import opened, video_file

from .albums import assert_one_album, deliver, ten

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


async def test_kinds_that_may_not_stand_together(telegram: TestTelegram, tmp_path: Path) -> None:
    """GROUPED_MEDIA_INVALID splits into posts of their own, all of them there, in order."""
    items = ten(tmp_path)
    telegram.faults.add("sendMultiMedia", error=(400, "GROUPED_MEDIA_INVALID"))
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    assert [m.random_id for m in telegram.messages] == [each.key for each in items]
    assert len(receipts) == 10
    assert not causes


async def test_a_chat_without_photos_still_gets_its_videos(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """Where a chat forbids photos, the photos wait and the videos are posted."""
    items = ten(tmp_path)
    items[7] = video_file(tmp_path, 3000, 8)
    photos = {each.name for each in items if each.kind == "photo"}

    def has_photo(request: Any) -> bool:
        sent = (telegram.storage.media[each.media.id.id].name for each in request.multi_media)
        return not photos.isdisjoint(sent)

    telegram.faults.add(
        "sendMultiMedia", error=(403, "CHAT_SEND_PHOTOS_FORBIDDEN"), where=has_photo, times=None
    )
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, causes = await deliver(destination, items)
    assert_one_album(telegram, [items[4], items[7]], receipts)
    assert all(isinstance(cause, Temporary) and cause.scope == "unit" for cause in causes.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("MEDIA_CAPTION_TOO_LONG", "Holi"), ("CHAT_SEND_PLAIN_FORBIDDEN", "")],
)
async def test_a_caption_costs_nobody_the_album(
    telegram: TestTelegram, tmp_path: Path, name: str, expected: str
) -> None:
    """A caption that is refused is shortened or dropped, and the album is posted."""
    items = ten(tmp_path)
    telegram.faults.add("sendMultiMedia", error=(400, name))
    async with opened(telegram, tmp_path / "state") as destination:
        staged = [await destination.stage("default", each) for each in items]
        await destination.post("default", staged, "Holiday " * 20)
    captions = [message.caption for message in telegram.messages]
    assert len(captions[0]) <= 80
    assert captions[0].startswith(expected)
    assert captions[1:] == [""] * 9


@pytest.mark.parametrize("name", ["CHAT_WRITE_FORBIDDEN", "CHANNEL_PRIVATE", "TOPIC_CLOSED"])
async def test_a_closed_chat_holds_back_the_chat(
    telegram: TestTelegram, tmp_path: Path, name: str
) -> None:
    """A chat that may not be written to waits as a whole; another chat gets its posts."""
    telegram.chat("media").forbidden = name
    items = ten(tmp_path)
    async with opened(telegram, tmp_path / "state") as destination:
        staged = [await destination.stage("default", each) for each in items]
        with pytest.raises(Temporary) as caught:
            await destination.post("default", staged, "")
        assert caught.value.scope == ("topic" if name.startswith("TOPIC") else "chat")
        await destination.post("family", staged, "")
    assert len(telegram.in_chat("family")) == 10


async def test_a_stale_access_hash_is_looked_up_again(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """A chat whose access hash is no longer right is found anew, once, and the post goes through."""
    items = ten(tmp_path)[:2]
    async with opened(telegram, tmp_path / "state") as destination:
        await destination.check("default")
    telegram.chat("media").access_hash += 1
    async with opened(telegram, tmp_path / "state") as destination:
        receipts, _ = await deliver(destination, items)
    assert len(receipts) == 2
    assert len(telegram.calls_of("resolveUsername")) == 2
