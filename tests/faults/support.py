"""What the tests of faults have in common: a job that asks Telegram for everything, and what must come of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from telespool.destinations.telegram.connection import ConnectionLimits
from telespool.destinations.telegram.rpc import RetryPolicy
from tests.material import make_zip, new, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import Message, TestTelegram

HASTY = RetryPolicy(
    flood=5.0,
    pause=0.02,
    pause_max=0.2,
    limits=ConnectionLimits(connect=3.0, answer=1.0, idle=30.0, pong=1.0),
)
"""The daemon's patience, in fractions of a second."""


async def lives(home: Home, telegram: TestTelegram, method: str = "*", **fault: Any) -> bool:
    """Let the daemon live until the fault strikes; whether it did, and the process was ended there."""
    strike = telegram.faults.add(method, **fault)
    living = asyncio.create_task(home.inside(patience=HASTY))
    hung = asyncio.create_task(
        telegram.until(lambda: any(call.outcome == "hung" for call in telegram.calls))
    )
    try:
        await asyncio.wait([living, hung], return_when=asyncio.FIRST_COMPLETED)
        return not living.done()
    finally:
        telegram.faults.scripted.remove(strike)
        telegram.calls.clear()
        for task in (living, hung):
            task.cancel()
        await asyncio.gather(living, hung, return_exceptions=True)


def photos(material: Material, count: int = 4, first: int = 1) -> dict[str, Path]:
    """Photos by name."""
    return {f"IMG_{n}.jpg": material.photo(n) for n in range(first, first + count)}


def big_video(material: Material) -> Path:
    """A video of more than 10 MB, so that it goes in big parts: a clip with room at its end."""
    path = material.directory / "big.mp4"
    with new(path) as making:
        if making is not None:
            room = (11 << 20).to_bytes(4, "big") + b"free"
            noise = bytes(range(256)) * ((11 << 20) // 256)
            making.write_bytes(material.clip("mp4", 90).read_bytes() + room + noise[8:])
    return path


def drop_all(home: Home, material: Material) -> dict[str, Path]:
    """Four photos, a video in small parts and one in big parts, for @family; the files by name."""
    files = photos(material) | {
        "VID_1.mp4": material.clip("mp4", 1),
        "VID_2.mp4": big_video(material),
    }
    home.drop(make_zip(home.directory / "holiday.zip", files), "family")
    return files


def assert_delivered(
    home: Home, telegram: TestTelegram, files: dict[str, Path], chat: str = "family"
) -> None:
    """Each file stands in the chat exactly once, byte for byte, and nothing else lies anywhere."""
    expected = {name: sha256(path) for name, path in files.items()}
    assert by_name(telegram.in_chat(chat)) == sorted(expected.items())
    assert home.at_work() == []
    assert home.lying("quarantine") == []
    assert telegram.violations == []


def by_name(messages: list[Message]) -> list[tuple[str, str]]:
    """Names and digests, sorted; a repeated message is there twice."""
    return sorted((message.name or "", message.sha256 or "") for message in messages)
