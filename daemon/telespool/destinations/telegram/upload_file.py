"""Bringing files to Telegram, in parts of 512 KB, many at once.

All uploads share one window of bytes and one set of connections, so ten photos are as fast as one video, and
memory is bounded by the window whatever a file's size. A file goes on where it stopped: within this process and,
by the note of `received`, after a restart. The event loop encrypts, which takes 2 ms for a part, and reads what the
kernel has in memory (as it has what was unpacked a moment ago); what must come from the disk is read in threads, and
notes are written there.

What leaves: `Refusal`, `Temporary` (scope "unit" where the file changes while it is sent), `Permanent` for an
empty file, one too large, or one that cannot be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import struct
from functools import partial
from typing import TYPE_CHECKING, Any

from telethon.tl import functions, types

from telespool.destinations.telegram.flow_control import PART
from telespool.destinations.telegram.large_messages import Pieces
from telespool.destinations.telegram.upload_journal import UploadJournal, forget, sweep
from telespool.errors import Permanent, TelespoolError, Temporary
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from telespool.destinations.telegram.connection_pool import ConnectionPool
    from telespool.destinations.telegram.flow_control import FlowControl
    from telespool.model import Item

_BIG = (
    10 << 20
)  # above it, parts carry their number and there is no MD5. core.telegram.org/api/files
_SWEEP = 500  # uploads after which old notes are looked for
_LAST_PARTS = 2.0  # seconds that parts on their way have to arrive where another one failed
_GIVE_UP_PARTS = 3  # that many lost parts: Telegram has dropped the upload, not mislaid a part


class SaveFilePartRequest(functions.upload.SaveFilePartRequest):  # type: ignore[misc]
    """Telethon's, which copies the bytes twice. The gate of floods knows it by its name."""

    def pieces(self) -> Pieces:
        """How it is sent."""
        head = struct.pack("<Iqi", self.CONSTRUCTOR_ID, self.file_id, self.file_part)
        return _ending_in(head, self.bytes)


class SaveBigFilePartRequest(functions.upload.SaveBigFilePartRequest):  # type: ignore[misc]
    """The same for a part of a big file."""

    def pieces(self) -> Pieces:
        """How it is sent."""
        whole = self.file_total_parts
        head = struct.pack("<Iqii", self.CONSTRUCTOR_ID, self.file_id, self.file_part, whole)
        return _ending_in(head, self.bytes)


def _ending_in(head: bytes, data: bytearray) -> Pieces:
    """A request that ends in bytes: their length, the bytes, zeros to a multiple of four.

    core.telegram.org/mtproto/serialize
    """
    if len(data) < 254:
        return Pieces(head + bytes([len(data)]), data, bytes(-(len(data) + 1) % 4))
    return Pieces(head + struct.pack("<I", len(data) << 8 | 254), data, bytes(-len(data) % 4))


class Changed(TelespoolError):
    """The file is not what it was when its upload began. It stays inside this package."""


class FileUpload:
    """One file on its way: what it is, and what of it has arrived. Made and closed by `FileUploader`."""

    def __init__(self, item: Item, directory: Path | None, rank: int) -> None:
        self.item = item
        self.rank = rank
        self.lost = 0
        self.acknowledged: list[int] = []  # not noted yet
        try:
            self._descriptor = plain_files.open_file(item.path)
        except OSError as error:
            raise Temporary(f"{item.name} cannot be read: {error.strerror}.") from None
        self._stamp = self._look()
        self.size = self._stamp[0]
        self.parts = -(-self.size // PART)
        about = f"{self.size} {self._stamp[1]} {PART >> 10} {item.kind} {item.upload_key}"
        self.received = UploadJournal.open(directory, item.upload_key, about, self.parts)

    def _look(self) -> tuple[int, int]:
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns

    @property
    def file_id(self) -> int:
        """The id Telegram knows the parts by: the item's own, unless that one is spoilt."""
        if not self.received.generation:
            return self.item.upload_key
        text = f"{self.item.upload_key}/{self.received.generation}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little", signed=True)

    @property
    def arrived(self) -> int:
        """Bytes that Telegram has acknowledged."""
        whole = sum(self.received.has(part) for part in range(self.parts - 1)) * PART
        return whole + (self.length(self.parts - 1) if self.received.has(self.parts - 1) else 0)

    def length(self, part: int) -> int:
        """Bytes of one part."""
        return min(PART, self.size - part * PART)

    def at_once(self, part: int) -> Any:
        """The request that brings one part there, or None where the disk would have to be waited for."""
        try:
            return self._request(part, os.RWF_NOWAIT)
        except OSError:
            return None  # not in memory, or a file system that cannot tell (tmpfs)

    def request(self, part: int) -> Any:
        """The request that brings one part there. Blocks."""
        request = self._request(part, 0)
        if request is None:
            raise Changed(f"{self.item.name} became shorter while it was sent.")
        return request

    def _request(self, part: int, flags: int) -> Any:
        data = bytearray(self.length(part))
        if os.preadv(self._descriptor, [data], part * PART, flags) < len(data):
            return None
        if self.size > _BIG:
            return SaveBigFilePartRequest(self.file_id, part, self.parts, data)
        return SaveFilePartRequest(self.file_id, part, data)

    def handle(self, name: str) -> Any:
        """What requests call the finished upload by. It asks the kernel of an open file, and reads nothing."""
        if self._look() != self._stamp:
            raise Changed(f"{self.item.name} changed while it was sent.")
        if self.size > _BIG:
            return types.InputFileBig(self.file_id, self.parts, name)
        # No MD5, as TDLib does it: each message carries a SHA-256 of its own already.
        return types.InputFile(self.file_id, self.parts, name, "")

    def settle(self) -> None:
        """Note what was acknowledged. Blocks; two threads may do it at once, after a cancellation."""
        with contextlib.suppress(IndexError):
            while True:
                self.received.note(self.acknowledged.pop())

    def close(self) -> None:
        """Release the files; safe to call twice."""
        self.received.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _settle(uploads: Iterable[FileUpload]) -> None:
    for upload in uploads:
        upload.settle()


