"""What one look at a file tells: it is opened once, and one visit to a thread is enough for all of it.

`of_member` looks at what has come out of a drop, `of_photo` at a file that is about to be sent. Both block; OSError
leaves.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from telespool.media import about, plain_jpeg
from telespool.media.compatibility import FirstLook, first_look_at
from telespool.media.photo_info import MAX_BYTES
from telespool.media.plain_jpeg import BEGINNING, Header
from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.hashing import digest_of
from telespool.spool.account import one_line
from telespool.spool.receipts import Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telespool.archives.member_writer import Written
    from telespool.archives.members import Member

_STAMP = 1 << 16
_AT_ONCE = 1 << 20
"""Bytes of a file that is read at once."""
_MOST = 1000  # photos that wait to be sent, and are known


class MemberGlance(NamedTuple):
    """Its line in the account; how it begins; which live photo it is half of (None where that was not asked)."""

    line: Receipt
    first: FirstLook
    identifier: str | None


class PhotoGlance(NamedTuple):
    """How a file begins.

    Of a usual JPEG also whether it has no clip, its header where it is certainly whole, its stamp and
    SHA-256.
    """

    first: FirstLook
    is_still: bool = False
    whole: Header | None = None
    stamp: str = ""
    digest: str = ""


class _Known:
    """What was seen of photos that are soon to be sent, by what the kernel says of the files. Asked once for each."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, ...], PhotoGlance] = {}
        self._guard = threading.Lock()

    def put(self, state: os.stat_result, seen: PhotoGlance) -> None:
        """The file is looked at; the oldest is forgotten where there are many."""
        with self._guard:
            while len(self._seen) >= _MOST:
                del self._seen[next(iter(self._seen))]
            self._seen[_sign(state)] = seen

    def take(self, state: os.stat_result) -> PhotoGlance | None:
        """What was seen of the file, if it is still the same."""
        with self._guard:
            return self._seen.pop(_sign(state), None)


_known = _Known()


def _sign(state: os.stat_result) -> tuple[int, ...]:
    """What stays when a file is moved, and changes when it is written to."""
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result, bytes]]:
    """A plain file, what the kernel says of it, and its bytes where these are few; of a JPEG many are still few."""
    with plain_files.opened(path) as file:
        state = os.fstat(file.fileno())
        size = state.st_size
        if size <= _AT_ONCE or (size <= MAX_BYTES and os.pread(file.fileno(), 2, 0) == BEGINNING):
            data = file.read(size)
            yield io.BytesIO(data), state, data
        else:
            yield file, state, b""


def line_of(member: Member, path: Path) -> Receipt:
    """The line of a member in the account of its drop."""
    with _opened(path) as (file, state, data):
        if len(data) == state.st_size:
            digest = hashlib.sha256(data).hexdigest()
        else:
            digest = digest_of(file.fileno())
        return Receipt(member.number, 0, state.st_size, digest, one_line(member.name))


def of_member(
    member: Member, path: Path, written: Written | None = None, *, live: bool
) -> MemberGlance:
    """Look at a member, which is at hand where it was `written`; `live`: whether halves of live photos are looked for.

    What will be asked about a photo before it is sent is found out on the way, and known to `of_photo`.
    """
    with nullcontext(_at_hand(written)) if written else _opened(path) as (file, state, data):
        size = state.st_size
        photo = _look(file, size, path, data)
        digest = photo.digest or (
            hashlib.sha256(data).hexdigest() if len(data) == size else digest_of(file.fileno())
        )
        if photo.digest:
            _known.put(state, photo)
        line = Receipt(member.number, 0, size, digest, one_line(member.name))
        wanted = live and photo.first.seen.kind in {"photo", "video"}
        return MemberGlance(line, photo.first, about.identifier_of(file) if wanted else None)


def _at_hand(written: Written) -> tuple[BinaryIO, os.stat_result, bytes]:
    return io.BytesIO(written.data), written.state, written.data


async def once(
    before: MemberGlance | None, member: Member, path: Path, *, live: bool
) -> MemberGlance:
    """What was seen `before`, else a look, in a thread."""
    if before is not None:
        return before
    return await in_thread(of_member, member, path, live=live)


def of_photo(path: Path, state: os.stat_result | None = None) -> PhotoGlance:
    """Look at a file, closely where it is a usual JPEG; not again, where it is known what the kernel says of it."""
    if state is not None and (seen := _known.take(state)) is not None:
        return seen
    with _opened(path) as (file, now, data):
        return _look(file, now.st_size, path, data)


def _look(file: BinaryIO, size: int, path: Path, data: bytes) -> PhotoGlance:
    is_jpeg = len(data) == size and data.startswith(BEGINNING)
    whole = plain_jpeg.whole(data) if is_jpeg else None
    first = first_look_at(file, size, path, whole)
    if first.jpeg is None or not is_jpeg:
        return PhotoGlance(first)
    digest = hashlib.sha256(data).hexdigest()
    return PhotoGlance(
        first, about.motion_of(file) == about.Motion(), whole, _stamp(file, size), digest
    )


def stamp(path: Path) -> str:
    """What stands for the bytes of a file: its size, its beginning and its end. Moving it changes nothing."""
    with plain_files.opened(path) as file:
        return _stamp(file, os.fstat(file.fileno()).st_size)


def _stamp(file: BinaryIO, size: int) -> str:
    file.seek(0)
    digest = hashlib.sha256(file.read(_STAMP))
    file.seek(max(0, size - _STAMP))
    digest.update(file.read(_STAMP))
    return f"{size}-{digest.hexdigest()}"
