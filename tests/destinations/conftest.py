"""A folder destination, and a place where what it posts lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.destinations.folder.destination import FolderDestination
from tests.destinations.folders import CHATS, NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A place where the files to post lie."""
    spool = tmp_path / "spool"
    spool.mkdir()
    return spool


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[FolderDestination]:
    """An open destination in a folder that was not there."""
    folder = FolderDestination(tmp_path / "posts", CHATS, clock=lambda: NOON)
    await folder.open()
    yield folder
    await folder.close()
