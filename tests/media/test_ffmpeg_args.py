"""The options of ffmpeg for encoders that this machine may not have, and for sounds and colours that few films have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telespool.config.schema import ConvertSettings
from telespool.media import ffmpeg_args
from telespool.media.playable import MAX_BLOCKS, blocks
from telespool.media.streams import ProbedStream
from telespool.media.video_colours import filters

VIDEO = ProbedStream(index=0, kind="video", codec="mpeg4", width=640, height=480)


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        ("libx264", {"-crf", "-x264-params"}),
        ("h264_nvenc", {"-cq", "-rc"}),
        ("h264_qsv", {"-global_quality"}),
        ("h264_vaapi", {"-rc_mode", "-qp"}),
        ("another", set()),
    ],
)
def test_the_encoder(encoder: str, options: set[str]) -> None:
    """Each is told the quality in its own words."""
    found = ffmpeg_args.picture(VIDEO, ConvertSettings(encoder=encoder, threads=2))
    assert found[:2] == ["-c:v", encoder]
    assert options <= {*found}
    assert found[-2:] == ["-threads", "2"]


@pytest.mark.parametrize(
    ("channels", "joined", "chains"), [(2, (), 1), (6, (), 2), (16, (), 2), (2, (1, 2), 1)]
)
def test_the_sound(channels: int, joined: tuple[int, ...], chains: int) -> None:
    """What no layout is known of gives its first two channels first; two tracks may be one sound."""
    audio = ProbedStream(
        index=1, kind="audio", codec="pcm", channels=channels, sample_rate=48000, joined=joined
    )
    found = ffmpeg_args.sounds(audio, ConvertSettings(), begin=10)
    assert len(found) == chains
    assert all("atrim=start_pts=10" in " ".join(each) for each in found)
    assert ("-filter_complex" in found[0]) == bool(joined)
    assert ("c0=c0|c1=c1" in " ".join(found[0])) == (channels == 16)


def test_a_picture_of_many_blocks() -> None:
    """It is made smaller until it has as few as may be."""
    square = ProbedStream(index=0, kind="video", codec="mpeg4", width=8000, height=8000)
    settings = ConvertSettings(max_width=8192, max_height=8192)
    assert blocks(*ffmpeg_args._size(square, settings)) <= MAX_BLOCKS


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"transfer": "smpte2084", "primaries": "bt2020"}, "tonemap=hable"),
        ({"primaries": "bt2020"}, "min=bt2020nc"),
        ({"primaries": "smpte432", "matrix": "unknown"}, "min=bt709"),
        ({"primaries": "bt2020", "matrix": "gbr", "pixel_format": "gbrp"}, "format=gbrp"),
        ({"primaries": "bt470bg", "matrix": "bt470bg"}, "color_primaries=bt470bg"),
    ],
)
def test_colours(more: dict[str, str], says: str) -> None:
    """Those that reach beyond screens are brought into what screens show."""
    video = replace(VIDEO, codec="hevc", **more)  # type: ignore[arg-type]
    assert says in ",".join(filters(video, "scale=640:480", 640, 480))
