"""What ffprobe says of a file, as typed values.

`probe` starts one ffprobe with a list of allowed demuxers and protocols, bounded memory and time, and reads its
JSON once. Nothing is decoded beyond the few frames ffprobe itself needs to know the codec. What it said is
remembered for as long as the process lives and the bytes stay the same, so that each stage may ask.

Errors: `Permanent` with ffprobe's last words where it finds nothing it can read, `ToolFault` where ffprobe does not
work on this machine, whatever the file.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
from collections import OrderedDict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from telespool.errors import Permanent
from telespool.media import ffmpeg
from telespool.media.known_good import PATIENCE, ffprobe_tool
from telespool.media.stream_choice import NOTHING, StreamChoice, choose
from telespool.media.streams import INTERLACED, ProbedStream
from telespool.runtime import subprocesses
from telespool.runtime.tool_health import HEALTH

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings

_TIMEOUT = 60.0
_COUNTED = 20  # seconds of film in which the pictures of each stream are counted
_STAMP = 1 << 12
_DECODED = 12  # packets whose frames tell what the headers keep to themselves
# Streams of these show themselves only by their first packet.
_HEADERLESS = {"flv", "live_flv", "mpeg"}


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
    created: str = ""
    """When it was taken, as the container says (ISO 8601)."""
    choice: StreamChoice = NOTHING

    @property
    def is_mp4(self) -> bool:
        """Whether the container is of the MP4 and QuickTime family."""
        return self.format.startswith("mov,mp4")

    @property
    def video(self) -> ProbedStream | None:
        """The stream that is the film's picture."""
        return self.choice.video

    @property
    def audio(self) -> ProbedStream | None:
        """The sound that is heard; it may be joined from two tracks."""
        return self.choice.audio

    @property
    def extras(self) -> tuple[ProbedStream, ...]:
        """Every other stream."""
        used = {stream.index for stream in (self.video, self.audio) if stream is not None}
        used.update(self.audio.joined if self.audio is not None else ())
        return tuple(stream for stream in self.streams if stream.index not in used)

    @property
    def length(self) -> float:
        """Seconds of film that are seen or heard, by what the headers say; 0 where they are silent."""
        ends = [
            (stream.start if stream.start is not None else self.start)
            - self.start
            + stream.duration
            for stream in (self.video, self.audio)
            if stream is not None and stream.duration
        ]
        return max(ends, default=self.duration)


_known: OrderedDict[tuple[object, ...], Probe] = OrderedDict()
_KNOWN = 256  # files


async def probe(path: Path, settings: ConvertSettings) -> Probe:
    """Ask ffprobe what is in this file, unless it told before."""
    key = await _key(path, settings)
    if key not in _known:
        async with HEALTH.vouched(ffprobe_tool(settings), patience=PATIENCE):
            found = await _ask_enough(path, settings)
            counts = await _count(path, found, settings)
        _remember(key, found, counts, settings)
    _known.move_to_end(key)
    return _known[key]


async def probe_decoding(path: Path, settings: ConvertSettings) -> tuple[str, ...]:
    """Let ffprobe decode all key frames and all sound of a film; return its complaints, one a line.

    What it found meanwhile is remembered for `probe`. For a film of some seconds: there the start of a program takes
    longer than its work.
    """
    key = await _key(path, settings)
    async with HEALTH.vouched(ffprobe_tool(settings), patience=PATIENCE):
        limit = ("-max_pixels", str(settings.max_pixels))
        found, words = await _ask(path, settings, [*limit, "-skip_frame", "nokey"])
    _remember(key, found, {}, settings)
    return tuple(words.decode("utf-8", "replace").splitlines())


async def _key(path: Path, settings: ConvertSettings) -> tuple[object, ...]:
    return (*await asyncio.to_thread(_stamp, path), settings.ffprobe, settings.languages)


def _remember(
    key: tuple[object, ...], found: Probe, counts: dict[int, int], settings: ConvertSettings
) -> None:
    choice = choose(
        found.streams, whole=found.duration, counts=counts, languages=settings.languages
    )
    _known[key] = replace(found, choice=choice)
    while len(_known) > _KNOWN:
        _known.popitem(last=False)


def _stamp(path: Path) -> tuple[object, ...]:
    """What stands for the bytes of a file, wherever it is moved: the file itself, its size, beginning and end."""
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        digest = hashlib.blake2b(file.read(_STAMP), digest_size=16)
        file.seek(max(0, about.st_size - _STAMP))
        digest.update(file.read(_STAMP))
    return about.st_dev, about.st_ino, about.st_size, digest.digest()


async def _count(path: Path, found: Probe, settings: ConvertSettings) -> dict[int, int]:
    """The pictures of each stream near the beginning, where there are several streams that could be the film."""
    films = [each for each in found.streams if each.kind == "video" and not each.is_picture]
    if len(films) < 2:
        return {}
    counts = dict.fromkeys((each.index for each in films), 0)
    command = [
        ffmpeg.program(settings.ffprobe),
        *("-v", "quiet", "-show_entries", "packet=stream_index", "-of", "csv=p=0"),
        *("-select_streams", "v", "-read_intervals", f"%+{_COUNTED}"),
        *ffmpeg.reading(path, deep=found.deep),
    ]
    with contextlib.suppress(TimeoutError):
        _, out, _ = await subprocesses.output(
            command, limits=ffmpeg.limits(settings, nice=False), timeout=_TIMEOUT
        )
        for word in out.decode("ascii", "replace").split():
            index = word.strip(",")
            if index.isdigit() and int(index) in counts:
                counts[int(index)] += 1
    return counts


