"""What the tests of deaths use, these use too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash import media
from tests.crash.conftest import converting, place

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["converting", "place"]


@pytest.fixture
def fast_media(monkeypatch: pytest.MonkeyPatch) -> media.Converting:
    """Judge and convert in no time; everything else is real, threads and events too."""
    return media.replace(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where a spool may be made."""
    return tmp_path / "spool"
