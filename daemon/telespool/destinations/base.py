"""The contract between the uploader and a place where posts appear.

A post is made in two steps, because an album's membership must be fixed on disk before it is sent:

    staged = [await destination.stage(chat, item) for item in items]     # may refuse one item by name
    receipts = await destination.post(chat, staged, caption)             # all of them, in this order

What a destination promises:

* The same `Item.key` never makes a second message in the same chat. A repeated `post` (after a crash, or
  a lost answer) returns the messages of the first one.
* `post` of several items is one album; of one item a single message. The caption stands at the first.
* An item with a `clip` is a live photo, one message. Where that is refused, by `stage` or as a cause of `Rejected`,
  nothing of it was posted, and the caller brings its still and its clip one by one.
* A `post` that raises has either posted nothing or may be repeated unchanged.

What leaves `stage` and `post`, all from `errors`: `Temporary` (with its scope), `NeedsConversion` (this
media is refused as it is), `Permanent`, `LoginNeeded`; from `post` also `Rejected`, which names the culprits.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from telespool.errors import TelespoolError
from telespool.model import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from telespool.config.posting import ChatSettings
    from telespool.model import Item, Kind, PostStyle


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An item the destination has taken in; `handle` is the destination's own and nobody else's.

    `kept`: of a photo that it keeps in another size, the width and height of what it keeps; None where nobody says.
    """

    item: Item
    handle: object
    kept: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What a message holds there; `size` is 0 where nobody says."""

    message: int
    kind: Kind
    name: str
    size: int


PIECE = 512 * 1024
"""Bytes of one piece of what is fetched back."""


class Receipts(dict[int, int]):
    """Message id by `Item.key` (0 where it is certain that the message is there, and not which).

    `causes` says why others were refused, by key; `note` is what the report should say of the post, if anything.
    """

    def __init__(self, found: Mapping[int, int] | None = None, *, note: str = "") -> None:
        super().__init__(found or {})
        self.causes: dict[int, TelespoolError] = {}
        self.note = note

    def add(self, found: Receipts) -> None:
        """Take in what another request of the same post brought, and what the report should say of it."""
        self.update(found)
        self.causes |= found.causes
        self.told("; ".join(dict.fromkeys(note for note in (self.note, found.note) if note)))

    def told(self, note: str) -> Receipts:
        """The same, with what the report should say."""
        self.note = note
        return self


class Rejected(TelespoolError):
    """`post` was refused because of some of its items; `causes` says why, by `Item.key`.

    Nothing was posted. The caller takes the culprits out and posts the rest.
    """

    def __init__(self, causes: Mapping[int, TelespoolError]) -> None:
        super().__init__("; ".join(cause.reason for cause in causes.values()))
        self.causes = dict(causes)


ANY_ACCOUNT = 4000 * 512 * 1024
"""Bytes that every account of Telegram's may send as one file. core.telegram.org/api/files"""


async def no_limit() -> int:
    """Where nobody says otherwise, a message holds any file."""
    return sys.maxsize


class Destination(Protocol):
    """A place where posts appear."""

    async def open(self) -> None:
        """Connect and check the login; Temporary, LoginNeeded or ConfigError where that fails."""

    async def close(self) -> None:
        """Release everything; safe to call twice."""

    async def stage(
        self, chat: str, item: Item, progress: Callable[[int], None] | None = None
    ) -> Uploaded:
        """Bring the bytes of one item there; `progress` is told the bytes that have arrived so far.

        `chat` is an alias of the configuration. Several may run at once.
        """

    async def post(
        self, chat: str, staged: Sequence[Uploaded], caption: str, style: PostStyle = PLAIN
    ) -> Mapping[int, int]:
        """Make one post; message id by `Item.key`, as `Receipts` where there is more to say. `caption` is Markdown.

        A key that is missing was not posted: post it again.
        """

    async def limit(self) -> int:
        """Bytes that one message may hold, for this account; Temporary where that is not known yet."""

    async def check(self, chat: str) -> str:
        """The chat's title, after proving with a real request that this account can reach it."""


@dataclass(frozen=True, slots=True)
class KeyFinding:
    """What was found of one key of a chat's table; `cure` says what to do where it cannot be in effect."""

    key: str
    found: str
    cure: str = ""


@runtime_checkable
class SupportsChatKeys(Protocol):
    """A destination whose chats may be unable to do what their tables ask for."""

    async def examine(self, chat: str, keys: ChatSettings) -> Sequence[KeyFinding]:
        """Ask for each key; nothing is changed. TelespoolError where the chat cannot be asked for."""


@runtime_checkable
class SupportsText(Protocol):
    """A destination that has text messages as well."""

    async def say(self, chat: str, key: int, text: str) -> int:
        """Post a text; its message id. The same key never makes a second one."""


@runtime_checkable
class SupportsPreviews(Protocol):
    """A destination that shows photos small, and so wants to know `Item.picture`."""

    previews: bool


@runtime_checkable
class SupportsPreflight(Protocol):
    """A destination that can tell without asking anybody whether it could work."""

    def missing(self) -> Sequence[str]:
        """Return a sentence for each thing without which `open` is bound to fail. Blocks for milliseconds."""


@runtime_checkable
class SupportsFetch(Protocol):
    """A destination that can be asked what it holds."""

    async def stored(self, chat: str, messages: Sequence[int]) -> Mapping[int, Stored]:
        """What these messages hold; one that is gone, or holds no file, is missing in the answer."""

    async def find(self, chat: str, name: str, size: int) -> int | None:
        """The newest message of a chat with a file of this name and size."""

    async def piece(self, chat: str, message: int, offset: int) -> bytes:
        """PIECE bytes of a message's file from there on; fewer at its end, none behind it."""


@runtime_checkable
class SupportsResume(Protocol):
    """A destination where a file goes on where it stopped, even after a crash: what `progress` was told is for good."""

    goes_on: bool
