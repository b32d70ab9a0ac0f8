"""Fixtures for drops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pipeline.drop_house import House

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A new one."""
    return House(tmp_path)


@pytest.fixture
def photos(tmp_path: Path, material: Material) -> Path:
    """A folder with three photos."""
    files = {f"IMG_{n}.jpg": material.photo(n, (640, 480)) for n in (1, 2, 10)}
    return material.named(tmp_path / "photos", files)
