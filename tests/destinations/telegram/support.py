"""What the tests of the Telegram destination have in common: settings, items, and impatience."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from telespool.config.schema import Bytes, DatacenterSettings, Seconds, TelegramSettings
from telespool.config.secrets import Secrets
from telespool.destinations.telegram import TelegramDestination
from telespool.destinations.telegram.address import Address
from telespool.destinations.telegram.connection import ConnectionLimits
from telespool.destinations.telegram.rpc import RetryPolicy
from telespool.model import Item, Kind, VideoInfo
from telespool.spool import identifiers
from tests import through
from tests.telegram_server.helpers import photo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from tests.telegram_server import TestTelegram

CHATS = {"default": "@media", "family": "@family", "me": "me", "grace": "+15550200"}
PART = 512 << 10
HASTY = RetryPolicy(
    flood=5.0,
    pause=0.02,
    pause_max=0.1,
    tries=3,
    posting=4,
    limits=ConnectionLimits(connect=3.0, answer=1.0, idle=30.0, pong=1.0),
)


def settings(telegram: TestTelegram, **changes: Any) -> TelegramSettings:
    """The configuration that leads to this server."""
    values: dict[str, Any] = {
        "api_id": telegram.API_ID,
        "datacenter": DatacenterSettings(
            id=telegram.dc_id,
            address=str(Address(telegram.dc_id, telegram.host, telegram.port)),
            public_key=telegram.public_key,
        ),
        "part_timeout": Seconds(3.0),
        "proxy": through.proxy(telegram),
    } | changes
    if "window" in values:
        values["window"] = Bytes(values["window"])
    return TelegramSettings(**values)


def secrets(telegram: TestTelegram, **changes: Any) -> Secrets:
    """The api-hash of this server, and the key of the proxy on the way."""
    known = Secrets(api_hash=telegram.API_HASH, proxy_secret=through.secret())
    given = {
        name: value for name, value in changes.items() if value is not None or name == "api_hash"
    }
    return replace(known, **given)


@asynccontextmanager
async def opened(
    telegram: TestTelegram,
    state: Path,
    *,
    chats: Mapping[str, str] = CHATS,
    account: str | None = "user",
    patience: RetryPolicy = HASTY,
    bot_token: str | None = None,
    proxy_secret: str | None = None,
    **changes: Any,
) -> AsyncIterator[TelegramDestination]:
    """An open destination, logged in as `account` unless a session is there already."""
    state.mkdir(exist_ok=True)
    if account is not None and not (state / "telegram.session").exists():
        telegram.session_file(state / "telegram.session", account)
    destination = TelegramDestination(
        settings(telegram, **changes),
        chats,
        secrets(telegram, bot_token=bot_token, proxy_secret=proxy_secret),
        state,
        patience=patience,
    )
    await destination.open()
    try:
        yield destination
    finally:
        await destination.close()


def item(
    path: Path,
    kind: Kind = "photo",
    *,
    number: int = 1,
    mime: str = "",
    thumbnail: bytes | None = None,
    frame: VideoInfo | None = None,
) -> Item:
    """An item as the uploader makes it of a unit."""
    status = path.stat()
    stamp = f"{status.st_size}-{status.st_mtime_ns}"
    default = {"photo": "image/jpeg", "video": "video/mp4", "gif": "image/gif"}
    if kind == "video" and frame is None:
        frame = VideoInfo(320, 240, 2.5)
    return Item(
        key=identifiers.random_id("20010101-000000_default_x", number),
        upload_key=identifiers.file_id("20010101-000000_default_x", number, "", stamp),
        path=path,
        name=path.name,
        kind=kind,
        mime=mime or default.get(kind, "application/octet-stream"),
        frame=frame,
        thumbnail=thumbnail,
    )


def photo_file(directory: Path, number: int = 1) -> Item:
    """A small JPEG."""
    path = directory / f"IMG_{number}.jpg"
    path.write_bytes(photo())
    return item(path, number=number)


def video_file(directory: Path, size: int, number: int = 1, **values: Any) -> Item:
    """Random bytes that call themselves a video: the test Telegram takes our word for it."""
    path = directory / f"clip_{number}.mp4"
    with path.open("wb") as file:
        for start in range(0, size, 1 << 20):
            file.write(os.urandom(min(1 << 20, size - start)))
    return item(path, "video", number=number, **values)


async def send(
    destination: TelegramDestination, items: list[Item], caption: str = "", chat: str = "default"
) -> Mapping[int, int]:
    """Stage all of them, one after the other, and post them as one."""
    staged = [await destination.stage(chat, each) for each in items]
    return await destination.post(chat, staged, caption)
