"""What the server saw, for tests to look at: calls, connections, messages. Plain data, no behaviour."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

MediaKind = Literal["text", "photo", "video", "gif", "audio", "document"]


@dataclass(slots=True)
class ConnectionRecord:
    """One TCP connection, from its opening to its end."""

    number: int
    media_only: bool
    opened: float
    closed: float | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    initialised: bool = False
    without_updates: bool = False


@dataclass(slots=True)
class Call:
    """One request: what it was about, and (as soon as it is known) what became of it."""

    number: int
    at: float
    connection: int
    account: int | None
    name: str
    chat: str | None = None
    random_ids: tuple[int, ...] = ()
    file_id: int | None = None
    part: int | None = None
    total_parts: int | None = None
    size: int | None = None
    files: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    outcome: str | None = None
    """"ok", the error's name, "dropped", "hung" or "bug"; None while it runs."""
    took: float | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands in a chat."""

    id: int
    chat: str
    account: int
    random_id: int
    grouped_id: int | None
    caption: str
    kind: MediaKind
    name: str | None = None
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    supports_streaming: bool = False
    nosound: bool = False
    thumbnail: bytes | None = None
    size: int = 0
    sha256: str | None = None
    media_id: int | None = None
    clip: str | None = None
    """Of a live photo, the SHA-256 of its video."""
    clip_seconds: float | None = None
    cover: tuple[int | None, int | None] | None = None
    """Of a video, width and height of its cover."""
    silent: bool = False
    protected: bool = False
    caption_above: bool = False
    spoiler: bool = False
    topic: int | None = None
    send_as: str | None = None
    entities: tuple[tuple[str, int, int], ...] = ()
    """The formatting of the caption: what it is ("Bold"), where it begins, and how long it is."""
