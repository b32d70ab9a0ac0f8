"""Parts and media are checked as Telegram checks them."""

from __future__ import annotations

import hashlib
import io
import os
from typing import Any

import pytest
from telethon import errors
from telethon.errors import RPCError
from telethon.tl import functions, types

from .helpers import as_document, photo, take_in, upload, video
from .server import TestTelegram
from .storage import Storage
from .wire import Refused

pytestmark = pytest.mark.telegram
BIG = (10 << 20) + 12_345


async def test_send_file(telegram: TestTelegram, client: Any) -> None:
    """Telethon's own send_file arrives byte for byte, with caption, kind and size in pixels."""
    stream = io.BytesIO(photo(640, 480, "PNG"))
    stream.name = "IMG_1.png"
    sent = await client.send_file("@media", stream, caption="one")
    (message,) = telegram.messages
    assert (message.id, message.chat, message.kind) == (sent.id, "media", "photo")
    assert (message.caption, message.name) == ("one", "IMG_1.png")
    assert (message.width, message.height) == (640, 480)
    assert telegram.content(message) == stream.getvalue()
    assert message.sha256 == hashlib.sha256(stream.getvalue()).hexdigest()


async def test_big_file(telegram: TestTelegram, client: Any) -> None:
    """A file of more than 10 MB comes in big parts and is put together in order."""
    data = os.urandom(BIG)
    file = await upload(client, data, "a.mp4")
    media = await take_in(client, "me", as_document(file, video()))
    await client(functions.messages.SendMediaRequest("me", media, "", random_id=5))
    (message,) = telegram.messages
    assert (message.kind, message.size) == ("video", BIG)
    assert telegram.content(message) == data
    assert set(telegram.part_counts.values()) == {1}


async def test_video_attributes(telegram: TestTelegram, client: Any) -> None:
    """Width, height, duration, streaming, silence and thumbnail of a video are kept."""
    small, thumbnail = photo(320, 180), photo(320, 180)
    file = await upload(client, small, "clip.mp4")
    thumb = await upload(client, thumbnail, "thumb.jpg")
    document = as_document(file, video(1920, 1080, 3.5), thumb=thumb, nosound_video=True)
    await client(functions.messages.SendMediaRequest("me", document, "", random_id=5))
    (message,) = telegram.messages
    assert (message.width, message.height, message.duration) == (1920, 1080, 3.5)
    assert message.supports_streaming
    assert message.nosound
    assert (message.mime, message.thumbnail) == ("video/mp4", thumbnail)


async def test_too_large_thumbnail_is_ignored(telegram: TestTelegram, client: Any) -> None:
    """A thumbnail of more than 320 pixels is as good as none."""
    file = await upload(client, photo(), "clip.mp4")
    thumb = await upload(client, photo(640, 360), "thumb.jpg")
    document = as_document(file, video(), thumb=thumb)
    await client(functions.messages.SendMediaRequest("me", document, "", random_id=5))
    assert telegram.messages[0].thumbnail is None


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: photo(7000, 3001), "PHOTO_INVALID_DIMENSIONS"),
        (lambda: photo(21, 1), "PHOTO_INVALID_DIMENSIONS"),
        (lambda: photo()[:100], "IMAGE_PROCESS_FAILED"),
        (lambda: b"not a picture", "IMAGE_PROCESS_FAILED"),
    ],
)
async def test_photos_telegram_refuses(client: Any, make: Any, error: str) -> None:
    """Too large, too long, cut off, no picture at all: each is refused by its own name."""
    file = await upload(client, make(), "a.jpg")
    with pytest.raises(RPCError) as refused:
        await take_in(client, "me", types.InputMediaUploadedPhoto(file))
    assert _name(refused.value) == error


@pytest.mark.parametrize(("width", "height"), [(6000, 4000), (2000, 100)])
async def test_photo_limits_are_inclusive(client: Any, width: int, height: int) -> None:
    """Ten thousand pixels round the corner, and twenty to one, are just allowed."""
    file = await upload(client, photo(width, height), "a.jpg")
    assert await take_in(client, "me", types.InputMediaUploadedPhoto(file))


async def test_photo_of_more_than_10_mb(client: Any) -> None:
    """A photo of more than 10 MB is PHOTO_SAVE_FILE_INVALID."""
    file = await upload(client, os.urandom(BIG), "a.jpg")
    with pytest.raises(errors.PhotoSaveFileInvalidError):
        await take_in(client, "me", types.InputMediaUploadedPhoto(file))


