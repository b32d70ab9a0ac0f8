"""Which encoder is used: the configured one if it works on this machine, else libx264.

An encoder in hardware needs a driver, a device and the right to use it. It is tried on the sample before the first
conversion, and again where one fails; while it does not work libx264 does its work, and `status` says so. Where the
same device also decodes the sample it decodes films as well; ffmpeg itself takes the processor for those that it
cannot. The filters, among them the scaling, are the processor's.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.config.tools_validation import X264_PRESETS
from telespool.errors import TelespoolError, ToolFault
from telespool.media import known_good
from telespool.runtime.tool_health import HEALTH, Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.schema import ConvertSettings

SOFTWARE = "libx264"
_PRESET = "medium"  # in the place of one that x264 does not know
_TRUSTED_FOR = 3600.0  # seconds after a trial that passed
_DRI = Path("/dev/dri")
_ANY_NODE = "/dev/dri/renderD128"

_DECODERS = {
    "vaapi": "vaapi",
    "nvenc": "cuda",
    "qsv": "qsv",
}  # what ffmpeg calls them, by the encoder's ending

_found: dict[str, list[str]] = {}  # the options that passed the trial, by encoder


async def usable(settings: ConvertSettings) -> ConvertSettings:
    """The settings with an encoder that works: their own, or libx264."""
    if settings.encoder == SOFTWARE:
        return settings
    try:
        await HEALTH.blame(encoder_tool(settings), time.monotonic() - _TRUSTED_FOR)
    except ToolFault:
        preset = settings.preset if settings.preset in X264_PRESETS else _PRESET
        return replace(settings, encoder=SOFTWARE, preset=preset)
    return settings


def encoder_tool(settings: ConvertSettings) -> Tool:
    """The configured encoder as a tool of its own."""
    return Tool(
        f"The encoder {settings.encoder}",
        ("encoder", settings.ffmpeg, settings.encoder),
        partial(_try, settings),
        "See that its driver is installed and that Telespool's user may use the device (group render).",
        meanwhile=f"{SOFTWARE} is used in its place meanwhile.",
    )


def device(settings: ConvertSettings) -> list[str]:
    """The options, before the input, that an encoder in hardware needs."""
    known = _found.get(settings.encoder)
    return known if known is not None else next(_ways(settings.encoder))


def decodes(settings: ConvertSettings) -> bool:
    """Whether the device of the encoder was seen to decode as well."""
    return "-hwaccel" in _found.get(settings.encoder, ())


def to_device(settings: ConvertSettings) -> str:
    """The filters, last in the chain, that an encoder in hardware needs."""
    return ",format=nv12,hwupload" if settings.encoder.endswith("_vaapi") else ""


def render_nodes(place: Path = _DRI) -> Iterator[str]:
    """The devices for computing that this user may use; a machine with two graphics cards has two."""
    nodes = sorted(place.glob("renderD*"), key=lambda node: (len(node.name), node.name))
    return (str(node) for node in nodes if os.access(node, os.R_OK | os.W_OK))


def _ways(encoder: str) -> Iterator[list[str]]:
    """The options with which an encoder may work, the plainest first."""
    if not encoder.endswith("_vaapi"):
        yield []
        return
    for node in [*render_nodes()] or [_ANY_NODE]:
        yield ["-vaapi_device", node]


async def _try(settings: ConvertSettings) -> None:
    last: TelespoolError | None = None
    for way in _ways(settings.encoder):
        try:
            await _encode(settings, way)
        except TelespoolError as error:
            last = error
        else:
            _found[settings.encoder] = await _with_decoder(settings, way)
            return
    if last is not None:
        raise last


async def _with_decoder(settings: ConvertSettings, way: list[str]) -> list[str]:
    """The options that let the device decode too, if it decodes the sample; else those given."""
    name = _DECODERS.get(settings.encoder.rpartition("_")[2])
    if name is None:
        return way
    on_it = ["-hwaccel_device", way[-1]] if way else []
    both = [*way, "-hwaccel", name, *on_it]
    try:
        await _encode(settings, both)
    except (TelespoolError, OSError, TimeoutError):
        return way
    return both


async def _encode(settings: ConvertSettings, before: list[str]) -> None:
    filters = "format=yuv420p" + to_device(settings)
    await known_good.encode_sample(settings, before, filters, ["-c:v", settings.encoder])
