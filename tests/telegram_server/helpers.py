"""Small things to send, and the requests an uploader makes of them. For the tests of the test Telegram."""

from __future__ import annotations

import hashlib
import io
import os
import random
from typing import TYPE_CHECKING, Any

from PIL import Image
from telethon import utils
from telethon.tl import functions, types

if TYPE_CHECKING:
    from .server import TestTelegram

PART = 512 << 10


def photo(width: int = 64, height: int = 48, kind: str = "JPEG") -> bytes:
    """A picture of one colour, never the same twice."""
    colour = tuple(os.urandom(3))
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, kind)
    return stream.getvalue()


async def upload(client: Any, data: bytes, name: str, *, file_id: int | None = None) -> Any:
    """Send all parts of a file; the InputFile."""
    file_id = random.getrandbits(62) if file_id is None else file_id
    parts = [data[start : start + PART] for start in range(0, len(data), PART)]
    big = len(data) > 10 << 20
    for number, part in enumerate(parts):
        if big:
            await client(functions.upload.SaveBigFilePartRequest(file_id, number, len(parts), part))
        else:
            await client(functions.upload.SaveFilePartRequest(file_id, number, part))
    if big:
        return types.InputFileBig(file_id, len(parts), name)
    digest = hashlib.md5(data).hexdigest()  # noqa: S324  what InputFile carries
    return types.InputFile(file_id, len(parts), name, digest)


def as_document(file: Any, *attributes: Any, mime: str = "video/mp4", **values: Any) -> Any:
    """An uploaded document with its name as an attribute."""
    named = types.DocumentAttributeFilename(file.name)
    return types.InputMediaUploadedDocument(file, mime, [named, *attributes], **values)


def video(width: int = 320, height: int = 240, duration: float = 2.0) -> Any:
    """The attribute of a video that streams."""
    return types.DocumentAttributeVideo(duration, width, height, supports_streaming=True)


async def take_in(client: Any, peer: Any, media: Any) -> Any:
    """uploadMedia, and the InputMedia that stands for the result."""
    taken = await client(functions.messages.UploadMediaRequest(peer, media))
    return utils.get_input_media(getattr(taken, "photo", None) or taken.document)


async def staged_photo(client: Any, peer: Any, name: str = "a.jpg") -> Any:
    """A photo, uploaded and taken in, ready for an album."""
    file = await upload(client, photo(), name)
    return await take_in(client, peer, types.InputMediaUploadedPhoto(file))


def album(peer: Any, media: list[Any], first_id: int = 1) -> Any:
    """sendMultiMedia with consecutive random ids and no captions."""
    items = [
        types.InputSingleMedia(one, "", random_id=first_id + place)
        for place, one in enumerate(media)
    ]
    return functions.messages.SendMultiMediaRequest(peer, items)


def single(peer: Any, media: Any, random_id: int = 1, caption: str = "") -> Any:
    """sendMedia."""
    return functions.messages.SendMediaRequest(peer, media, caption, random_id=random_id)


def ids(updates: Any) -> dict[int, int]:
    """Message id by random id, as the answer has it."""
    return {
        update.random_id: update.id
        for update in updates.updates
        if isinstance(update, types.UpdateMessageID)
    }


async def logged_in(telegram: TestTelegram, **options: Any) -> Any:
    """A connected client of the person's account."""
    client = telegram.client(account="user", **options)
    await client.connect()
    return client
