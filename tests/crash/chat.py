"""A chat that keeps the contract of destinations and remembers keys for ever, as Telegram does.

It outlives the process: it is the server and what people see. Each request counts as two calls of the disk, so that the
process dies before it leaves and after it was answered.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telespool.destinations.base import Rejected, Uploaded
from telespool.errors import LivePhotoRefused, NeedsConversion, Permanent, TelespoolError, Temporary
from telespool.model import PLAIN
from telespool.runtime import plain_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from telespool.model import Item, PostStyle
    from tests.crash.disks import DyingDisk

UNWANTED = b"UNWANTED"
"""In a video: refused when it is brought, whatever its form."""
CULPRIT = b"CULPRIT"
"""In a video: brought without complaint, and refused when its album is posted."""
FORBIDDEN = b"FORBIDDEN"
"""In any file: refused for good."""
LATER = b"LATER"
"""In any file: the first time it is brought, it must wait."""
SLOW = b"SLOW"
"""In any file: the first time it is brought, the whole chat must wait for an hour."""
LIFELESS = b"LIFELESS"
"""In a photo: refused as a live photo, and taken as a photo."""
STILL = b"STILL"
"""In a photo: its live photo is brought without complaint, and refused when its album is posted."""
BEHIND = b"BEHIND"
"""In a photo: its live photo is left out of the post of its album, and refused when it comes by itself."""
FORGOTTEN = b"FORGOTTEN"
"""In any file: the first answer to its album leaves it out."""


@dataclass(frozen=True, slots=True)
class _Live:
    """A live photo that was brought."""

    still: bytes
    clip: bytes


@dataclass(slots=True)
class Message:
    """What people see."""

    number: int
    chat: str
    key: int
    name: str
    data: bytes
    album: int
    caption: str
    topic: str | int = ""
    clip: bytes | None = None


@dataclass(slots=True)
class Chat:
    """The server. `by` is the disk of the process that talks to it at the moment."""

    by: DyingDisk
    messages: list[Message] = field(default_factory=list)
    _keys: dict[tuple[str, int], Message] = field(default_factory=dict)
    _seen: set[tuple[bytes, int]] = field(default_factory=set)

    async def open(self) -> None:
        """It is always there."""

    async def close(self) -> None:
        """Nothing is to be let go of."""

    async def limit(self) -> int:
        """Any file fits into a message."""
        return sys.maxsize

    async def check(self, chat: str) -> str:
        """Its title."""
        return chat

    async def stage(
        self, chat: str, item: Item, progress: Callable[[int], None] | None = None
    ) -> Uploaded:
        """Read the file as it is now; refuse what is marked."""
        self.by.tick()
        data = plain_files.read_bytes(item.path)  # as the real ones do
        if progress is not None:
            progress(len(data))
        assert data, f"{item.name} was sent empty"
        for mark, seconds, scope in ((LATER, 90.0, "unit"), (SLOW, 3600.0, "chat")):
            if mark in data and self._first(mark, item.key):
                raise Temporary("Later.", retry_after=seconds, scope=scope)  # type: ignore[arg-type]
        self.by.tick()
        if FORBIDDEN in data:
            raise Permanent("Nobody wants this.")
        if UNWANTED in data:
            raise NeedsConversion("MEDIA_INVALID")
        if item.clip is not None:
            self.by.tick()
            clip = plain_files.read_bytes(item.clip.path)
            if LIFELESS in data:
                raise NeedsConversion("MEDIA_INVALID")
            return Uploaded(item, _Live(data, clip))
        return Uploaded(item, data)

    async def post(
        self, chat: str, staged: Sequence[Uploaded], caption: str, style: PostStyle = PLAIN
    ) -> Mapping[int, int]:
        """Make messages of those whose key is new, and answer with all of them."""
        self.by.tick()
        assert 1 <= len(staged) <= 10
        culprits: dict[int, TelespoolError] = {
            each.item.key: NeedsConversion("MEDIA_INVALID")
            for each in staged
            if CULPRIT in _data(each) and (chat, each.item.key) not in self._keys
        }
        culprits |= {
            each.item.key: LivePhotoRefused("MEDIA_INVALID")
            for each in staged
            if isinstance(each.handle, _Live) and STILL in each.handle.still
        }
        behind = [
            each
            for each in staged
            if isinstance(each.handle, _Live) and BEHIND in each.handle.still
        ]
        if len(behind) == len(staged):
            culprits |= {each.item.key: LivePhotoRefused("MEDIA_INVALID") for each in behind}
        if culprits:
            raise Rejected(culprits)
        staged = [each for each in staged if each not in behind]
        answer = {}
        first = len(self.messages) + 1
        for place, each in enumerate(staged):
            texts = [caption if place == 0 else "", each.item.caption]
            if FORGOTTEN in _data(each) and self._first(FORGOTTEN, each.item.key):
                continue
            known = self._keys.get((chat, each.item.key))
            if known is None:
                known = Message(
                    len(self.messages) + 1,
                    chat,
                    each.item.key,
                    each.item.name,
                    _data(each),
                    first,
                    "\n\n".join(filter(None, texts)),
                    style.topic,
                    each.handle.clip if isinstance(each.handle, _Live) else None,
                )
                self.messages.append(known)
                self._keys[chat, each.item.key] = known
            answer[each.item.key] = known.number
        self.by.tick()
        return answer

    def _first(self, mark: bytes, key: int) -> bool:
        first = (mark, key) not in self._seen
        self._seen.add((mark, key))
        return first


def _data(staged: Uploaded) -> bytes:
    if isinstance(staged.handle, _Live):
        return staged.handle.still
    assert isinstance(staged.handle, bytes)
    return staged.handle
