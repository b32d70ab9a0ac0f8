"""What is to be done with a file before Telegram plays it everywhere.

`assess` looks at the content, never at the name, and says one of

    send      as it is
    remux     only the container is wrong: copy the streams into an MP4 with its index in front
    audio     the sound is wrong too: copy the video, encode the audio
    encode    the video is wrong: encode both
    split     it is right, but larger than one message may be; of a photo: its pages become photos
    document  a photo of a shape that Telegram refuses, or a sound file: as a file
    skip      neither photo nor video
    refuse    a photo or video that nobody can read, or that nobody should open

each with its reasons as a person would say them, and with what is left behind. Telegram accepts much that no phone
plays, so its errors cannot be the judge: `playable` is.

`assess` raises only `ConfigError` (no ffprobe) and OSError (the file is gone).
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from telespool.errors import Permanent
from telespool.file_types import is_raw
from telespool.media import mp4, photo_info, photo_pool, plain_jpeg
from telespool.media import sniff as sniffing
from telespool.media.damage import cut_gif, unwritten
from telespool.media.pages import FOREIGN
from telespool.media.playable import lowest_rung
from telespool.media.probe import Probe, probe
from telespool.media.stream_words import describe, left_behind
from telespool.model import VideoInfo
from telespool.runtime.cancellation import in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.media.streams import ProbedStream

Kind = Literal["photo", "video", "gif", "audio", "other", "unreadable"]
Action = Literal["send", "remux", "audio", "encode", "split", "document", "skip", "refuse"]

_MIN_AUDIO_SCORE = 26  # below it ffprobe has guessed: random bytes look like MP3 now and then
_NOTHING = "it is neither photo nor video"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a file is and what is to be done with it.

    `frame` is there for videos and animated GIFs; `streams` describes each stream in a few words; `probe` is what
    ffprobe said of a video, None where the film is a picture that moves; `pages` are the places of the pictures of a
    photo that are posts of their own. `left_behind` names what the file holds and the post will not. `is_raw`: of a
    camera, and not a picture yet.
    """

    kind: Kind
    action: Action
    reasons: tuple[str, ...] = ()
    mime: str = ""
    frame: VideoInfo | None = None
    streams: tuple[str, ...] = ()
    probe: Probe | None = None
    left_behind: tuple[str, ...] = ()
    pages: tuple[int, ...] = (0,)
    is_raw: bool = False

    def to_json(self) -> dict[str, Any]:
        """The assessment for `telespool explain --json`."""
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
            "left_behind": list(self.left_behind),
        }


async def assess(
    path: Path,
    settings: ConvertSettings,
    *,
    max_bytes: int | None = None,
    name: str = "",
    first: FirstLook | None = None,
) -> Assessment:
    """Look at a file and say what it is and what is to be done.

    `max_bytes` is what one message may hold; `name` is the one people know the file by, where it is not that of `path`;
    `first` is what `first_look` has found, where somebody was in a thread already.
    """
    name = name or path.name
    if first is None:
        first = await in_thread(first_look, path)
    head, size, seen = first.head, first.size, first.seen
    if not size:
        return _refused(f"{name} is empty")
    if seen.kind == "playlist":
        if sniffing.media_name(name):
            return _refused(
                f"{name} is a playlist ({seen.name}) that points to other files or addresses:"
                " it is not opened; drop the video itself",
            )
        return Assessment(
            kind="other", action="skip", reasons=("it is a playlist",), mime="text/plain"
        )
    if seen.kind == "other":
        if seen.mime.startswith("image/") and sniffing.media_name(name):
            return _refused(
                f"{name} is {seen.name}, which is not read: export it as JPEG or PNG and drop that"
            )
        if sniffing.media_name(name):
            return _refused(f"{name} is no photo or video, whatever its name says: {seen.name}")
        if is_raw(head):
            return _raw(seen.name)
        return Assessment(
            kind="other", action="skip", reasons=(f"it is {seen.name}",), mime=seen.mime
        )
    if seen.kind in {"photo", "gif"} and not first.is_sequence:
        return await _assess_photo(path, name, seen, first.jpeg)
    if not any(head):
        return _unknown(name, f"{name} holds nothing but zeros: its content is lost")
    return await _assess_video(
        path, name, settings, seen, oversize=bool(max_bytes) and size > (max_bytes or 0)
    )


