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
for everybody, an unknown chat `Temporary` for that chat, and a path that is not a folder `ConfigError`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import sys
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.config.absent_chat import absent_chat
from telespool.destinations.base import Uploaded
from telespool.destinations.folder.disk_trouble import explained
from telespool.destinations.folder.page import Page
from telespool.destinations.folder.posts import (
    CAPTION,
    PREVIEWS,
    RECORD,
    Ledger,
    Medium,
    Post,
    file_name,
)
from telespool.destinations.markdown import render
from telespool.errors import ConfigError, Temporary
from telespool.model import PLAIN
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.spool.companions import CAPTION_SUFFIX
from telespool.spool.fs_ops import FileOps
from telespool.spool.names import Unit, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from telespool.model import Item, PostStyle

STAGING = ".staging"
_IN_USE, _LOCK = "in-use", "lock"

_ALIAS = re.compile(r"[a-z0-9][a-z0-9-]*")


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
        self._staging = self._path / STAGING
        self._chats = dict(chats)
        self._disk = disk or FileOps()
        self._clock = clock
        self._page = Page(self._path, self._chats, self._disk)
        self._ledgers: dict[str, Ledger] = {}
        self._presence: int | None = None
        self._making = threading.Lock()

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
        with explained(self._path):
            self._make()

    def _make(self) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        self._disk.mkdir(self._staging)
        self._clean_up()
        with self._alone():
            for chat in sorted({*self._chats, *self._strangers()}):
                # One that is known knows the ids of posts that were removed.
                ledger = self._ledgers.get(chat) or Ledger(self._path / chat)
                ledger.refresh()
                if chat in self._chats or ledger.posts():
                    self._ledgers[chat] = ledger
            self._page.rebuild(self._ledgers)

    def _make_anew(self) -> None:
        """Make the folder as at the start where somebody removed it, or moved it away."""
        with self._making:
            if plain_files.exists(self._staging / _IN_USE):
                return
            if self._presence is not None:
                os.close(self._presence)
                self._presence = None
            self._make()

    def _clean_up(self) -> None:
        """Remove what a dead process left in `.staging/`, unless another is at work here."""
        if self._presence is None:
            self._presence = os.open(self._staging / _IN_USE, os.O_RDWR | os.O_CREAT, 0o666)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for entry in self._staging.iterdir():
                if entry.name not in {_IN_USE, _LOCK}:
                    self._disk.rmtree(entry)
        fcntl.flock(self._presence, fcntl.LOCK_SH)

    def _strangers(self) -> Iterator[str]:
        """What may be chats that are in the configuration no more."""
        for entry in self._path.iterdir():
            if _ALIAS.fullmatch(entry.name) and entry.is_dir():
                yield entry.name

    def _stage(self, chat: str, item: Item, progress: Callable[[int], None] | None) -> Uploaded:
        self._known(chat)
        with explained(self._path):
            self._make_anew()
        with explained(self._path), plain_files.held(self._staging):
            path, clip = self._staged(chat, item.key)
            self._disk.rmtree(path)
            try:
                self._disk.copy(item.path, path, progress)
            except FileNotFoundError as error:
                raise Temporary(
                    f"{item.name} has gone from the spool while it was being posted. If you moved it,"
                    " all is well."
                ) from error
            if item.clip is not None:
                self._disk.rmtree(clip)
                self._disk.copy(item.clip.path, clip)
            size = plain_files.lstat(path).st_size
        return Uploaded(item, _described(item, path, clip, size))

    def _staged(self, chat: str, key: int) -> tuple[Path, Path]:
        """Where the copy of an item lies until it is posted, and that of its clip."""
        name = f"{chat}.{key:+d}"
        return self._staging / name, self._staging / f"{name}.clip"

    def _post(self, chat: str, staged: Sequence[Uploaded], caption: str) -> dict[int, int]:
        keys = [entry.item.key for entry in staged]
        self._known(chat)
        with explained(self._path):
            self._make_anew()
        with explained(self._path), self._alone():
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
            with plain_files.held(self._staging):
                for entry in staged:
                    copy, clip = self._staged(chat, entry.item.key)
                    self._disk.rmtree(copy)
                    if entry.item.clip is not None:
                        self._disk.rmtree(clip)
        found = {key: ledger.message(key) for key in keys}
        return {key: message for key, message in found.items() if message is not None}

    def _commit(self, chat: str, copies: Sequence[_Copy], caption: str, first: int) -> None:
        names: set[str] = {CAPTION, RECORD, PREVIEWS}
        building = self._staging / f"{chat}.post.{_fingerprint(copies)}"
        self._disk.mkdir(building)
        self._disk.mkdir(building / PREVIEWS)
        with plain_files.held(self._staging, building):
            media = [
                self._move_in(building, copy, first + number, names)
                for number, copy in enumerate(copies)
            ]
        for medium in media:
            if medium.caption:
                name = file_name(f"{medium.file}{CAPTION_SUFFIX}", names)
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

    def _move_in(self, building: Path, copy: _Copy, message: int, names: set[str]) -> Medium:
        """Move a staged copy, with its clip and its preview, to the post that is being built."""
        name = file_name(copy.medium.file, names)
        self._take(copy.path, building / name)
        clip = None
        if copy.clip is not None:
            clip = file_name(copy.medium.clip or name, names)
            self._take(copy.clip, building / clip)
        preview = f"{PREVIEWS}/{name}.jpg" if copy.preview else None
        if preview and copy.preview:
            self._rewrite(building / preview, copy.preview)
        return replace(copy.medium, message=message, file=name, preview=preview, clip=clip)

    def _take(self, source: Path, target: Path) -> None:
        """Move a staged copy to its post, unless an earlier attempt at the same post did."""
        try:
            self._disk.rename(source, target)
        except FileExistsError:
            self._disk.unlink(target)
            self._disk.rename(source, target)
        except FileNotFoundError:
            if not plain_files.exists(target):
                reason = f"The staged copy of {target.name} is gone; it is staged again."
                raise Temporary(reason) from None

    def _rewrite(self, path: Path, content: bytes) -> None:
        self._disk.unlink(path)
        self._disk.write(path, content)

    def _check(self, chat: str) -> None:
        with explained(self._path):
            self._known(chat)
            self._path.mkdir(parents=True, exist_ok=True)
            self._disk.mkdir(self._path / chat)
            probe = self._path / chat / f".check-{os.getpid()}"
            self._rewrite(probe, b"telespool was here\n")
            self._disk.unlink(probe)

    def _known(self, chat: str) -> None:
        if chat not in self._chats:
            raise absent_chat(clean(chat))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder's lock: one post at a time, whoever makes it."""
        descriptor = os.open(self._staging / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _described(item: Item, path: Path, clip: Path, size: int) -> _Copy:
    unit, picture, frame = Unit.parse(item.path.name), item.picture, item.frame
    shown = picture or frame
    medium = Medium(
        message=0,
        key=item.key,
        kind=item.kind,
        file=item.name,
        mime=item.mime,
        size=size,
        width=shown.width if shown else None,
        height=shown.height if shown else None,
        duration=frame.duration if frame and not picture else None,
        silent=bool(frame and not picture and frame.silent),
        converted=unit is not None and unit.kind == "c",
        clip=item.clip.name if item.clip else None,
    )
    preview = (picture.preview if picture else None) or item.thumbnail
    return _Copy(path, medium, preview, clip if item.clip else None)


def _fingerprint(copies: Sequence[_Copy]) -> str:
    keys = ",".join(str(copy.medium.key) for copy in copies)
    return hashlib.sha256(keys.encode()).hexdigest()[:16]
