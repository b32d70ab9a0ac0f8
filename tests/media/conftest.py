"""Fixtures for the tests of media."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import ConvertSettings
from tests.material import shared_folder
from tests.media import clips as making

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The odd video of this name, made once a session. It must not be changed."""
    folder = shared_folder(tmp_path_factory, "clips")
    return lambda name: making.make(name, folder)


@pytest.fixture(scope="session")
def settings() -> ConvertSettings:
    """Settings that are quick."""
    return ConvertSettings(preset="ultrafast", nice=0)
