"""What a source lacks: what its header promises, and its packets do not keep.

Only what is certain is said: a whole film is never called broken off. Blocks. Errors: OSError.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from telespool.media import mp4
from telespool.runtime import plain_files

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.media.conversion_context import ConversionContext

_LEAST = 0.7  # seconds that headers may be wrong by
_SHARE = 50  # and this part of the whole
_GIF_SCREEN = 10  # where the flags of the whole stand
_GIF_EXTENSION, _GIF_PICTURE = b"!", b","


def missing(work: ConversionContext) -> tuple[str, ...]:
    """A sentence on what is missing at the end; none for a film that is whole, and where nobody can know."""
    layout = mp4.layout(work.source) if work.found.is_mp4 else None
    cut = layout.missing if layout else 0
    promised, there = work.video.frames, work.scan.count + work.scan.hidden + _blank(work)
    # In a whole MP4 it is an edit list that leaves frames out, and that is meant so.
    if promised > there + 1 and (cut or not (work.found.is_mp4 and mp4.track(work.source))):
        return (f"it breaks off: {there} of {promised} frames are there{_seconds(work)}",)
    # Some containers count their duration from zero, others from where they begin.
    lasting = max((stream.duration or 0.0 for stream in work.found.streams), default=0.0)
    whole = min(work.found.duration, lasting or math.inf)
    end = max(work.scan.end, work.scan.end - work.found.start)
    if not work.scan.jumps and whole - end > max(_LEAST, whole / _SHARE):
        return (f"it breaks off: {end:.1f} of {whole:.1f} seconds are there",)
    if cut:
        return (f"it breaks off: its last {cut} bytes are missing",)
    return unwritten(layout, work.length)


def unwritten(layout: mp4.Layout | None, duration: float) -> tuple[str, ...]:
    """Return a sentence on the part of an MP4 that holds only zeros; none where there is no such part.

    `duration` is that of the whole film, in seconds.
    """
    if layout is None or not layout.frames.empty:
        return ()
    lost = max(duration * layout.frames.empty / layout.frames.looked_at, 0.1)
    said = f"about {lost:.1f} of its {duration:.1f} seconds are missing"
    return (f"{said}: there the file holds only zeros, as where a download did not end",)


def cut_gif(path: Path) -> tuple[str, ...]:
    """Return a sentence on the picture within which a GIF ends; none where it ends between two, or with its mark.

    The blocks are those of the GIF89a specification.
    """
    with plain_files.opened(path) as file:
        file.seek(_GIF_SCREEN)
        flags = file.read(3)
        if len(flags) < 3:
            return ()
        file.seek(_color_table(flags[0]), os.SEEK_CUR)
        while (introducer := file.read(1)) in {_GIF_EXTENSION, _GIF_PICTURE}:
            # What stands before the data of an extension: its label; of a picture: its place, its colors, a size.
            head = file.read(1 if introducer == _GIF_EXTENSION else 9)
            if introducer == _GIF_PICTURE and len(head) == 9:
                file.seek(_color_table(head[8]) + 1, os.SEEK_CUR)
            while size := file.read(1):
                if size == b"\0" or len(file.read(size[0])) < size[0]:
                    break
            if size != b"\0":
                return ("it breaks off: its last picture is cut short",)
    return ()


def _color_table(flags: int) -> int:
    """The bytes of the table of colors that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _seconds(work: ConversionContext) -> str:
    whole, end = work.found.length, work.length
    return f" ({end:.1f} of {whole:.1f} seconds)" if 0 < end < whole else ""


def _blank(work: ConversionContext) -> int:
    """The empty frames of an AVI: it counts them, and they only say that the one before lasts longer."""
    times, rate = work.scan.times, work.video.base_rate
    if work.found.format != "avi" or not times or rate <= 0:
        return 0
    places = round((times[-1] - min(times[0], work.found.start)) * rate) + 1
    return max(0, places - work.scan.count)
