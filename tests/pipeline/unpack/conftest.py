"""What phones make, for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import live

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def phones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three live photos of Apple's and a motion photo of Google's."""
    place = tmp_path_factory.mktemp("phones")
    files = {}
    for number in (1, 2, 3):
        identifier = f"9C4F1C52-8E5B-4C7E-8B0D-00000000000{number}"
        files[f"IMG_{number}.HEIC"] = live.still(place / f"{number}.heic", number, identifier)
        files[f"IMG_{number}.MOV"] = live.clip(place / f"{number}.mov", number, identifier)
    film = live.clip(place / "film.mp4", 4, codec="h264")
    files["PXL_4.MP.jpg"] = live.motion(place / "PXL_4.MP.jpg", 4, film.read_bytes())
    return files
