"""The posts of one chat, as they lie in its folder.

    CHAT/000012-000021_album/        the ids of its first and last message, and a label
      IMG_1.jpg  IMG_2.jpg  …        the media under the names people know
      previews/IMG_1.jpg  …          small pictures of what is large or moves
      caption.txt                    what stands under it, where something does
      IMG_2.jpg.caption.txt          what stands with that file alone
      post.json                      all of it for programs: ids, keys, kinds, sizes, the time

`post.json` is the truth: which keys were posted, and under which ids. A `Ledger` keeps what it read and
looks only for folders that came or went since. A folder without a readable `post.json` is no post, but the
number in its name is never given again.

Nothing here changes the disk. `OSError` leaves it where the chat's folder cannot be read.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, get_args

from telespool.model import Kind
from telespool.spool.names import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CAPTION = "caption.txt"
RECORD = "post.json"
PREVIEWS = "previews"
LABEL_BYTES = 80

_DIRECTORY = re.compile(r"(?P<first>\d{6,})(?:-(?P<last>\d{6,}))?_.+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Medium:
    """One message: a file of the post and what a page must know to show it.

    `file` and `preview` are relative to the post's folder; sizes are bytes and pixels as shown.
    """

    message: int
    key: int
    kind: Kind
    file: str
    mime: str
    size: int
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    silent: bool = False
    preview: str | None = None
    converted: bool = False
    clip: str | None = None
    """Of a live photo, the file of its clip."""
    caption: str | None = None
    """Its own, beside that of the post."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """The medium of a record; TypeError, ValueError or KeyError where it is none."""
        if values["kind"] not in get_args(Kind):
            raise ValueError(f"{values['kind']!r} is no kind of medium")
        known = {name: values[name] for name in cls.__slots__ if name in values}
        return cls(**known | {"key": int(values["key"]), "message": int(values["message"])})

    def to_json(self) -> dict[str, Any]:
        """The record; the key as text, because a browser's numbers end at 53 bits."""
        values = {name: getattr(self, name) for name in self.__slots__} | {"key": str(self.key)}
        return {
            name: value
            for name, value in values.items()
            if value is not None and value is not False
        }


@dataclass(frozen=True, slots=True)
class Post:
    """One message or album. `posted` is the time in UTC, ISO 8601 to the second."""

    posted: str
    caption: str
    media: tuple[Medium, ...]

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """The post of a folder, or None where it is none."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            values = json.loads((directory / RECORD).read_bytes())
            media = tuple(Medium.read(medium) for medium in values["media"])
            if media:
                return cls(str(values["posted"]), str(values["caption"]), media)
        return None

    @property
    def first(self) -> int:
        """The id of its first message."""
        return self.media[0].message

    @property
    def last(self) -> int:
        """The id of its last message."""
        return self.media[-1].message

    @property
    def directory(self) -> str:
        """The name of its folder."""
        if len(self.media) > 1:
            return f"{self.first:06d}-{self.last:06d}_album"
        stem = self.media[0].file.rpartition(".")[0] or self.media[0].file
        return f"{self.first:06d}_{clean(stem, LABEL_BYTES)}"

    def to_json(self) -> dict[str, Any]:
        """The record, as it stands in `post.json` and in the page's data."""
        media = [medium.to_json() for medium in self.media]
        return {"posted": self.posted, "caption": self.caption, "media": media}


class Ledger:
    """What was posted to one chat, under which ids."""

    def __init__(self, chat: Path) -> None:
        self.chat = chat
        self._posts: dict[str, Post | None] = {}
        self._messages: dict[int, int] = {}
        self._highest = 0

    def posts(self, start: int = 0, stop: int | None = None) -> list[tuple[str, Post]]:
        """The posts whose first id lies in start <= id < stop, with their folders' names, in order."""
        found = [
            (name, post)
            for name, post in self._posts.items()
            if post is not None and start <= post.first and (stop is None or post.first < stop)
        ]
        return sorted(found, key=lambda entry: entry[1].first)

    def refresh(self) -> set[int]:
        """Read the folders that came and forget those that went; the first ids of all these posts."""
        names = _names(self.chat)
        gone = [self._posts.pop(name) for name in self._posts.keys() - names]
        come = {
            name: Post.read(self.chat / name)
            for name in names - self._posts.keys()
            if _DIRECTORY.fullmatch(name)
        }
        self._posts |= come
        for name, post in come.items():
            self._highest = max(self._highest, _last_id(name), post.last if post else 0)
        if any(gone):
            self._messages = dict(_messages(self._posts.values()))
        else:
            self._messages |= dict(_messages(come.values()))
        return {post.first for post in (*gone, *come.values()) if post is not None}

    def message(self, key: int) -> int | None:
        """The id under which this key was posted."""
        return self._messages.get(key)

    def next_message(self) -> int:
        """An id greater than any this chat has, or had since this ledger was made."""
        return self._highest + 1


def file_name(name: str, taken: set[str]) -> str:
    """A name for a file of a post that no other has, whatever the case of its letters."""
    stem, dot, extension = clean(name).rpartition(".")
    if not stem:
        stem, dot, extension = extension, "", ""
    candidate, number = f"{stem}{dot}{extension}", 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem}-{number}{dot}{extension}"
    taken.add(candidate.casefold())
    return candidate


def _names(directory: Path) -> set[str]:
    try:
        return set(os.listdir(directory))  # noqa: PTH208 - names only, there may be very many
    except FileNotFoundError:
        return set()


def _last_id(name: str) -> int:
    match = _DIRECTORY.fullmatch(name)
    return int(match["last"] or match["first"]) if match else 0


def _messages(posts: Iterable[Post | None]) -> Iterable[tuple[int, int]]:
    for post in posts:
        for medium in post.media if post else ():
            yield medium.key, medium.message
