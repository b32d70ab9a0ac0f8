"""What media, destinations and pipeline tell each other: kinds of files, what players need, items to send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["photo", "video", "gif", "document"]


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a player must know of a video before it has it: pixels as shown (rotated), and seconds."""

    width: int
    height: int
    duration: float
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """What a page must know of a photo or a GIF: its size in pixels as shown, and a preview (a JPEG) where needed."""

    width: int
    height: int
    preview: bytes | None = None


@dataclass(slots=True)
class HelperState:
    """What is known of another machine that helps with conversions: times in seconds since the epoch.

    `seconds` is what its last piece took, `speed` the seconds of film it makes a second; `again_at` is when it is asked
    again, None while it may be given work.
    """

    name: str
    version: str = ""
    pieces: int = 0
    failures: int = 0
    seconds: float = 0.0
    speed: float = 0.0
    is_busy: bool = False
    last_failure: str = ""
    failed_at: float | None = None
    again_at: float | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a post, ready to be sent.

    `key` is the random_id (signed 64 bit, never 0) and `upload_key` the file_id; both are derived from job
    and unit, so that a repeated request is the same request. `path` holds the bytes to send; `name` is what
    people see. `thumbnail` is a JPEG of at most 320 x 320. `picture` is there for photos and GIFs where the destination
    shows previews. `clip` makes a photo a live photo: both are one message.
    `caption` is its own, beside that of its post: Markdown. `cover` is a
    JPEG of a video that is sharp, where `thumbnail` is small.
    """

    key: int
    upload_key: int
    path: Path
    name: str
    kind: Kind
    mime: str
    frame: VideoInfo | None = None
    thumbnail: bytes | None = None
    picture: Picture | None = None
    clip: Item | None = None
    caption: str = ""
    cover: bytes | None = None


@dataclass(frozen=True, slots=True)
class PostStyle:
    """How a post appears. A destination that has no such thing leaves it out.

    `topic` is the name (a text) or the id of a forum's topic, `send_as` the channel or group in whose name it is
    posted.
    """

    silent: bool = False
    spoiler: bool = False
    protect: bool = False
    caption_above: bool = False
    topic: str | int = ""
    send_as: str = ""


PLAIN = PostStyle()
