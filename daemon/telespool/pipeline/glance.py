"""What one look at a file tells: it is opened once, and one visit to a thread is enough for all of it.

`of_member` looks at what has come out of a drop, `of_photo` at a file that is about to be sent. Both block; OSError
leaves.
"""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import contextmanager
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

    from telespool.archives.members import Member

_STAMP = 1 << 16
_AT_ONCE = 1 << 20
"""Bytes of a file that is read at once."""


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


@contextmanager
def _opened(path: Path, photo: int = _AT_ONCE) -> Iterator[tuple[BinaryIO, int, bytes]]:
    """A plain file, its size, and its bytes where these are few; of a JPEG `photo` are still few."""
    with plain_files.opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= _AT_ONCE or (size <= photo and os.pread(file.fileno(), 2, 0) == BEGINNING):
            data = file.read(size)
            yield io.BytesIO(data), len(data), data
        else:
            yield file, size, b""


def line_of(member: Member, path: Path) -> Receipt:
    """The line of a member in the account of its drop."""
    with _opened(path) as (file, size, data):
        return _line(member, file, size, data)


def _line(member: Member, file: BinaryIO, size: int, data: bytes) -> Receipt:
    digest = hashlib.sha256(data).hexdigest() if len(data) == size else digest_of(file.fileno())
    return Receipt(member.number, 0, size, digest, one_line(member.name))


def of_member(member: Member, path: Path, *, live: bool) -> MemberGlance:
    """Look at a member; `live`: whether halves of live photos are looked for."""
    with _opened(path) as (file, size, data):
        line, first = _line(member, file, size, data), first_look_at(file, size, path)
        wanted = live and first.seen.kind in {"photo", "video"}
        return MemberGlance(line, first, about.identifier_of(file) if wanted else None)


async def once(
    before: MemberGlance | None, member: Member, path: Path, *, live: bool
) -> MemberGlance:
    """What was seen `before`, else a look, in a thread."""
    if before is not None:
        return before
    return await in_thread(of_member, member, path, live=live)


def of_photo(path: Path) -> PhotoGlance:
    """Look at a file, closely where it is a usual JPEG."""
    with _opened(path, MAX_BYTES) as (file, size, data):
        whole = plain_jpeg.whole(data) if data.startswith(BEGINNING) else None
        first = first_look_at(file, size, path, whole)
        if first.jpeg is None:
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