class FirstLook(NamedTuple):
    """What the beginning of a file says; `jpeg` is there for one with a usual header."""

    head: bytes
    size: int
    seen: sniffing.Sniffed
    is_sequence: bool
    jpeg: plain_jpeg.Header | None


def first_look(path: Path) -> FirstLook:
    """Read the beginning of a file. Blocks."""
    with path.open("rb") as file:
        return first_look_at(file, os.fstat(file.fileno()).st_size, path)


def first_look_at(
    file: BinaryIO, size: int, path: Path, jpeg: plain_jpeg.Header | None = None
) -> FirstLook:
    """The same of an open file of so many bytes; `jpeg` where that is known."""
    head = file.read(sniffing.HEAD)
    if jpeg is None and head.startswith(plain_jpeg.BEGINNING):
        jpeg = plain_jpeg.header(file, size)
    return FirstLook(head, size, sniffing.sniff(head), _is_sequence(path, head), jpeg)


def _head(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as file:
        return file.read(sniffing.HEAD), os.fstat(file.fileno()).st_size


def _is_sequence(path: Path, head: bytes) -> bool:
    """Whether a HEIC is a film of pictures: these have an index, as films do."""
    return head[8:12] in {b"hevc", b"hevx", b"msf1"} and "moov" in mp4.layout(path).order


def _refused(reason: str, mime: str = "") -> Assessment:
    return Assessment(kind="unreadable", action="refuse", reasons=(reason,), mime=mime)


def _raw(*streams: str) -> Assessment:
    return Assessment(
        kind="other", action="skip", reasons=("it is a camera raw",), streams=streams, is_raw=True
    )


def _unknown(name: str, reason: str, *, is_media: bool = False) -> Assessment:
    """What nobody can read: refused where people take it for a photo or video, left out where not."""
    if is_media or sniffing.media_name(name):
        return _refused(reason)
    return Assessment(kind="other", action="skip", reasons=(_NOTHING,))


async def _assess_photo(
    path: Path, name: str, seen: sniffing.Sniffed, jpeg: plain_jpeg.Header | None
) -> Assessment:
    if seen.name in FOREIGN:
        foreign = f"Telegram takes JPEG and PNG, this is {seen.name.upper()}"
        return Assessment(kind="photo", action="encode", reasons=(foreign,), mime=seen.mime)
    try:
        look = await photo_pool.look_closer(path, jpeg)
    except Permanent as error:
        return _refused(error.reason.replace(path.name, name), seen.mime)
    size = f"{look.width} × {look.height}"
    streams = (f"{seen.name} {size}",)
    if look.is_raw:
        return _raw(*streams)
    action: Action = "send"
    reasons: tuple[str, ...] = look.reasons
    if look.frames > 1:
        frame = VideoInfo(look.width, look.height, 0.0, silent=True)
        if seen.kind == "gif":
            cut = await in_thread(cut_gif, path)
            return Assessment(
                kind="gif",
                action="send",
                mime=seen.mime,
                frame=frame,
                streams=streams,
                left_behind=cut,
            )
        moves = f"it moves ({look.frames} pictures), and Telegram shows that only as a video"
        return Assessment(
            kind="video",
            action="encode",
            reasons=(moves,),
            mime=seen.mime,
            frame=frame,
            streams=streams,
        )
    if len(look.pages) > photo_info.MAX_PAGES:
        action, reasons = "document", (f"it has more than {photo_info.MAX_PAGES} pages: as a file",)
    elif len(look.pages) > 1:
        action, reasons = "split", (f"it has {len(look.pages)} pages, and each becomes a photo",)
    elif look.too_narrow:
        shape = f"{size}: Telegram takes no photo whose one side is more than {photo_info.MAX_RATIO} times the other"
        action, reasons = "document", (shape,)
    return Assessment(
        kind="photo",
        action=action,
        reasons=reasons,
        mime=seen.mime,
        streams=streams,
        left_behind=look.left_behind,
        pages=look.pages,
    )


async def _assess_video(
    path: Path, name: str, settings: ConvertSettings, seen: sniffing.Sniffed, *, oversize: bool
) -> Assessment:
    known = seen.kind != "unknown"
    try:
        found = await probe(path, settings)
    except Permanent:
        return _unknown(
            name, await asyncio.to_thread(_why_unreadable, path, name, seen), is_media=known
        )
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
        return _unknown(name, f"{name} holds no video that can be read", is_media=known)
    layout = await asyncio.to_thread(mp4.layout, path) if found.is_mp4 else None
    reason = _why_refused(name, found, video, layout, settings)
    if reason:
        return _refused(reason)
    rung, reasons = lowest_rung(found, video, layout)
    action: Action = rung
    if rung == "send" and oversize:
        action, reasons = "split", ["it is larger than one message may be"]
    width, height = video.shown
    duration = found.length or await asyncio.to_thread(_length, path)
    return Assessment(
        kind="video",
        action=action,
        reasons=tuple(reasons),
        mime="video/mp4" if action in {"send", "split"} else seen.mime or "video/mp4",
        frame=VideoInfo(width, height, duration, silent=found.audio is None),
        streams=streams,
        probe=found,
        left_behind=(*unwritten(layout, duration), *left_behind(found)),
    )


def _length(path: Path) -> float:
    """Seconds by the frames themselves, where the header of an MP4 says nothing; 0 where it is none."""
    tracks = mp4.tracks(path, b"vide", b"soun")
    return max((each.end / each.timescale for each in tracks if each is not None), default=0.0)


def _why_refused(
    name: str,
    found: Probe,
    video: ProbedStream,
    layout: mp4.Layout | None,
    settings: ConvertSettings,
) -> str:
    if (layout and layout.protected) or any(stream.protected for stream in found.streams):
        return f"{name} is protected against copying (DRM): only its seller's player opens it"
    if layout and 0 < layout.frames.looked_at == layout.frames.empty:
        return f"{name} holds only zeros where its pictures should be: the download or the copy did not end"
    if not video.codec:
        return f"{name} holds a kind of video that ffmpeg does not know ({video.tag or '?'})"
    # Of pictures that are too large ffprobe names the size in its complaint alone.
    claimed = re.search(r"(\d+) × (\d+) pixels", found.complaint)
    width, height = map(int, claimed.groups()) if claimed else (video.width, video.height)
    if width * height > settings.max_pixels:
        return (
            f"{name} claims pictures of {width} × {height} pixels, more than"
            " convert.max_pixels allows: it is refused, not decoded"
        )
    if video.vague:
        return (
            f"{name} holds no picture that can be decoded: it is damaged, or it is encrypted by the"
            " player or the seller it comes from"
        )
    return ""


def _why_unreadable(path: Path, name: str, seen: sniffing.Sniffed) -> str:
    """What can be said of a file that ffprobe knows nothing of."""
    head, size = _head(path)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free"}:
        layout = mp4.layout(path)
        if "moov" not in layout.order:
            return (
                f"{name} ends before its index (moov): the recording or the download broke off,"
                " and without the index nothing in it can be found"
            )
    if seen.kind in {"video", "audio"}:
        return (
            f"{name} begins like {_article(seen.name)} file, but what follows is damaged or missing"
        )
    return (
        f"{name} is no photo or video that can be read: its content ({size} bytes) is damaged or of"
        " an unknown format"
    )


def _article(word: str) -> str:
    return f"an {word}" if word[:1] in "aeimorx" and word != "raw" else f"a {word}"
