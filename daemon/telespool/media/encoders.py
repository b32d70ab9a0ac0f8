"""Which encoder is used: the configured one if it works on this machine, else libx264.

An encoder in hardware needs a driver, a device and the right to use it. It is tried on the sample before the first
conversion, and again where one fails; while it does not work libx264 does its work, and `status` says so.
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

_found: dict[str, str] = {}  # the render node that passed the trial, by encoder


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
    if not settings.encoder.endswith("_vaapi"):
        return []
    return ["-vaapi_device", _found.get(settings.encoder) or next(render_nodes(), _ANY_NODE)]


def to_device(settings: ConvertSettings) -> str:
    """The filters, last in the chain, that an encoder in hardware needs."""
    return ",format=nv12,hwupload" if settings.encoder.endswith("_vaapi") else ""


def render_nodes(place: Path = _DRI) -> Iterator[str]:
    """The devices for computing that this user may use; a machine with two graphics cards has two."""
    nodes = sorted(place.glob("renderD*"), key=lambda node: (len(node.name), node.name))
    return (str(node) for node in nodes if os.access(node, os.R_OK | os.W_OK))


async def _try(settings: ConvertSettings) -> None:
    if not settings.encoder.endswith("_vaapi"):
        await _encode(settings, [])
        return
    last: TelespoolError | None = None
    for node in [*render_nodes()] or [_ANY_NODE]:
        try:
            await _encode(settings, ["-vaapi_device", node])
        except TelespoolError as error:
            last = error
        else:
            _found[settings.encoder] = node
            return
    if last is not None:
        raise last


async def _encode(settings: ConvertSettings, before: list[str]) -> None:
    filters = "format=yuv420p" + to_device(settings)
    await known_good.encode_sample(settings, before, filters, ["-c:v", settings.encoder])
