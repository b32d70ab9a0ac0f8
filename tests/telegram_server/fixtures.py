"""Pytest fixtures: a running test Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .server import TestTelegram


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[TestTelegram]:
    """A test Telegram that has just been born; a mistake of its own fails the test."""
    from .server import TestTelegram  # noqa: PLC0415  tests without Telegram need not import Telethon

    async with TestTelegram() as server:
        yield server
        assert server.bugs == []


@pytest_asyncio.fixture
async def client(telegram: TestTelegram) -> AsyncIterator[Any]:
    """An unmodified Telethon client, logged in as the person."""
    made = telegram.client(
        account="user", flood_sleep_threshold=0, connection_retries=None, retry_delay=0.05
    )
    await made.connect()
    yield made
    await made.disconnect()