async def _ask_enough(path: Path, settings: ConvertSettings) -> Probe:
    few = ["-read_intervals", f"%+#{_DECODED}"]
    found, _ = await _ask(path, settings, few)
    kinds = {stream.kind for stream in found.streams if not stream.is_picture}
    silent_or_dark = not {"video", "audio"} <= kinds
    if any(stream.vague for stream in found.streams) or (
        found.format in _HEADERLESS and silent_or_dark
    ):
        again, _ = await _ask(path, settings, few, deep=True)
        # Who finds no more than before need not read so far again.
        return again if again.streams != found.streams else found
    return found


async def _ask(
    path: Path, settings: ConvertSettings, frames: list[str], *, deep: bool = False
) -> tuple[Probe, bytes]:
    """What ffprobe finds, and its complaints; `frames` are the options that say which of them it decodes."""
    command = [
        ffmpeg.program(settings.ffprobe),
        *("-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_programs"),
        *(
            "-show_entries",
            "frame=stream_index,best_effort_timestamp_time,interlaced_frame,top_field_first",
        ),
        *frames,
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
    found = await asyncio.to_thread(_parse, out, ffmpeg.last_words(err) if err else "", deep=deep)
    if found is None or not found.streams:
        words = (
            ffmpeg.last_words(err)
            if err
            else f"ffprobe ended with {subprocesses.how_it_ended(code)}"
        )
        raise Permanent(f"{path.name} cannot be read: {words}")
    return found, err


def _parse(out: bytes, complaint: str, *, deep: bool) -> Probe | None:
    try:
        found = json.loads(out or b"{}")
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    about, frames = found.get("format", {}), found.get("frames", [])
    tags = {str(key).lower(): str(value) for key, value in about.get("tags", {}).items()}
    programs = {
        int(stream.get("index", -1)): int(program.get("program_num", 0) or 0)
        for program in reversed(found.get("programs", []))
        for stream in program.get("streams", [])
    }
    return Probe(
        format=str(about.get("format_name", "")),
        brand=tags.get("major_brand", "").strip(),
        start=_seconds(about.get("start_time")) or 0.0,
        duration=_seconds(about.get("duration")) or 0.0,
        score=int(about.get("probe_score", 0)),
        streams=tuple(_stream(stream, frames, programs) for stream in found.get("streams", [])),
        complaint=complaint,
        deep=deep,
        created=tags.get("creation_time", ""),
    )


def _stream(
    found: dict[str, Any], frames: list[dict[str, Any]], programs: dict[int, int]
) -> ProbedStream:
    tags = {str(key).lower(): str(value) for key, value in found.get("tags", {}).items()}
    mine = [frame for frame in frames if frame.get("stream_index") == found.get("index")]
    return ProbedStream(
        index=int(found.get("index", 0)),
        kind=str(found.get("codec_type", "data")),
        codec=str(found.get("codec_name", "")).replace("unknown", ""),
        profile=str(found.get("profile", "")).replace("unknown", ""),
        tag=str(found.get("codec_tag_string", "")),
        flags=frozenset(name for name, is_set in found.get("disposition", {}).items() if is_set),
        language=tags.get("language", ""),
        title=tags.get("title", "") or tags.get("handler_name", ""),
        program=programs.get(int(found.get("index", 0)), 0),
        start=_seconds(found.get("start_time")),
        duration=_seconds(found.get("duration")) or _clock(tags.get("duration", "")),
        frames=int(found.get("nb_frames", 0)),
        width=int(found.get("width", 0)),
        height=int(found.get("height", 0)),
        pixel_format=str(found.get("pix_fmt", "")),
        level=int(found.get("level", 0)),
        field_order=_field_order(found, mine),
        aspect=_aspect(str(found.get("sample_aspect_ratio", ""))),
        rotation=_rotation(found),
        transfer=str(found.get("color_transfer", "")),
        matrix=str(found.get("color_space", "")),
        primaries=str(found.get("color_primaries", "")),
        full_range=found.get("color_range") == "pc",
        reorders=int(found.get("has_b_frames", 0)) > 0,
        first_shown=_seconds(mine[0].get("best_effort_timestamp_time")) if mine else None,
        base_rate=_fraction(str(found.get("r_frame_rate", ""))),
        average_rate=_fraction(str(found.get("avg_frame_rate", ""))),
        channels=int(found.get("channels", 0)),
        layout=str(found.get("channel_layout", "")),
        sample_rate=int(found.get("sample_rate", 0)),
    )


def _seconds(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def _clock(text: str) -> float | None:
    """The seconds of “00:01:02.5”, as Matroska notes the length of a track."""
    parts = [_seconds(part) for part in text.split(":")]
    if len(parts) != 3 or None in parts:
        return None
    hours, minutes, seconds = (part or 0.0 for part in parts)
    return hours * 3600 + minutes * 60 + seconds


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
    if said in INTERLACED or 2 * len(fields) <= len(mine):
        return said
    return "tt" if fields[0].get("top_field_first") else "bb"


def _rotation(found: dict[str, Any]) -> int:
    turns = [entry["rotation"] for entry in found.get("side_data_list", []) if "rotation" in entry]
    turns.append(found.get("tags", {}).get("rotate", 0))
    return round(_seconds(turns[0]) or 0.0) % 360
