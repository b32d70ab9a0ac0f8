"""Every number and text of [convert] works at both ends: a film is converted with it, or the sentence names the key."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from telespool.config.fields import fields
from telespool.config.keys import DAY
from telespool.config.schema import Bytes, ConvertSettings, Seconds
from telespool.errors import Permanent
from telespool.media import encoders
from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.runtime.gate import PauseGate
from tests.material import shared_folder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.media

_LARGE: dict[Any, float] = {Seconds: 100 * 365 * DAY, Bytes: 1 << 50, int: 10**9}
_REFUSES = {"max_pixels", "timeout", "stall"}
_TEXTS = {
    "preset": ("ultrafast", "placebo"),
    "audio_bitrate": ("8k", "512000"),
    "languages": ((), ("xx", "en", "zh-Hant")),
    "encoder": ("libx264", "h264_of_nobody"),
}


def ends() -> list[dict[str, Any]]:
    """All keys at their least, all at their most, and those alone that could hide behind others."""
    least, most = {}, {}
    for each, hint in fields(ConvertSettings):
        if hint in _LARGE:
            low, high = each.metadata["low"], each.metadata["high"]
            least[each.name] = hint(low or 0)
            most[each.name] = hint(_LARGE[hint] if high is None else high)
    texts = [{name: values[n] for name, values in _TEXTS.items()} for n in (0, 1)]
    together = {name: value for name, value in least.items() if name not in _REFUSES}
    alone = ("crf", "memory", "max_fps", *_REFUSES)
    return [together | texts[0], most | texts[1], *({name: least[name]} for name in sorted(alone))]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of what no phone plays, with sound."""
    path = shared_folder(tmp_path_factory, "extreme") / "film.avi"
    if not path.exists():
        made = path.with_suffix(f".{os.getpid()}.avi")  # another worker may make it as well
        inputs = [
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=320x180:r=25:d=0.5",
            "-f",
            "lavfi",
            "-i",
            "sine=d=0.5",
        ]
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", *inputs, "-c:v", "mpeg4", "-c:a", "mp3", made],
            check=True,
        )
        made.rename(path)
    return path


@pytest.mark.parametrize("values", ends(), ids=lambda values: "-".join(sorted(values)))
async def test_a_film_is_converted(film: Path, tmp_path: Path, values: dict[str, Any]) -> None:
    """It plays everywhere; only what limits by its nature may refuse it, by its name."""
    settings = dataclasses.replace(ConvertSettings(preset="ultrafast"), **values)
    settings = await encoders.usable(settings)
    result = tmp_path / "out.mp4"
    refused = ""
    try:
        await convert(film, result, settings=settings, gate=PauseGate(), state=tmp_path / "state")
    except Permanent as error:
        refused = error.reason
    if refused:
        (key,) = values
        assert key in _REFUSES
        assert f"convert.{key}" in refused
    else:
        assert (await assess(result, ConvertSettings())).action == "send"


async def test_another_encoder_leaves_a_preset_that_x264_knows() -> None:
    """Where an encoder in hardware does not work, its preset is not handed to libx264."""
    settings = await encoders.usable(ConvertSettings(encoder="h264_of_nobody", preset="p4"))

    assert (settings.encoder, settings.preset) == ("libx264", "medium")
