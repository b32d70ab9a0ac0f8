"""How much of an archive is too much.

A `Budget` counts what comes out of one drop, over all archives inside it: members, bytes, bytes out for
bytes in, and the time it takes. It is asked twice, with what the listing says and with what the stream gives,
because a listing can lie. Photos and videos hardly shrink, so a drop that grows many times over is a bomb; small
ones may (text, screenshots), therefore the ratio counts only beyond `RATIO_FROM`.

Permanent leaves it, and says which limit it was.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from telespool.config.units import write_duration
from telespool.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from contextlib import AbstractContextManager

    from telespool.archives.members import Member
    from telespool.config.schema import ArchiveSettings
    from telespool.spool.room import Room

RATIO_FROM = 100 * 1000 * 1000
NAMES = 32 << 20
"""Bytes of names in one archive; a packed table of contents can hold many times its size."""


class Budget:
    """What one drop may still bring. `packed` is the size in bytes of what was dropped.

    `passed` is the sentence of the first limit that was passed, None while none was.
    """

    def __init__(self, settings: ArchiveSettings, packed: int, room: Room | None = None) -> None:
        """Write only where the `room` of the spool lets it; without one, wherever the disk does."""
        self._settings = settings
        self._room = room
        self._packed = max(packed, 1)
        self._members = 0
        self._bytes = 0
        self._passed = 0
        self._seconds: float = settings.timeout
        self.passed: str | None = None

    def check(self, name: str, members: int, size: int, passed: int) -> None:
        """See whether `members` more would fit, of `size` bytes and of `passed` that nobody wants; takes nothing."""
        limits = self._settings
        if self._members + members > limits.max_members:
            raise self._no(
                f"{name} holds more than {limits.max_members} files; that is the limit (archives.max_members)."
            )
        self._check_total(name, self._bytes + size, self._passed + passed)

    def check_members(self, name: str, members: Iterable[Member]) -> None:
        """See the same of members that were listed; what is too large alone is left to itself."""
        sizes = [member.size or 0 for member in members]
        large = sum(size for size in sizes if size > self._settings.max_member)
        self.check(name, len(sizes), sum(sizes) - large, large)

    def too_large(self, size: int | None) -> str | None:
        """Why a member of this size is left out, None where it is not."""
        limit = self._settings.max_member
        if size is None or size <= limit:
            return None
        return (
            f"it is larger than a file in an archive may be ({amount(size)}; archives.max_member is {amount(limit)}):"
            " raise that, or unpack it and drop it by itself"
        )

    def refuse_member(self, name: str, size: int) -> None:
        """Permanent: this archive holds nothing but members that are too large."""
        raise self._no(
            f"{name} holds a file of {amount(size)}; the limit is {amount(self._settings.max_member)}"
            " (archives.max_member)."
        )

    def writing(self, size: int, name: str) -> AbstractContextManager[None]:
        """Hold room for `size` bytes while they are written; NoRoom where there is none."""
        return self._room.writing(size, name) if self._room is not None else nullcontext()

    def take_member(self, name: str) -> None:
        """One more member comes out of the archive of this name."""
        self._members += 1
        if self._members > self._settings.max_members:
            self.check(name, 0, 0, 0)

    def take(self, name: str, size: int, so_far: int) -> None:
        """`size` more bytes come out, of a member that then has `so_far`."""
        self._bytes += size
        if so_far > self._settings.max_member:
            self.refuse_member(name, so_far)
        self._check_total(name, self._bytes, self._passed)

    def pass_over(self, name: str, size: int) -> None:
        """`size` more bytes come out that nobody wants: they fill nothing, but a bomb is made of them too."""
        self._passed += size
        self._check_total(name, self._bytes, self._passed)

    @asynccontextmanager
    async def spending(self, name: str) -> AsyncIterator[None]:
        """What is done meanwhile takes of the time; it is cancelled when there is none left."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            raise self._no(
                f"{name} takes longer to unpack than {write_duration(self._settings.timeout)}; that is the limit"
                " (archives.timeout)."
            ) from None
        finally:
            self._seconds -= time.monotonic() - began

    def _check_total(self, name: str, kept: int, passed: int) -> None:
        limits = self._settings
        total = kept + passed
        if kept > limits.max_total:
            raise self._no(
                f"{name} would unpack to more than {amount(limits.max_total)}; that is the limit"
                " (archives.max_total)."
            )
        if total > RATIO_FROM and total > limits.max_ratio * self._packed:
            raise self._no(
                f"{name} would unpack to more than {limits.max_ratio:g} times its size; photos and videos do"
                " not, archives made to fill the disk do (archives.max_ratio)."
            )

    def _no(self, sentence: str) -> Permanent:
        self.passed = self.passed or sentence
        return Permanent(sentence)


def amount(size: int) -> str:
    """A number of bytes as people write it."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024:
            return (
                f"{value:.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:.1f} {unit}"
            )
        value /= 1024
    return f"{value:.1f} TiB"
