"""What is to be done with a file before Telegram plays it everywhere.

`assess` looks at the content, never at the name, and says one of

    send      as it is
    remux     only the container is wrong: copy the streams into an MP4 with its index in front
    audio     the sound is wrong too: copy the video, encode the audio
    encode    the video is wrong: encode both
    split     it is right, but larger than one message may be
    document  a photo of a shape that Telegram refuses, or a sound file: as a file
    skip      neither photo nor video
    refuse    a photo or video that nobody can read, or that nobody should open

each with its reasons as a person would say them. Telegram accepts much that no phone plays, so its errors
cannot be the judge. Plays everywhere: H.264 up to High, 8 bit 4:2:0, progressive, level at most 4.2, with AAC
or MP3 in stereo, or silent, in an MP4 that begins with its index and holds nothing else.

`assess` raises only `ConfigError` (no ffprobe) and OSError (the file is gone).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from telespool.errors import Permanent
from telespool.media import mp4_boxes
from telespool.media import sniff as sniffing
from telespool.media.probe import Probe, ProbedStream, probe
from telespool.model import VideoInfo

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

Kind = Literal["photo", "video", "gif", "audio", "other", "unreadable"]
Action = Literal["send", "remux", "audio", "encode", "split", "document", "skip", "refuse"]

MAX_LEVEL = 42
MAX_BLOCKS = 8704  # macroblocks of 16 x 16 in a frame, by level 4.2
_PROFILES = {"Constrained Baseline", "Baseline", "Main", "High"}
_PIXELS = {"yuv420p", "yuvj420p"}
_AUDIO = {"aac", "mp3"}
_AAC_PROFILES = {"", "LC", "HE-AAC", "HE-AACv2"}
_RAW = {"h264", "hevc", "m4v", "mpegvideo", "h261", "h263", "av1", "obu", "vc1", "dirac"}
_MIN_AUDIO_SCORE = 26  # below it ffprobe has guessed: random bytes look like MP3 now and then


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a file is and what is to be done with it.

    `frame` is there for videos and animated GIFs; `streams` describes each stream in a few words; `probe` is what
    ffprobe said of a video.
    """

    kind: Kind
    action: Action
    reasons: tuple[str, ...] = ()
    mime: str = ""
    frame: VideoInfo | None = None
    streams: tuple[str, ...] = ()
    probe: Probe | None = None

    def to_json(self) -> dict[str, Any]:
        """The verdict for `telespool explain --json`."""
        frame = self.frame
        return {
            "kind": self.kind,
            "verdict": self.action,
            "reasons": list(self.reasons),
            "mime": self.mime,
            "width": frame.width if frame else None,
            "height": frame.height if frame else None,
            "duration": frame.duration if frame else None,
            "silent": frame.silent if frame else None,
            "streams": list(self.streams),
        }


async def assess(
    path: Path, settings: ConvertSettings, *, max_bytes: int | None = None
) -> Assessment:
    """Look at a file and say what it is and what is to be done. `max_bytes` is what one message may hold."""
    head, size = await asyncio.to_thread(_head, path)
    seen = sniffing.sniff(head)
    if not size:
        return _refused(path, f"{path.name} is empty")
    if seen.kind == "playlist":
        if sniffing.media_name(path.name):
            return _refused(
                path,
                f"{path.name} is a playlist ({seen.name}) that points to other files or addresses:"
                " it is not opened; drop the video itself",
            )
        return Assessment(
            kind="other", action="skip", reasons=("it is a playlist",), mime="text/plain"
        )
    if seen.kind == "other":
        if sniffing.media_name(path.name):
            return _refused(
                path, f"{path.name} is no photo or video, whatever its name says: {seen.name}"
            )
        return Assessment(
            kind="other", action="skip", reasons=(f"it is {seen.name}",), mime=seen.mime
        )
    if seen.kind in {"photo", "gif"}:
        return await asyncio.to_thread(_judge_photo, path, seen)
    return await _judge_video(
        path, settings, seen, oversize=bool(max_bytes) and size > (max_bytes or 0)
    )


