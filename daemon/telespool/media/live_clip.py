"""The clip of a live photo, as Telegram takes it: an MP4 that plays everywhere, of at most ten seconds and 10 MB.

It is seconds long, so it is made when it is sent, by the converter's own code and outside its queue. NeedsConversion
where the film is none that can be the clip of a photo; Temporary, ToolFault and OSError leave as from `convert`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from telespool.belonging import LONGEST
from telespool.errors import NeedsConversion, Permanent
from telespool.media.compatibility import assess
from telespool.media.convert import convert
from telespool.runtime.gate import PauseGate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.media.convert import Progress
    from telespool.media.playable import Rung
    from telespool.model import VideoInfo

MAX_BYTES = 10_000_000
_FITTING = frozenset(["send", "remux", "audio", "encode"])


class ClipMade(NamedTuple):
    """The file, what a player must know of it, and sentences on what is missing in the film it was made of."""

    path: Path
    frame: VideoInfo
    lost: tuple[str, ...] = ()


async def acceptable_clip(
    source: Path,
    directory: Path,
    settings: ConvertSettings,
    *,
    name: str,
    progress: Callable[[Progress], None] | None = None,
    by_itself: bool = False,
) -> ClipMade:
    """Return the clip as Telegram takes it: `source` itself, or a film made in `directory`.

    `by_itself`: it is to be a video of its own, of any length and size.
    """
    verdict = await assess(source, settings, name=name)
    frame = verdict.frame
    if verdict.kind != "video" or verdict.action not in _FITTING or frame is None:
        reasons = "; ".join(verdict.reasons) or "it is no film"
        raise NeedsConversion(f"{name} cannot be the clip of a live photo: {reasons}.")
    if frame.duration > LONGEST and not by_itself:
        raise NeedsConversion(
            f"{name} lasts {frame.duration:.0f} s; the clip of a live photo lasts {LONGEST:.0f} s at most."
        )
    path = source
    if verdict.action == "send" and (by_itself or await _size(path) <= MAX_BYTES):
        return ClipMade(path, frame)
    ways: tuple[Rung, ...] = ("send", "encode") if verdict.action != "encode" else ("encode",)
    if verdict.action == "send":
        ways = ("encode",)
    for way in ways:
        path = directory / f"{way}.mp4"
        try:
            made = await convert(
                source,
                path,
                settings=settings,
                state=directory / way,
                gate=PauseGate(),
                progress=progress,
                at_least=way,
                assessment=verdict,
                name=name,
            )
        except Permanent as error:
            raise NeedsConversion(error.reason) from error
        if by_itself or await _size(path) <= MAX_BYTES:
            return ClipMade(path, frame, made.left_behind[len(verdict.left_behind) :])
    raise NeedsConversion(f"{name} is larger than the clip of a live photo may be (10 MB).")


async def _size(path: Path) -> int:
    return (await asyncio.to_thread(path.stat)).st_size
