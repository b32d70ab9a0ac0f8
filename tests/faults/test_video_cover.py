"""The sharp picture of a video is brought in requests of its own: whatever dies among them, all stands once, and whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.support import HASTY, assert_delivered, lives
from tests.harness import Home
from tests.material import make_zip

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_the_process_dies_at_each_step(
    tmp_path: Path, telegram: TestTelegram, material: Material, when: str
) -> None:
    """It ends before, or after, each request in turn: the album stands once, the video with its cover."""
    settings: dict[str, dict[str, object]] = {"send": {"video_cover": True, "order": "name"}}
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    files = {"IMG_1.jpg": material.photo(1), "VID_1.mp4": material.clip("mp4", 1)}
    home.drop(make_zip(home.directory / "trip.zip", files), "family")
    died: set[tuple[Any, ...]] = set()

    def step(request: Any) -> bool:
        media = getattr(request, "media", None)
        which = (
            type(request).__name__.removesuffix("Request"),
            getattr(request, "file_id", 0),
            getattr(request, "file_part", 0),
            getattr(getattr(media, "file", None), "id", 0),
        )
        if which[0] not in {"SaveFilePart", "UploadMedia", "SendMultiMedia"} or which in died:
            return False
        if len(died) >= number:  # one to a life: others may be under way
            return False
        died.add(which)
        return True

    number = 1
    while await lives(home, telegram, hang=when, where=step, times=None):
        number += 1

    steps = sorted(name for name, *_ in died)
    assert steps == [*["SaveFilePart"] * 4, "SendMultiMedia", *["UploadMedia"] * 3]
    assert_delivered(home, telegram, files)
    photo, video = telegram.in_chat("family")
    assert photo.grouped_id == video.grouped_id is not None
    assert photo.cover is None
    assert video.cover is not None


async def test_a_cover_that_is_refused_costs_the_video_nothing(
    tmp_path: Path, telegram: TestTelegram, material: Material
) -> None:
    """Where Telegram does not take the cover, the video is sent without one."""
    home = Home.beside(tmp_path / "home", telegram, settings={"send": {"video_cover": True}})
    clip = material.clip("mp4", 1)
    telegram.faults.refuse("cover.jpg", "IMAGE_PROCESS_FAILED", at="uploadMedia")
    home.drop(clip, "family", "VID_1.mp4")
    await home.inside(patience=HASTY)
    assert_delivered(home, telegram, {"VID_1.mp4": clip})
    assert telegram.in_chat("family")[0].cover is None