class FileUploader:
    """All uploads of this process."""

    def __init__(
        self, lines: ConnectionPool, window: FlowControl, directory: Path | None = None
    ) -> None:
        self._lines = lines
        self._window = window
        self._directory = directory
        self._rank = 0
        self._unnoted: set[FileUpload] = set()
        self._noting = asyncio.Lock()

    async def begin(self, item: Item, limit: int) -> FileUpload:
        """Open a file; `limit` is the most bytes this account may send as one."""
        self._rank += 1
        if self._directory is not None and self._rank % _SWEEP == 0:
            await in_thread(sweep, self._directory)
        upload: FileUpload = await in_thread(FileUpload, item, self._directory, self._rank)
        if upload.size == 0:
            upload.close()
            raise Permanent(f"{item.name} is empty, and Telegram takes no empty files.")
        if upload.size > limit:
            upload.close()
            raise Permanent(
                f"{item.name} has {upload.size:,} bytes; this account may send {limit:,} at most."
                " Split it, or make it smaller."
            )
        return upload

    async def send(
        self, upload: FileUpload, name: str, progress: Callable[[int], None] | None = None
    ) -> Any:
        """Send what is missing of it and return its handle for requests."""
        try:
            await self._send_missing(upload, progress)
            return upload.handle(name)
        except Changed as changed:
            await in_thread(upload.received.renew)
            raise Temporary(f"{changed.reason} It is sent again from its start.") from None

    async def _send_missing(
        self, upload: FileUpload, progress: Callable[[int], None] | None
    ) -> None:
        arrived = upload.arrived
        if progress is not None and arrived:
            progress(arrived)

        tasks: set[asyncio.Task[float]] = set()
        trouble: list[BaseException] = []

        def done(size: int, task: asyncio.Task[float]) -> None:
            nonlocal arrived
            tasks.discard(task)
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            self._window.leave(size, None if error else task.result())
            if error is not None:
                trouble.append(error)
                return
            arrived += size
            if progress is not None:
                progress(arrived)

        try:
            for part in list(upload.received.missing):
                size = upload.length(part)
                await self._window.enter(size, upload.rank)
                if trouble:
                    self._window.leave(size, None)
                    break
                task = asyncio.create_task(self._part(upload, part))
                tasks.add(task)
                task.add_done_callback(partial(done, size))
            while tasks and not trouble:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks:
                # What is on its way already would have to be sent twice.
                await asyncio.wait(tasks, timeout=_LAST_PARTS)
        finally:
            left = list(tasks)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            # Of parts that were cancelled before they had noted it.
            if upload.acknowledged:
                await asyncio.shield(in_thread(upload.settle))
        if trouble:
            raise trouble[0]

    async def _part(self, upload: FileUpload, part: int) -> float:
        request = upload.at_once(part) or await in_thread(upload.request, part)
        seconds = await self._lines.send(request, upload.item.key)
        upload.acknowledged.append(part)
        # Before its room in the window is free: what is on the way and what is not noted are never more than the window
        # together. One visit to a thread notes all that came meanwhile.
        self._unnoted.add(upload)
        async with self._noting:
            if upload.acknowledged:
                uploads, self._unnoted = self._unnoted, set()
                await in_thread(_settle, uploads)
        return seconds

    async def lost(self, upload: FileUpload, part: int) -> None:
        """Telegram does not have this part (any more): it will be sent again."""
        upload.lost += 1
        if upload.lost < _GIVE_UP_PARTS and part < upload.parts:
            await in_thread(upload.received.forget, part)
        else:
            await in_thread(upload.received.renew)

    async def again(self, upload: FileUpload) -> None:
        """The upload is spoilt: it will be sent from its start, under another id."""
        await in_thread(upload.received.renew, upload.received.generation + 1)

    async def complete(self, upload: FileUpload, handle: str) -> None:
        """Note what became of it; `drop` when that is no longer needed."""
        await in_thread(upload.received.complete, handle)

    async def drop(self, items: Iterable[Item]) -> None:
        """Forget what was noted of these."""
        if self._directory is not None:
            await in_thread(forget, self._directory, [item.upload_key for item in items])

    async def send_bytes(self, data: bytes, key: int, name: str, tries: int | None = None) -> Any:
        """Send a few bytes, such as a thumbnail, as a file of one part; `tries` is as for the connections."""
        if len(data) > PART:
            raise Permanent(f"{name} has more than {PART} bytes.")
        request = functions.upload.SaveFilePartRequest(key, 0, data)
        await self._window.enter(len(data))
        try:
            await self._lines.send(request, tries=tries)
        finally:
            self._window.leave(len(data))
        return types.InputFile(key, 1, name, "")

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        await self._lines.close()
