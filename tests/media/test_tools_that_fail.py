"""Programs that hang, or an encoder without a driver: the film is blamed only where a sample passes the same way."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import Seconds
from telespool.errors import Permanent, ToolFault
from telespool.media import encoders, known_good, probe
from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.runtime.gate import PauseGate
from telespool.runtime.tool_health import HEALTH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from tests.material import Material

pytestmark = pytest.mark.media

AT_THE_FILM = 'case "$*" in *film.avi*) exec sleep 1000 ;; esac'
AT_ALL = "exec sleep 1000"


@pytest.fixture(autouse=True)
def own_health() -> Iterator[None]:
    """What another test found broken is not broken here."""
    HEALTH.reset()
    yield
    HEALTH.reset()


@pytest.fixture
def film(tmp_path: Path, material: Material) -> Path:
    """A film that must be encoded."""
    return shutil.copyfile(material.clip("avi"), tmp_path / "film.avi")


def program(directory: Path, name: str, text: str) -> str:
    """A program of this name that does something else first."""
    path = directory / name
    path.write_text(f'#!/bin/sh\n{text}\nexec "{shutil.which(name)}" "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (AT_THE_FILM, Permanent, "made no progress for 1 seconds"),
        (AT_ALL, ToolFault, "does not come to an end"),
    ],
)
async def test_ffmpeg_gets_nowhere(
    film: Path,
    tmp_path: Path,
    settings: ConvertSettings,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    error: type[Exception],
    words: str,
) -> None:
    """After `convert.stall` it is ended; where the sample hangs as well, the machine is at fault."""
    monkeypatch.setattr(known_good, "_TIMEOUT", 2.0)
    hanging = program(tmp_path, "ffmpeg", text)
    settings = replace(settings, ffmpeg=hanging, stall=Seconds(1.0))
    with pytest.raises(error, match=words):
        await convert(
            film, tmp_path / "out.mp4", settings=settings, gate=PauseGate(), state=tmp_path / "s"
        )
    assert not (tmp_path / "out.mp4").exists()


async def test_ffprobe_hangs(
    film: Path, tmp_path: Path, settings: ConvertSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs at one film alone cannot read that film; what hangs at all of them blames none."""
    monkeypatch.setattr(probe, "_TIMEOUT", 2.0)
    monkeypatch.setattr(known_good, "_TIMEOUT", 2.0)
    hanging = replace(settings, ffprobe=program(tmp_path, "ffprobe", AT_THE_FILM))
    assert (await assess(film, hanging)).action == "refuse"
    HEALTH.reset()
    hanging = replace(settings, ffprobe=program(tmp_path, "ffprobe", AT_ALL))
    with pytest.raises(ToolFault, match="ffprobe does not work on this machine"):
        await assess(film, hanging)


@pytest.mark.parametrize(
    "text",
    [
        'echo "Cannot load libcuda.so.1" >&2; exit 1',
        "kill -SEGV $$",
        "exit 127",
    ],
)
async def test_an_encoder_without_a_driver(
    film: Path, tmp_path: Path, settings: ConvertSettings, text: str
) -> None:
    """The film is converted by libx264 all the same, and what is wrong with the encoder is told."""
    broken = program(tmp_path, "ffmpeg", f'case "$*" in *h264_nvenc*) {text} ;; esac')
    settings = replace(settings, ffmpeg=broken, encoder="h264_nvenc")
    outcome = await convert(
        film, tmp_path / "out.mp4", settings=settings, gate=PauseGate(), state=tmp_path / "s"
    )
    assert outcome.rung == "encode"
    assert (await assess(tmp_path / "out.mp4", settings)).action == "send"
    (outage,) = HEALTH.outages
    assert outage.tool.name == "The encoder h264_nvenc"
    assert f"{encoders.SOFTWARE} is used in its place" in outage.reason


# An ffmpeg whose graphics card is this machine's processor: it notes what it is asked for, and asks libx264.
CARD = """
echo "$*" >> "{asked}"
case "$*" in *"-hwaccel cuda"*) {decoder} ;; esac
for word; do
  shift
  case "$skip$word" in
    yes*) skip= ;;
    -hwaccel|-rc|-cq|-b:v) skip=yes ;;
    h264_nvenc) set -- "$@" libx264 ;;
    *) set -- "$@" "$word" ;;
  esac
done
"""


@pytest.mark.parametrize(("decoder", "works"), [(":", True), ("exit 1", False)])
async def test_a_device_that_encodes_decodes_where_it_can(
    film: Path, tmp_path: Path, settings: ConvertSettings, decoder: str, works: bool
) -> None:
    """What the device was seen to do with the sample it does with films, and nothing else."""
    asked = tmp_path / "asked"
    card = program(tmp_path, "ffmpeg", CARD.format(asked=asked, decoder=decoder))
    settings = replace(settings, ffmpeg=card, encoder="h264_nvenc")
    outcome = await convert(
        film, tmp_path / "out.mp4", settings=settings, gate=PauseGate(), state=tmp_path / "s"
    )
    assert outcome.rung == "encode"
    assert not HEALTH.outages
    assert encoders.decodes(settings) is works
    films = [line for line in asked.read_text().splitlines() if f"{film}" in line]
    encoding = next(line for line in films if "h264_nvenc" in line)
    assert ("-hwaccel cuda" in encoding) is works
