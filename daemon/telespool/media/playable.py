"""What plays everywhere, and what of a video does not: the limits, in one place, for judging and for encoding.

H.264 up to High, 8 bit 4:2:0, progressive, one set of parameters from beginning to end, with AAC or MP3 in stereo,
or silent, in an MP4 that begins with its index and holds nothing else. Size and rate are those of level 5.2 (table A-1
of ITU-T H.264): phones have recorded up to it since 2015 and decode what they record; Android asks its decoders to
change sizes up to their largest (CDD 5.3), and none made in these years stops below 4096 x 2304. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from telespool.media.stream_words import describe
from telespool.media.video_colours import is_wide

if TYPE_CHECKING:
    from telespool.media.mp4 import Layout
    from telespool.media.probe import Probe
    from telespool.media.streams import ProbedStream

Rung = Literal["send", "remux", "audio", "encode"]

MAX_LEVEL = 52
MAX_BLOCKS = 36_864  # macroblocks of 16 x 16 in a frame
MAX_BLOCK_RATE = 2_073_600  # and in a second
_PROFILES = {"Constrained Baseline", "Baseline", "Main", "High"}
_PIXELS = {"yuv420p", "yuvj420p"}
_AUDIO = {"aac", "mp3"}
_AAC_PROFILES = {"", "LC", "HE-AAC", "HE-AACv2"}
_RAW = {"h264", "hevc", "m4v", "mpegvideo", "h261", "h263", "av1", "obu", "vc1", "dirac"}


def blocks(width: int, height: int) -> int:
    """The macroblocks of a frame of this size."""
    return -(-width // 16) * -(-height // 16)


def lowest_rung(found: Probe, video: ProbedStream, layout: Layout | None) -> tuple[Rung, list[str]]:
    """The lowest rung of the ladder that gives a file which plays everywhere, and why."""
    picture, sound = _wrong_with_picture(found, video, layout), _wrong_with_sound(found.audio)
    container = _wrong_with_container(found, video, layout)
    if picture:
        return "encode", picture + sound + container
    if sound:
        return "audio", sound + container
    if container:
        return "remux", container
    return "send", []


def _wrong_with_picture(found: Probe, video: ProbedStream, layout: Layout | None) -> list[str]:
    wrong = []
    if found.format in _RAW or (found.format in {"avi", "asf"} and video.reorders):
        wrong.append("its frames carry no times that could be copied")
    if video.codec != "h264":
        wrong.append(f"the video is {video.codec}, phones play H.264")
        if video.hdr:
            wrong.append(f"it is HDR ({video.transfer})")
        return wrong
    if video.profile not in _PROFILES:
        wrong.append(f"H.264 {video.profile or 'of an unknown profile'}, phones play up to High")
    if video.level > MAX_LEVEL:
        wrong.append(f"H.264 level {video.level / 10:.1f}, phones play up to 5.2")
    if blocks(video.width, video.height) > MAX_BLOCKS:
        wrong.append(f"{video.width} × {video.height} is larger than phones decode")
    if video.pixel_format not in _PIXELS:
        wrong.append(f"the pixels are {video.pixel_format or 'unknown'}, phones play yuv420p")
    if video.interlaced:
        wrong.append("it is interlaced")
    if video.hdr:
        wrong.append(f"it is HDR ({video.transfer})")
    if is_wide(video):
        wrong.append("its colours are wider than most screens show (BT.2020 or P3)")
    if layout is not None and layout.frames.parameters > 1:
        wrong.append("its size or its parameters change midway")
    if video.width % 2 or video.height % 2:
        wrong.append(f"odd size: {video.width} × {video.height}")
    return wrong


def _wrong_with_sound(audio: ProbedStream | None) -> list[str]:
    if audio is None:
        return []
    wrong = []
    if audio.joined:
        wrong.append("left and right are tracks of their own")
    if audio.codec not in _AUDIO:
        wrong.append(f"the sound is {audio.codec}, phones play AAC")
    elif audio.codec == "aac" and audio.profile not in _AAC_PROFILES:
        wrong.append(f"the sound is AAC {audio.profile}, phones play LC")
    if audio.channels > 2:
        wrong.append(f"the sound has {audio.channels} channels")
    if audio.sample_rate > 48_000:
        wrong.append(f"the sound has {audio.sample_rate} samples a second")
    return wrong


def _wrong_with_container(found: Probe, video: ProbedStream, layout: Layout | None) -> list[str]:
    wrong = []
    if layout is None:
        wrong.append(f"the container is {found.format.split(',')[0]}, not MP4")
    else:
        if found.brand in {"qt", ""}:
            wrong.append("it is a QuickTime file")
        if video.codec == "h264" and video.tag != "avc1":
            wrong.append(f"the video is marked {video.tag}, not avc1")
        if layout.fragmented:
            wrong.append("it is fragmented")
        elif not layout.index_first:
            wrong.append("its index (moov) stands at the end")
        if not layout.complete:
            missing = f": {layout.missing} bytes are missing" if layout.missing else ""
            wrong.append(f"it is truncated{missing}")
    if found.extras:
        names = ", ".join(describe(stream) for stream in found.extras)
        wrong.append(f"more than one video and one sound: {names}")
    return wrong
