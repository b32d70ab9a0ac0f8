"""What one look at a file tells, in one visit to a thread: going there costs more than most looks.

`of_member` looks at what has come out of a drop, `of_photo` at a file that is about to be sent. Both block; OSError leaves.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from telespool.media import about
from telespool.media.compatibility import FirstLook, first_look
from telespool.media.photo_pool import as_it_is
from telespool.runtime import plain_files
from telespool.runtime.hashing import digest_now
from telespool.spool.account import one_line
from telespool.spool.receipts import Receipt

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.archives.members import Member
    from telespool.model import Picture

_STAMP = 1 << 16


class MemberGlance(NamedTuple):
    """Its line in the account; how it begins; which live photo it is half of (None where that was not asked)."""

    line: Receipt
    first: FirstLook
    identifier: str | None


class PhotoGlance(NamedTuple):
    """How it begins; whether it is a JPEG that has no clip and says of none; how a page shows it as it is, and its stamp, where that is so."""

    first: FirstLook
    is_still: bool = False
    shown: Picture | None = None
    stamp: str = ""


def line_of(member: Member, path: Path) -> Receipt:
    """The line of a member in the account of its drop."""
    size = plain_files.lstat(path).st_size
    return Receipt(member.number, 0, size, digest_now(path), one_line(member.name))


def of_member(member: Member, path: Path, *, live: bool) -> MemberGlance:
    """Look at a member; `live`: whether halves of live photos are looked for."""
    line, first = line_of(member, path), first_look(path)
    wanted = live and first.seen.kind in {"photo", "video"}
    return MemberGlance(line, first, about.identifier(path) if wanted else None)


def of_photo(path: Path, longest: int, *, preview: bool) -> PhotoGlance:
    """Look at a file, closely where it is a usual JPEG; `longest` and `preview` are as for `as_it_is`."""
    first = first_look(path)
    if first.jpeg is None:
        return PhotoGlance(first)
    is_still = about.motion(path) == about.Motion()
    return PhotoGlance(
        first, is_still, as_it_is(path, longest=longest, preview=preview), stamp(path)
    )


def stamp(path: Path) -> str:
    """What stands for the bytes of a file: its size, its beginning and its end. Moving it changes nothing."""
    with plain_files.opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256(file.read(_STAMP))
        file.seek(max(0, size - _STAMP))
        digest.update(file.read(_STAMP))
    return f"{size}-{digest.hexdigest()}"