async def test_photo_with_a_strange_name(client: Any) -> None:
    """A photo whose name ends otherwise than a picture's is PHOTO_EXT_INVALID."""
    file = await upload(client, photo(), "a.heic")
    with pytest.raises(errors.PhotoExtInvalidError):
        await take_in(client, "me", types.InputMediaUploadedPhoto(file))


async def test_forgotten_part(telegram: TestTelegram, client: Any) -> None:
    """A part that was forgotten is asked for by number, and is enough when it comes again."""
    data = os.urandom(BIG)
    file = await upload(client, data, "a.mp4")
    assert telegram.forget_parts(file.id, [3]) == 1
    with pytest.raises(errors.FilePartMissingError) as missing:
        await take_in(client, "me", as_document(file))
    assert missing.value.which == 3
    part = data[3 * (512 << 10) : 4 * (512 << 10)]
    await client(functions.upload.SaveBigFilePartRequest(file.id, 3, file.parts, part))
    assert await take_in(client, "me", as_document(file))
    assert telegram.part_counts[file.id, 3] == 2


async def test_wrong_md5(client: Any) -> None:
    """A small file whose MD5 is not what was promised is refused."""
    file = await upload(client, photo(), "a.jpg")
    file.md5_checksum = "0" * 32
    with pytest.raises(errors.Md5ChecksumInvalidError):
        await take_in(client, "me", types.InputMediaUploadedPhoto(file))


async def test_part_rules() -> None:
    """Empty, too large, uneven, changing, beyond the end, beyond the limit: each is refused by its name."""
    storage = Storage(most_parts=4)
    part = bytes(512 << 10)
    for number, data, total, name in (
        (0, b"", 2, "FILE_PART_EMPTY"),
        (0, part + b"x", 2, "FILE_PART_TOO_BIG"),
        (0, part[:-1], 2, "FILE_PART_SIZE_INVALID"),
        (0, bytes(3 << 10), 2, "FILE_PART_SIZE_INVALID"),
        (2, part, 2, "FILE_PART_INVALID"),
        (4, part, None, "FILE_PART_INVALID"),
        (0, part, 5, "FILE_PARTS_INVALID"),
    ):
        with pytest.raises(Refused, match=f"^{name}$"):
            storage.save_part(1, number * 10 + len(data), number, data, total)
    storage.save_part(1, 7, 0, part, 3)
    with pytest.raises(Refused, match="FILE_PART_SIZE_CHANGED"):
        storage.save_part(1, 7, 1, part[: 256 << 10], 3)
    with pytest.raises(Refused, match="FILE_PARTS_INVALID"):
        storage.save_part(1, 7, 1, part, 2)


async def test_wrong_number_of_parts(client: Any) -> None:
    """Fewer parts than were sent are not the file."""
    file = await upload(client, os.urandom(BIG), "a.mp4")
    file.parts -= 1
    with pytest.raises(errors.FilePartsInvalidError):
        await take_in(client, "me", as_document(file))


async def test_stale_file_reference(telegram: TestTelegram, client: Any) -> None:
    """A file reference that has expired is refused, and uploadMedia gives a new one."""
    file = await upload(client, photo(), "a.jpg")
    media = await take_in(client, "me", types.InputMediaUploadedPhoto(file))
    telegram.storage.expire_references()
    with pytest.raises(errors.FileReferenceExpiredError):
        await client(functions.messages.SendMediaRequest("me", media, "", random_id=5))
    media = await take_in(client, "me", types.InputMediaUploadedPhoto(file))
    await client(functions.messages.SendMediaRequest("me", media, "", random_id=5))
    assert len(telegram.messages) == 1


async def test_counting_only() -> None:
    """With keep=False sizes are known and bytes are not."""
    async with TestTelegram(keep=False) as telegram:
        client = telegram.client(account="user")
        await client.connect()
        file = await upload(client, os.urandom(BIG), "a.mp4")
        await client(functions.messages.SendMediaRequest("me", as_document(file), "", random_id=5))
        (message,) = telegram.messages
        assert (message.size, message.sha256, telegram.content(message)) == (BIG, None, b"")
        await client.disconnect()
        assert telegram.bugs == []


def _name(error: RPCError) -> str:
    """The name of an error, from Telethon's class."""
    from telethon.errors.rpcerrorlist import rpc_errors_dict  # noqa: PLC0415  used here alone

    names = {kind: name for name, kind in rpc_errors_dict.items()}
    return str(names.get(type(error), error.message))
