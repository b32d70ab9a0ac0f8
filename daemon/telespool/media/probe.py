"""What ffprobe says of a file, as typed values.

`probe` starts one ffprobe with a list of allowed demuxers and protocols, bounded memory and time, and reads its
JSON once. Nothing is decoded beyond the few frames ffprobe itself needs to know the codec.

Errors: `Permanent` with ffprobe's last words where it finds nothing it can read, `ConfigError` where ffprobe is
missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from telespool.errors import Permanent
from telespool.media import ffmpeg
from telespool.runtime import subprocesses

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

_TIMEOUT = 60.0
_DECODED = 12  # packets whose frames tell what the headers keep to themselves
# Streams of these show themselves only by their first packet.
_HEADERLESS = {"flv", "live_flv", "mpeg"}
_HDR = {"smpte2084", "arib-std-b67"}
_INTERLACED = {"tt", "bb", "tb", "bt"}
_PROTECTED = {"encv", "enca", "drmi", "drms", "drmt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedStream:
    """One stream. Unknown texts are empty, unknown numbers are 0; sizes are as coded, times in seconds.

    `first_shown` is when its decoder gives out the first picture, None where that did not come at once.
    """

    index: int
    kind: str
    codec: str
    profile: str = ""
    tag: str = ""
    is_default: bool = False
    is_picture: bool = False
    start: float | None = None
    duration: float | None = None
    frames: int = 0
    width: int = 0
    height: int = 0
    pixel_format: str = ""
    level: int = 0
    field_order: str = ""
    aspect: Fraction = Fraction(1)
    rotation: int = 0
    transfer: str = ""
    reorders: bool = False
    first_shown: float | None = None
    base_rate: Fraction = Fraction(0)
    average_rate: Fraction = Fraction(0)
    channels: int = 0
    sample_rate: int = 0

    @property
    def interlaced(self) -> bool:
        """Whether its pictures are fields."""
        return self.field_order in _INTERLACED

    @property
    def hdr(self) -> bool:
        """Whether its brightness curve is PQ or HLG, which plain screens show grey."""
        return self.transfer in _HDR

    @property
    def vague(self) -> bool:
        """Whether nobody knows yet what its frames are like."""
        if self.kind == "video":
            return bool(self.codec) and (self.width < 1 or not self.pixel_format)
        return self.kind == "audio" and bool(self.codec) and self.channels < 1

    @property
    def protected(self) -> bool:
        """Whether it is encrypted."""
        return self.tag in _PROTECTED

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height on the screen: rotated, with square pixels."""
        width, height = Fraction(self.width), Fraction(self.height)
        if self.aspect >= 1:
            width *= self.aspect
        else:
            height /= self.aspect
        if self.rotation in {90, 270}:
            width, height = height, width
        return round(width), round(height)

    @property
    def constant_rate(self) -> Fraction | None:
        """The frame rate where all frames are equally far apart, as far as the header tells."""
        base, average = self.base_rate, self.average_rate
        if base > 0 and average > 0 and abs(base / average - 1) < Fraction(1, 1000):
            return base
        return None


@dataclass(frozen=True, slots=True)
class Probe:
    """One file. `format` is ffprobe's name of the container, `brand` the major brand of an MP4.

    `deep` tells that some stream begins late: who opens the file must read on until it does.
    """

    format: str
    brand: str
    start: float
    duration: float
    score: int
    streams: tuple[ProbedStream, ...]
    complaint: str
    deep: bool = False

    @property
    def is_mp4(self) -> bool:
        """Whether the container is of the MP4 and QuickTime family."""
        return self.format.startswith("mov,mp4")

    @property
    def video(self) -> ProbedStream | None:
        """The stream that is the video: no cover picture; the default one, else the first."""
        found = [s for s in self.streams if s.kind == "video" and not s.is_picture]
        return next((s for s in found if s.is_default), found[0] if found else None)

    @property
    def audio(self) -> ProbedStream | None:
        """The sound that is heard: the default one, else the first that can be decoded."""
        found = [s for s in self.streams if s.kind == "audio" and s.codec and s.channels > 0]
        return next((s for s in found if s.is_default), found[0] if found else None)

    @property
    def extras(self) -> tuple[ProbedStream, ...]:
        """Every other stream."""
        return tuple(s for s in self.streams if s not in {self.video, self.audio})


async def probe(path: Path, settings: ConvertSettings) -> Probe:
    """Ask ffprobe what is in this file."""
    found = await _ask(path, settings, deep=False)
    silent_or_dark = found.video is None or found.audio is None
    if any(stream.vague for stream in found.streams) or (
        found.format in _HEADERLESS and silent_or_dark
    ):
        again = await _ask(path, settings, deep=True)
        # Who finds no more than before need not read so far again.
        return again if again.streams != found.streams else found
    return found