def _head(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as file:
        return file.read(sniffing.HEAD), path.stat().st_size


def _refused(path: Path, reason: str, mime: str = "") -> Assessment:
    return Assessment(kind="unreadable", action="refuse", reasons=(reason,), mime=mime)


def _judge_photo(path: Path, seen: sniffing.Sniffed) -> Assessment:
    from telespool.media import photo as photos  # noqa: PLC0415 - videos need no Pillow, which is slow to load

    try:
        look = photos.look(path)
    except Permanent as error:
        return _refused(path, error.reason, seen.mime)
    streams = (f"{seen.name} {look.width} × {look.height}",)
    if look.is_raw:
        return Assessment(
            kind="other", action="skip", reasons=("it is a camera raw",), streams=streams
        )
    if look.frames > 1:
        frame = VideoInfo(look.width, look.height, 0.0, silent=True)
        return Assessment(kind="gif", action="send", mime=seen.mime, frame=frame, streams=streams)
    if look.too_narrow:
        reason = (
            f"{look.width} × {look.height}: Telegram takes no photo whose one side is more than"
            f" {photos.MAX_RATIO} times the other"
        )
        return Assessment(
            kind="photo", action="document", reasons=(reason,), mime=seen.mime, streams=streams
        )
    return Assessment(
        kind="photo", action="send", reasons=look.reasons, mime=seen.mime, streams=streams
    )


async def _judge_video(
    path: Path, settings: ConvertSettings, seen: sniffing.Sniffed, *, oversize: bool
) -> Assessment:
    known = seen.kind != "unknown"
    try:
        found = await probe(path, settings)
    except Permanent as error:
        if known or sniffing.media_name(path.name):
            return _refused(path, await asyncio.to_thread(_why_unreadable, path, error.reason))
        return Assessment(kind="other", action="skip", reasons=("it is neither photo nor video",))
    streams = tuple(describe(stream) for stream in found.streams)
    video = found.video
    if video is None:
        heard = found.audio is not None and (known or found.score >= _MIN_AUDIO_SCORE)
        if heard:
            return Assessment(
                kind="audio",
                action="document",
                reasons=("it is sound without a picture",),
                mime=seen.mime if seen.kind == "audio" else "audio/mp4",
                streams=streams,
                probe=found,
            )
        if known or sniffing.media_name(path.name):
            return _refused(path, f"{path.name} holds no video that can be read")
        return Assessment(kind="other", action="skip", reasons=("it is neither photo nor video",))
    layout = await asyncio.to_thread(mp4_boxes.layout, path) if found.is_mp4 else None
    reason = _why_refused(path, found, video, layout, settings)
    if reason:
        return _refused(path, reason)
    action, reasons = _rung(found, video, layout)
    if action == "send" and oversize:
        action, reasons = "split", ["it is larger than one message may be"]
    width, height = video.shown
    duration = video.duration or found.duration
    return Assessment(
        kind="video",
        action=action,
        reasons=tuple(reasons),
        mime="video/mp4" if action in {"send", "split"} else seen.mime or "video/mp4",
        frame=VideoInfo(width, height, duration, silent=found.audio is None),
        streams=streams,
        probe=found,
    )


def _why_refused(
    path: Path,
    found: Probe,
    video: ProbedStream,
    layout: mp4_boxes.Layout | None,
    settings: ConvertSettings,
) -> str:
    if (layout and layout.protected) or any(stream.protected for stream in found.streams):
        return f"{path.name} is protected against copying (DRM): only its seller's player opens it"
    if not video.codec:
        return f"{path.name} holds a kind of video that ffmpeg does not know ({video.tag or '?'})"
    if video.width * video.height > settings.max_pixels:
        return (
            f"{path.name} claims pictures of {video.width} × {video.height} pixels, more than"
            " convert.max_pixels allows: it is refused, not decoded"
        )
    if video.vague:
        words = found.complaint or "no picture was found"
        return f"{path.name} holds no picture that can be decoded: {words}"
    return ""


def _why_unreadable(path: Path, reason: str) -> str:
    """Say it plainer than ffprobe where the layout tells what is wrong."""
    head, _ = _head(path)
    if head[4:8] not in {b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free"}:
        return reason
    layout = mp4_boxes.layout(path)
    if "moov" not in layout.order:
        return (
            f"{path.name} ends before its index (moov): the recording or the download broke off,"
            " and without the index nothing in it can be found"
        )
    return reason


def _rung(
    found: Probe, video: ProbedStream, layout: mp4_boxes.Layout | None
) -> tuple[Action, list[str]]:
    """The lowest rung of the ladder that gives a file which plays everywhere, and why."""
    picture, sound = _wrong_with_picture(found, video), _wrong_with_sound(found.audio)
    container = _wrong_with_container(found, video, layout)
    if picture:
        return "encode", picture + sound + container
    if sound:
        return "audio", sound + container
    if container:
        return "remux", container
    return "send", []


def _wrong_with_picture(found: Probe, video: ProbedStream) -> list[str]:
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
        wrong.append(f"H.264 level {video.level / 10:.1f}, phones play up to 4.2")
    if -(-video.width // 16) * -(-video.height // 16) > MAX_BLOCKS:
        wrong.append(f"{video.width} × {video.height} is larger than phones decode")
    if video.pixel_format not in _PIXELS:
        wrong.append(f"the pixels are {video.pixel_format or 'unknown'}, phones play yuv420p")
    if video.interlaced:
        wrong.append("it is interlaced")
    if video.hdr:
        wrong.append(f"it is HDR ({video.transfer})")
    if video.width % 2 or video.height % 2:
        wrong.append(f"odd size: {video.width} × {video.height}")
    return wrong


def _wrong_with_sound(audio: ProbedStream | None) -> list[str]:
    if audio is None:
        return []
    wrong = []
    if audio.codec not in _AUDIO:
        wrong.append(f"the sound is {audio.codec}, phones play AAC")
    elif audio.codec == "aac" and audio.profile not in _AAC_PROFILES:
        wrong.append(f"the sound is AAC {audio.profile}, phones play LC")
    if audio.channels > 2:
        wrong.append(f"the sound has {audio.channels} channels")
    if audio.sample_rate > 48_000:
        wrong.append(f"the sound has {audio.sample_rate} samples a second")
    return wrong


def _wrong_with_container(
    found: Probe, video: ProbedStream, layout: mp4_boxes.Layout | None
) -> list[str]:
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


def describe(stream: ProbedStream) -> str:
    """One stream in a few words."""
    if stream.kind == "video":
        rate = stream.average_rate or stream.base_rate
        words = [
            "cover picture" if stream.is_picture else "video",
            stream.codec or stream.tag or "unknown",
            stream.profile,
            f"{stream.width}x{stream.height}",
            stream.pixel_format,
            f"{float(rate):.5g} fps" if rate and not stream.is_picture else "",
            f"turned by {stream.rotation}°" if stream.rotation else "",
            stream.field_order if stream.interlaced else "",
            stream.transfer if stream.hdr else "",
        ]
    elif stream.kind == "audio":
        words = [
            "audio",
            stream.codec or stream.tag or "unknown",
            stream.profile,
            f"{stream.channels} channels",
            f"{stream.sample_rate} Hz",
        ]
    else:
        words = [stream.kind, stream.codec or stream.tag]
    return " ".join(word for word in words if word)
