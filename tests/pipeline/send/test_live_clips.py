"""Clips of live photos that cannot be one, or that nobody can play."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from telespool.config import loader
from telespool.errors import LivePhotoRefused, Permanent
from telespool.pipeline.send.live_photos import LiveClips
from tests.laying import lay

if TYPE_CHECKING:
    from telespool.spool import Spool
    from tests.material import Material

pytestmark = pytest.mark.media


async def test_what_is_no_clip(spool: Spool, material: Material) -> None:
    """It goes as it is; a film that is too long for a clip is left to the converter."""
    clips = LiveClips(spool, loader.parse("", "config.toml"), lambda: None)
    still, text = lay(spool, "uploading/0001_a.jpg"), lay(spool, "uploading/0002~0001_a.mov")
    shutil.copyfile(material.photo(1), still.path)
    for brief in (True, False):
        assert await clips._playing(text.path, "a.mov", spool.tmp / "made", brief=brief) is None
    with pytest.raises((LivePhotoRefused, Permanent)):
        await clips.of(still, text, "image/jpeg", spool.tmp / "workshop")
    shutil.copyfile(material.clip("mp4", seconds=12.0), text.path)
    with pytest.raises(LivePhotoRefused):
        await clips.of(still, text, "image/jpeg", spool.tmp / "workshop")
    await clips.part(still, [still], [1], lambda _: spool.tmp / "apart")
    assert still.path.exists()
