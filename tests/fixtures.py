"""Pytest fixtures: small media, and a home for the daemon beside a test Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from tests.material import Material, shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Home
    from tests.telegram_server import TestTelegram


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that runs in this process sets up its logs; the next test hears what it would without it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Photos and clips, made once."""
    return Material(shared_folder(tmp_path_factory, "material"))


@pytest.fixture
def home(tmp_path: Path, telegram: TestTelegram) -> Home:
    """A spool, a configuration and a login at the fixture `telegram`."""
    from tests.harness import Home  # noqa: PLC0415  tests without Telegram need not import Telethon

    return Home.beside(tmp_path / "home", telegram)
