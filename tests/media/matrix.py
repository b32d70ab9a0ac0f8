"""Pictures, sounds and containers in every combination that ffmpeg writes: for `scripts/odd-videos` alone.

What must be done follows from the parts: a picture that does not play everywhere is encoded; else a sound that does not is; else
a container that does not is changed.
"""

from __future__ import annotations

from itertools import product

from tests.media.clip_making import X264, Clip

_PICTURES = {
    "h264": X264,
    "hevc": "-c:v libx265 -preset ultrafast -x265-params log-level=error -tag:v hvc1",
    "mpeg4": "-c:v mpeg4 -q:v 4",
    "mpeg2": "-c:v mpeg2video -q:v 4",
    "vp9": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8",
    "mjpeg": "-c:v mjpeg -q:v 4 -pix_fmt yuvj420p",
}
_SOUNDS = {
    "aac": "-c:a aac",
    "mp3": "-c:a libmp3lame",
    "ac3": "-c:a ac3",
    "opus": "-c:a libopus -ar 48000",
    "pcm": "-c:a pcm_s16le",
    "none": "-an",
}
# The pictures and sounds each of them holds.
_CONTAINERS = {
    "mp4": ("h264 hevc mpeg4 vp9", "aac mp3 ac3 opus none"),
    "mov": ("h264 hevc mpeg4 mjpeg", "aac mp3 ac3 pcm none"),
    "mkv": ("h264 hevc mpeg4 mpeg2 vp9 mjpeg", "aac mp3 ac3 opus pcm none"),
    "avi": ("mpeg4 mpeg2 mjpeg", "mp3 ac3 pcm none"),
    "ts": ("h264 hevc mpeg2", "aac mp3 ac3 none"),
}


def _verdict(picture: str, sound: str, container: str) -> str:
    if picture != "h264":
        return "encode"
    if sound not in {"aac", "mp3", "none"}:
        return "audio"
    return "send" if container == "mp4" else "remux"


def _clip(picture: str, sound: str, container: str) -> Clip:
    options = f"{_PICTURES[picture]} {_SOUNDS[sound]}"
    options += " -movflags +faststart" if container in {"mp4", "mov"} else ""
    return Clip(
        f"{picture}-{sound}.{container}", _verdict(picture, sound, container), options,
        flashes=sound != "none",
    )  # fmt: skip


COMBINATIONS = {
    clip.name: clip
    for container, (pictures, sounds) in _CONTAINERS.items()
    for picture, sound in product(pictures.split(), sounds.split())
    for clip in [_clip(picture, sound, container)]
}
