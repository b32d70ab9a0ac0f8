"""ffmpeg and ffprobe, each with its trial on a sample that is known to be good.

The sample is a second of H.264 and AAC beside this module. A trial runs the same program within the same limits as the
work it is asked about: ffprobe must find both streams, ffmpeg must decode them and encode them anew.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.media import ffmpeg
from telespool.runtime import subprocesses
from telespool.runtime.tool_health import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.config.schema import ConvertSettings

SAMPLES = Path(__file__).with_name("samples")
FILM = SAMPLES / "film.mp4"
PATIENCE = 10.0
"""Seconds after which a short call is suspected to hang."""

_TIMEOUT = 20.0
_CURE = (
    "Put it right (apt install --reinstall ffmpeg), or say where one is that works: [convert] {}."
)


def ffprobe_tool(settings: ConvertSettings) -> Tool:
    """ffprobe as it is configured."""
    key = ("ffprobe", settings.ffprobe, settings.memory)
    return Tool("ffprobe", key, partial(_probe, settings), _CURE.format("ffprobe"))


def ffmpeg_tool(settings: ConvertSettings) -> Tool:
    """ffmpeg as it is configured, with its encoder."""
    key = ("ffmpeg", settings.ffmpeg, settings.memory, settings.encoder)
    return Tool("ffmpeg", key, partial(_encode, settings), _CURE.format("ffmpeg"))


async def _probe(settings: ConvertSettings) -> None:
    out = await run_sample(
        [
            ffmpeg.program(settings.ffprobe),
            *("-v", "error", "-of", "csv=p=0", "-show_entries", "stream=codec_name"),
            *ffmpeg.reading(FILM),
        ],
        settings,
    )
    if out.split() != [b"h264", b"aac"]:
        raise Permanent(_answer(out))


def _answer(out: bytes) -> str:
    """What it answered, as people can read it."""
    said = " ".join(out[:80].decode("ascii", "replace").split())
    if not said:
        return "it says nothing of the sample"
    if "\ufffd" in said or not said.isprintable():
        return "what it says of the sample is no answer but rubbish"
    return f"it says “{said}” of the sample"


async def _encode(settings: ConvertSettings) -> None:
    await encode_sample(settings, [], "format=yuv420p", ["-c:v", settings.encoder])


async def encode_sample(
    settings: ConvertSettings, before: Sequence[str], filters: str, encoder: Sequence[str]
) -> None:
    """Decode the sample and encode it anew.

    Permanent, ToolFault, ChildDied, OSError or TimeoutError where that fails.
    """
    out = await run_sample(
        [
            ffmpeg.program(settings.ffmpeg),
            *("-v", "error", "-nostdin", "-progress", "pipe:1", *before),
            *ffmpeg.reading(FILM),
            *("-vf", f"scale=320:240,{filters}", *encoder, "-c:a", "aac", "-f", "null", "-"),
        ],
        settings,
    )
    if b"progress=end" not in out:
        raise Permanent("it did not come to the end of the sample")


async def run_sample(command: Sequence[str], settings: ConvertSettings) -> bytes:
    """Run a program over the sample within the limits of real work; what it says on stdout."""
    code, out, err = await subprocesses.output(
        command, limits=ffmpeg.limits(settings, nice=False), timeout=_TIMEOUT
    )
    if code:
        words = ffmpeg.last_words(err) if err else ""
        raise Permanent(f"it ended with {subprocesses.how_it_ended(code)}{words and ': '}{words}")
    return out