async def _ask(path: Path, settings: ConvertSettings, *, deep: bool) -> Probe:
    command = [
        ffmpeg.program(settings.ffprobe),
        *("-v", "error", "-of", "json", "-show_format", "-show_streams"),
        *(
            "-show_entries",
            "frame=stream_index,best_effort_timestamp_time,interlaced_frame,top_field_first",
        ),
        *("-read_intervals", f"%+#{_DECODED}"),
        *ffmpeg.reading(path, deep=deep),
    ]
    try:
        code, out, err = await subprocesses.output(
            command, limits=ffmpeg.limits(settings, nice=False), timeout=_TIMEOUT
        )
    except TimeoutError:
        raise Permanent(
            f"{path.name} cannot be read: ffprobe did not come to an end within {_TIMEOUT:.0f} s"
        ) from None
    found = _parse(out, ffmpeg.last_words(err) if err else "", deep=deep)
    if found is None or not found.streams:
        words = ffmpeg.last_words(err) if err else f"ffprobe ended with code {code}"
        raise Permanent(f"{path.name} cannot be read: {words}")
    return found


def _parse(out: bytes, complaint: str, *, deep: bool) -> Probe | None:
    try:
        found = json.loads(out or b"{}")
    except ValueError:
        return None
    about, frames = found.get("format", {}), found.get("frames", [])
    tags = {str(key).lower(): str(value) for key, value in about.get("tags", {}).items()}
    return Probe(
        format=str(about.get("format_name", "")),
        brand=tags.get("major_brand", "").strip(),
        start=_seconds(about.get("start_time")) or 0.0,
        duration=_seconds(about.get("duration")) or 0.0,
        score=int(about.get("probe_score", 0)),
        streams=tuple(_stream(stream, frames) for stream in found.get("streams", [])),
        complaint=complaint,
        deep=deep,
    )


def _stream(found: dict[str, Any], frames: list[dict[str, Any]]) -> ProbedStream:
    disposition = found.get("disposition", {})
    mine = [frame for frame in frames if frame.get("stream_index") == found.get("index")]
    return ProbedStream(
        index=int(found.get("index", 0)),
        kind=str(found.get("codec_type", "data")),
        codec=str(found.get("codec_name", "")).replace("unknown", ""),
        profile=str(found.get("profile", "")).replace("unknown", ""),
        tag=str(found.get("codec_tag_string", "")),
        is_default=bool(disposition.get("default")),
        is_picture=bool(disposition.get("attached_pic")),
        start=_seconds(found.get("start_time")),
        duration=_seconds(found.get("duration")),
        frames=int(found.get("nb_frames", 0)),
        width=int(found.get("width", 0)),
        height=int(found.get("height", 0)),
        pixel_format=str(found.get("pix_fmt", "")),
        level=int(found.get("level", 0)),
        field_order=_field_order(found, mine),
        aspect=_aspect(str(found.get("sample_aspect_ratio", ""))),
        rotation=_rotation(found),
        transfer=str(found.get("color_transfer", "")),
        reorders=int(found.get("has_b_frames", 0)) > 0,
        first_shown=_seconds(mine[0].get("best_effort_timestamp_time")) if mine else None,
        base_rate=_fraction(str(found.get("r_frame_rate", ""))),
        average_rate=_fraction(str(found.get("avg_frame_rate", ""))),
        channels=int(found.get("channels", 0)),
        sample_rate=int(found.get("sample_rate", 0)),
    )


def _seconds(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text.replace(":", "/"))
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


def _aspect(text: str) -> Fraction:
    aspect = _fraction(text)
    # Broken headers claim pixels a hundred times as wide as high; nobody has ever seen one.
    return aspect if Fraction(1, 10) < aspect < 10 else Fraction(1)


def _field_order(found: dict[str, Any], mine: list[dict[str, Any]]) -> str:
    """What the container says; where that is not that there are fields, what the first frames say."""
    said = str(found.get("field_order", ""))
    fields = [frame for frame in mine if frame.get("interlaced_frame")]
    if said in _INTERLACED or 2 * len(fields) <= len(mine):
        return said
    return "tt" if fields[0].get("top_field_first") else "bb"


def _rotation(found: dict[str, Any]) -> int:
    turns = [entry["rotation"] for entry in found.get("side_data_list", []) if "rotation" in entry]
    turns.append(found.get("tags", {}).get("rotate", 0))
    return round(_seconds(turns[0]) or 0.0) % 360
