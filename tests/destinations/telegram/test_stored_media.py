"""What messages hold, and what Telegram refuses to say of them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from telethon.tl import types

from telespool.destinations.telegram import stored_media
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.stored_media import StoredMedia
from telespool.errors import Permanent, TelespoolError


class _Telegram:
    """Answers one request after another; the peer is a user or a channel."""

    def __init__(self, *answers: Any, channel: bool = False) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []
        self._channel = channel

    async def peer(self, _: str) -> Any:
        """The one."""
        return types.InputPeerChannel(1, 2) if self._channel else types.InputPeerUser(1, 2)

    async def call(self, request: Any, **_: object) -> Any:
        """The next answer."""
        self.asked.append(type(request).__name__)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Messages:
    """Messages as an answer has them."""

    def __init__(self, *media: Any) -> None:
        self.messages = [_Message(number, each) for number, each in enumerate(media, 1)]


class _Message:
    def __init__(self, number: int, media: Any) -> None:
        self.id, self.media = number, media


class _Piece:
    bytes = b"data"


def film(*attributes: Any) -> Any:
    """A message's document."""
    document = types.Document(1, 2, b"", None, "video/mp4", 4, 2, list(attributes))
    return types.MessageMediaDocument(document=document)


def media_of(telegram: _Telegram) -> StoredMedia:
    """What looks at them."""
    return StoredMedia(cast("Any", telegram), cast("Any", telegram))


@pytest.mark.parametrize("channel", [False, True])
async def test_kinds(monkeypatch: pytest.MonkeyPatch, channel: bool) -> None:
    """A GIF, a film, another file; what is none is missing. Very many are asked for in turn."""
    monkeypatch.setattr(stored_media, "_BATCH", 3)
    monkeypatch.setattr(stored_media, "_PAUSE", 0.0)
    sent = _Messages(
        film(types.DocumentAttributeAnimated()),
        film(types.DocumentAttributeVideo(1.0, 2, 2)),
        film(),
    )
    telegram = _Telegram(sent, _Messages(None), channel=channel)
    found = await media_of(telegram).look("family", [1, 2, 3, 4])
    assert [each.kind for each in found.values()] == ["gif", "video", "document"]
    assert len(telegram.asked) == 2


async def test_pieces() -> None:
    """Of a message that was not looked at yet, too; one that is gone has none."""
    media = media_of(_Telegram(_Messages(film()), _Piece(), _Messages(None)))
    assert await media.piece("family", 1, 0) == b"data"
    with pytest.raises(Permanent, match="Message 2 is gone from the chat 'family'"):
        await media.piece("family", 2, 0)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([_Messages(film()), Refusal("FILE_MIGRATE_4", 303)], "another of Telegram's data centres"),
        ([_Messages(film()), Refusal("FILE_ID_INVALID", 400)], "Message 1 of the chat 'family'"),
        ([Refusal("CHANNEL_PRIVATE", 400)], "family"),
    ],
)
async def test_refusals(answers: list[Any], says: str) -> None:
    """They are told with what they are about."""
    with pytest.raises(TelespoolError, match=says):
        await media_of(_Telegram(*answers)).piece("family", 1, 0)
