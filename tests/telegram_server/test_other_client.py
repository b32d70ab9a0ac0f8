"""The test Telegram against a client that is not ours and not Telethon: it was written from the documentation, not for them."""

from __future__ import annotations

import hashlib
import importlib
import logging
import struct
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import rsa

from .helpers import photo

if TYPE_CHECKING:
    from pathlib import Path

    from .server import TestTelegram

pytestmark = pytest.mark.telegram


async def imported() -> Any:
    """The other library. It asks for an event loop on import, and leaves one open where none runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own code
        logging.getLogger("pyrogram").setLevel(logging.CRITICAL)
        return pytest.importorskip("pyrogram", reason="kurigram is not installed")


def fingerprint(key: rsa.PublicKey) -> int:
    """The low 64 bits of the SHA-1 of the key. core.telegram.org/mtproto/auth_key"""

    def packed(number: int) -> bytes:
        data = number.to_bytes((number.bit_length() + 7) // 8, "big")
        head = bytes([len(data)]) if len(data) < 254 else struct.pack("<I", len(data) << 8 | 254)
        return head + data + bytes(-(len(head) + len(data)) % 4)

    digest = hashlib.sha1(packed(key.n) + packed(key.e), usedforsecurity=False).digest()
    return int.from_bytes(digest[-8:], "little", signed=True)


async def prepared(telegram: TestTelegram, **options: Any) -> Any:
    """A client that finds this server where it expects Telegram's."""
    pyrogram = await imported()
    keys: Any = importlib.import_module("pyrogram.crypto.rsa")
    auth: Any = importlib.import_module("pyrogram.session").Auth

    key = rsa.PublicKey.load_pkcs1(telegram.server_key.pem.encode())
    keys.server_public_keys[fingerprint(key)] = keys.PublicKey(key.n, key.e)
    client = pyrogram.Client(
        "other", telegram.API_ID, telegram.API_HASH, in_memory=True, no_updates=True, **options
    )
    await client.storage.open()
    place = (2, telegram.host, telegram.port, False)
    await client.storage.api_id(telegram.API_ID)
    for name, value in zip(("dc_id", "server_address", "port", "test_mode"), place, strict=True):
        await getattr(client.storage, name)(value)
    await client.storage.date(0)
    await client.storage.auth_key(await auth(client, *place).create())
    await client.storage.user_id(0)  # it asks who it is
    await client.storage.is_bot(True)
    client.storage.open = _nothing
    return client


async def _nothing() -> None:
    """It is open already."""


async def test_another_library_logs_in_and_posts(telegram: TestTelegram, tmp_path: Path) -> None:
    """Key exchange, login by token, an upload in parts, a photo, an album, and the messages read back."""
    paths = [tmp_path / f"IMG_{n}.jpg" for n in range(1, 4)]
    for path in paths:
        path.write_bytes(photo())
    film = tmp_path / "notes.bin"
    film.write_bytes(bytes(range(256)) * 6000)
    client = await prepared(telegram, bot_token=telegram.BOT_TOKEN)
    await client.start()
    try:
        assert client.me.id == telegram.directory.bot.id
        one = await client.send_photo("media", str(paths[0]), caption="one")
        document = await client.send_document("media", str(film))
        types = (await imported()).types
        album = await client.send_media_group(
            "media", [types.InputMediaPhoto(str(path)) for path in paths[1:]]
        )
        numbers = [one.id, document.id, *(message.id for message in album)]
        back = await client.get_messages("media", numbers)
    finally:
        await client.stop()
    assert [message.id for message in back] == [message.id for message in telegram.messages]
    assert [message.kind for message in telegram.messages] == [
        "photo",
        "document",
        "photo",
        "photo",
    ]
    assert telegram.messages[2].grouped_id == telegram.messages[3].grouped_id is not None
    digests = [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (paths[0], film, *paths[1:])
    ]
    assert [message.sha256 for message in telegram.messages] == digests
