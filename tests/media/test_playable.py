"""What phones record, phones play: nothing is scaled or encoded for limits that its own maker exceeds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from telespool.media.ffmpeg_args import plan
from telespool.media.mp4 import Layout
from telespool.media.mp4_frames import Look
from telespool.media.playable import lowest_rung
from telespool.media.probe import Probe
from telespool.media.stream_choice import choose
from telespool.media.streams import ProbedStream

if TYPE_CHECKING:
    from telespool.config.schema import ConvertSettings

WHOLE = Layout(("ftyp", "moov", "mdat"), 32, 0)
SCREEN = ProbedStream(
    index=0,
    kind="video",
    codec="h264",
    profile="High",
    tag="avc1",
    width=1080,
    height=2400,
    pixel_format="yuv420p",
    level=51,
    average_rate=Fraction(60),
    base_rate=Fraction(60),
)


def found(video: ProbedStream) -> Probe:
    """An MP4 with this picture alone."""
    return Probe("mov,mp4,m4a", "isom", 0.0, 10.0, 100, (video,), "", choice=choose([video]))


@pytest.mark.parametrize(
    ("width", "height", "level"),
    [(1080, 2400, 51), (1440, 3200, 52), (886, 1920, 50), (3840, 2160, 51), (1920, 1080, 42)],
)
def test_screens_and_cameras_of_phones(width: int, height: int, level: int) -> None:
    """H.264 of the sizes and levels that phones record is sent as it is."""
    video = replace(SCREEN, width=width, height=height, level=level)
    assert lowest_rung(found(video), video, WHOLE) == ("send", [])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"level": 60}, "level 6.0"),
        ({"width": 7680, "height": 4320}, "larger than phones decode"),
        ({"primaries": "bt2020"}, "wider"),
        ({"pixel_format": "yuv420p10le"}, "yuv420p10le"),
    ],
)
def test_what_no_phone_records(more: dict[str, object], words: str) -> None:
    """What is beyond is encoded, with the reason."""
    video = replace(SCREEN, **more)  # type: ignore[arg-type]
    rung, reasons = lowest_rung(found(video), video, WHOLE)
    assert rung == "encode"
    assert any(words in reason for reason in reasons)


def test_parameters_that_change() -> None:
    """A picture with more than one set of parameters is encoded."""
    rung, _ = lowest_rung(found(SCREEN), SCREEN, replace(WHOLE, frames=Look(parameters=2)))
    assert rung == "encode"


@pytest.mark.parametrize(
    ("width", "height", "made"),
    [
        (1080, 2400, (1080, 2400)),
        (2400, 1080, (2400, 1080)),
        (3840, 2160, (1920, 1080)),
        (2160, 3840, (1080, 1920)),
        (161, 119, (162, 120)),
    ],
)
def test_sizes_of_what_is_encoded(
    settings: ConvertSettings, width: int, height: int, made: tuple[int, int]
) -> None:
    """A phone's screen keeps its size in another codec as well; larger pictures fit into the box."""
    planned = plan(replace(SCREEN, codec="hevc", width=width, height=height), settings)
    assert (planned.width, planned.height) == made
