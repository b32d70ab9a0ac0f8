"""The embedded destination: a folder of posts, with a page that shows them as a chat would.

For trying Telespool out and for dry runs; held to the same contract as Telegram, exactly-once included.

    PATH/index.html                  open it in any browser
    PATH/CHAT/000012-000021_album/   a post: see `posts`
    PATH/.staging/                   posts in the making; emptied at start

A post is built in `.staging/` out of sight, brought to the disk, and appears by one rename. Its `post.json`
holds the keys, so a repeated `post` finds the first one and returns its ids. Ids count up in each chat. Media
are copied, never hard-linked: the spool empties files it has delivered, and a link would be emptied too (file
systems that share blocks make the copy for nothing).

Several processes may use one folder: each post is made under a lock. A full or unwritable disk is `Temporary`
for everybody, an unknown chat `Permanent`, and a path that is not a folder `ConfigError`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.destinations.base import Uploaded
from telespool.destinations.folder.page import Page
from telespool.destinations.folder.posts import CAPTION, PREVIEWS, RECORD, Ledger, Medium, Post
from telespool.destinations.markdown import render
from telespool.errors import ConfigError, Permanent, Temporary
from telespool.model import PLAIN
from telespool.runtime.cancellation import in_thread
from telespool.spool.companions import CAPTION_SUFFIX
from telespool.spool.fs_ops import FileOps
from telespool.spool.names import Unit, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from telespool.model import Item, PostStyle

STAGING = ".staging"

_ALIAS = re.compile(r"[a-z0-9][a-z0-9-]*")
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class _Copy:
    """A staged item: its bytes in `.staging/`, and what the page will need."""

    path: Path
    medium: Medium
    preview: bytes | None
    clip: Path | None = None
    """Of a live photo, its clip."""

    def with_caption(self, caption: str) -> _Copy:
        """The same with a caption of its own; "" is none."""
        return replace(self, medium=replace(self.medium, caption=caption or None))


class FolderDestination:
    """Posts as files, and a page to look at. `clock` gives the time of a post, in seconds since the epoch."""

    previews = True

    def __init__(
        self,
        path: Path,
        chats: Mapping[str, str],
        disk: FileOps | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = Path(os.path.realpath(path))
        self._chats = dict(chats)
        self._disk = disk or FileOps()
        self._clock = clock
        self._page = Page(self._path, self._chats, self._disk)
        self._ledgers: dict[str, Ledger] = {}
        self._presence: int | None = None

    @property
    def page(self) -> Path:
        """The page to open in a browser."""
        return self._path / "index.html"

    async def open(self) -> None:
        """Make the folder, clean up after a crash, and bring the page up to date."""
        await in_thread(self._open)

    async def close(self) -> None:
        """Release the folder."""
        if self._presence is not None:
            os.close(self._presence)
            self._presence = None

    async def stage(
        self, chat: str, item: Item, progress: Callable[[int], None] | None = None
    ) -> Uploaded:
        """Copy the item into `.staging/`."""
        return await in_thread(self._stage, chat, item, progress)

    async def post(
        self, chat: str, staged: Sequence[Uploaded], caption: str, style: PostStyle = PLAIN
    ) -> Mapping[int, int]:
        """Make one post of what was not posted before; message id by key for all of them."""
        return await in_thread(self._post, chat, staged, render(caption).text)

    async def limit(self) -> int:
        """A folder takes files of any size."""
        return sys.maxsize

    async def check(self, chat: str) -> str:
        """Write a file to the chat's folder and remove it again; the chat's alias is its title."""
        await in_thread(self._check, chat)
        return chat

    def _open(self) -> None:
        if self._path.exists() and not self._path.is_dir():
            problem = f"[folder] path: {self._path} is a file; name a folder for the posts."
            raise ConfigError([problem])
        with self._explained():
            self._path.mkdir(parents=True, exist_ok=True)
            self._disk.mkdir(self._staging)
            self._clean_up()
            with self._alone():
                for chat in sorted({*self._chats, *self._strangers()}):
                    ledger = Ledger(self._path / chat)
                    ledger.refresh()
                    if chat in self._chats or ledger.posts():
                        self._ledgers[chat] = ledger
                self._page.rebuild(self._ledgers)

    def _clean_up(self) -> None:
        """Remove what a dead process left in `.staging/`, unless another is at work here."""
        if self._presence is None:
            self._presence = os.open(self._staging / "in-use", os.O_RDWR | os.O_CREAT, 0o666)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for entry in self._staging.iterdir():
                if entry.is_dir():
                    self._disk.rmtree(entry)
        fcntl.flock(self._presence, fcntl.LOCK_SH)

    def _strangers(self) -> Iterator[str]:
        """What may be chats that are in the configuration no more."""
        for entry in self._path.iterdir():
            if _ALIAS.fullmatch(entry.name) and entry.is_dir():
                yield entry.name

    def _stage(self, chat: str, item: Item, progress: Callable[[int], None] | None) -> Uploaded:
        with self._explained():
            self._known(chat)
            directory = self._staging / f"{chat}.{item.key:+d}"
            self._disk.rmtree(directory)
            self._disk.mkdir(directory)
            path = directory / _file_name(item.name, set())
            try:
                self._disk.copy(item.path, path, progress)
            except FileNotFoundError as error:
                raise Temporary(
                    f"{item.name} has gone from the spool while it was being posted. If you moved it,"
                    " all is well."
                ) from error
            clip = None
            if item.clip is not None:
                clip = directory / _file_name(item.clip.name, {path.name.casefold()})
                self._disk.copy(item.clip.path, clip)
        return Uploaded(item, replace(self._describe(item, path), clip=clip))

    def _describe(self, item: Item, path: Path) -> _Copy:
        unit = Unit.parse(item.path.name)
        medium = Medium(
            message=0,
            key=item.key,
            kind=item.kind,
            file=path.name,
            mime=item.mime,
            size=path.stat().st_size,
            converted=unit is not None and unit.kind == "c",
        )
        if item.picture is not None:
            medium = replace(medium, width=item.picture.width, height=item.picture.height)
            return _Copy(path, medium, item.picture.preview or item.thumbnail)
        if item.frame is not None:
            medium = replace(
                medium,
                width=item.frame.width,
                height=item.frame.height,
                duration=item.frame.duration,
                silent=item.frame.silent,
            )
        return _Copy(path, medium, item.thumbnail)

    def _post(self, chat: str, staged: Sequence[Uploaded], caption: str) -> dict[int, int]:
        keys = [entry.item.key for entry in staged]
        with self._explained(), self._alone():
            self._known(chat)
            ledger = self._ledgers[chat]
            changed = ledger.refresh()
            copies = [
                entry.handle.with_caption(render(entry.item.caption).text)
                for entry in staged
                if isinstance(entry.handle, _Copy) and ledger.message(entry.item.key) is None
            ]
            if copies:
                self._commit(chat, copies, caption, ledger.next_message())
                changed |= ledger.refresh()
            self._page.update(self._ledgers, chat, changed)
            for key in keys:
                self._disk.rmtree(self._staging / f"{chat}.{key:+d}")
        found = {key: ledger.message(key) for key in keys}
        return {key: message for key, message in found.items() if message is not None}

    def _commit(self, chat: str, copies: Sequence[_Copy], caption: str, first: int) -> None:
        names: set[str] = {CAPTION, RECORD, PREVIEWS}
        building = self._staging / f"{chat}.post.{_fingerprint(copies)}"
        self._disk.mkdir(building)
        self._disk.mkdir(building / PREVIEWS)
        media = []
        for number, copy in enumerate(copies):
            name = _file_name(copy.path.name, names)
            self._take(copy.path, building / name)
            clip = None
            if copy.clip is not None:
                clip = _file_name(copy.clip.name, names)
                self._take(copy.clip, building / clip)
            preview_name = f"{PREVIEWS}/{name}.jpg" if copy.preview else None
            if preview_name and copy.preview:
                self._rewrite(building / preview_name, copy.preview)
            media.append(
                replace(
                    copy.medium,
                    message=first + number,
                    file=name,
                    preview=preview_name,
                    clip=clip,
                )
            )
        for medium in media:
            if medium.caption:
                name = _file_name(f"{medium.file}{CAPTION_SUFFIX}", names)
                self._rewrite(building / name, f"{medium.caption}\n".encode())
        posted = datetime.fromtimestamp(int(self._clock()), UTC).isoformat()
        post = Post(posted, caption, tuple(media))
        if caption:
            self._rewrite(building / CAPTION, f"{caption}\n".encode())
        record = json.dumps(post.to_json(), indent=2, ensure_ascii=False)
        self._rewrite(building / RECORD, f"{record}\n".encode("utf-8", "backslashreplace"))
        if not any(medium.preview for medium in media):
            self._disk.rmdir(building / PREVIEWS)
        if self._disk.mkdir(self._path / chat):
            self._disk.fsync(self._path)
        self._disk.fsync(building / PREVIEWS, building)
        self._disk.rename(building, self._path / chat / post.directory)  # commit
        self._disk.fsync(self._path / chat, self._staging)

    def _take(self, source: Path, target: Path) -> None:
        """Move a staged copy to its post, unless an earlier attempt at the same post did."""
        if source.exists():
            self._disk.unlink(target)
            self._disk.rename(source, target)
        elif not target.exists():
            raise Temporary(f"The staged copy of {source.name} is gone; it is staged again.")

    def _rewrite(self, path: Path, content: bytes) -> None:
        self._disk.unlink(path)
        self._disk.write(path, content)

    def _check(self, chat: str) -> None:
        with self._explained():
            self._known(chat)
            self._path.mkdir(parents=True, exist_ok=True)
            self._disk.mkdir(self._path / chat)
            probe = self._path / chat / f".check-{os.getpid()}"
            self._rewrite(probe, b"telespool was here\n")
            self._disk.unlink(probe)

    def _known(self, chat: str) -> None:
        if chat not in self._chats:
            known = ", ".join(sorted(self._chats))
            raise Permanent(
                f"No chat is called {clean(chat)!r} in the configuration (it has {known}). Add it under"
                " [chats], or drop the files again into the folder of a chat that is there."
            )

    @property
    def _staging(self) -> Path:
        return self._path / STAGING

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder's lock: one post at a time, whoever makes it."""
        descriptor = os.open(self._staging / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what an OSError means for the posts."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                reason = f"The disk with the posts in {self._path} is full. Make room; it goes on by itself."
            else:
                what = os.strerror(error.errno) if error.errno else str(error)
                reason = (
                    f"The posts cannot be written to {self._path} ({error.filename}: {what})."
                    " Put that right; it goes on by itself."
                )
            raise Temporary(reason, scope="all", kind="disk") from error


def _file_name(name: str, taken: set[str]) -> str:
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


def _fingerprint(copies: Sequence[_Copy]) -> str:
    keys = ",".join(str(copy.medium.key) for copy in copies)
    return hashlib.sha256(keys.encode()).hexdigest()[:16]
