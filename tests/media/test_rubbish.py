"""Programs that are there and answer rubbish, nothing, or without an end: the tool's fault, in words, never the film's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.archives.engine import Engine
from telespool.config.schema import ArchiveSettings, ConvertSettings
from telespool.errors import ConfigError, ToolFault
from telespool.media.known_good import FILM
from telespool.media.probe import probe
from telespool.media.thumbnail import thumbnail
from telespool.model import VideoInfo
from telespool.runtime.tool_health import HEALTH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUBBISH = "head -c 3000000 /dev/urandom; exit 0"
pytestmark = pytest.mark.media


@pytest.fixture(autouse=True)
def _well() -> Iterator[None]:
    HEALTH.reset()
    yield
    HEALTH.reset()


def program(path: Path, script: str) -> str:
    """A program that does this."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (RUBBISH, "no answer but rubbish"),
        ("exit 0", "it says nothing of the sample"),
        ("echo '[1]'", "it says “[1]” of the sample"),
        ("echo '{\"streams\": [3]}'", "of the sample"),
    ],
)
async def test_ffprobe(tmp_path: Path, script: str, says: str) -> None:
    """What it answers is told as people can read it."""
    settings = replace(ConvertSettings(), ffprobe=program(tmp_path / "ffprobe", script))
    with pytest.raises(ToolFault, match="ffprobe does not work") as raised:
        await probe(FILM, settings)
    assert says in raised.value.reason
    assert "b'" not in raised.value.reason


@pytest.mark.parametrize("script", [RUBBISH, "head -c 90000000 /dev/zero >&2; exit 1", "exit 0"])
async def test_ffmpeg(tmp_path: Path, script: str) -> None:
    """A thumbnail that is none, and a flood of complaints, are no fault of the film."""
    settings = replace(ConvertSettings(), ffmpeg=program(tmp_path / "ffmpeg", script))
    frame = VideoInfo(320, 240, 1.0)
    with pytest.raises(ToolFault, match="ffmpeg does not work"):
        await thumbnail(FILM, frame, settings)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo oh dear >&2; exit 127", "ended with code 127: “oh dear”"),
        ("exit 0", "says nothing, and not which 7-Zip it is"),
        (RUBBISH, "says rubbish, and not which 7-Zip it is"),
    ],
)
async def test_seven_zip(tmp_path: Path, script: str, says: str) -> None:
    """One that is there is not called missing."""
    path = program(tmp_path / "7zz", script)
    with pytest.raises(ConfigError) as raised:
        await Engine.find(ArchiveSettings(command=(path,)))
    assert str(raised.value) == f"7-Zip is there and does not work: {path} {says}"
