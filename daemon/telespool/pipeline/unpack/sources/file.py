"""A single file that was dropped: it is its own member, and stays where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.archives.members import Member
from telespool.pipeline.unpack.sources.base import ExtractedMember

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Container, Sequence
    from pathlib import Path

    from telespool.pipeline.captions.text import CaptionText
    from telespool.spool.account import LeftOut


class FileSource:
    """One file that is its own member."""

    kind = "file"
    kept_apart = False
    beside: tuple[str, CaptionText] | None = None

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.members: Sequence[Member] = [Member(1, name, None)]
        self.damage: list[str] = []
        self.left_out: list[LeftOut] = []

    async def pieces(self, *, skip: Container[int]) -> AsyncGenerator[ExtractedMember]:
        """The file itself, where it lies."""
        if 1 not in skip:
            yield ExtractedMember(self.members[0], self.path)

    def next_size(self) -> int:
        """It takes no room: it is there already."""
        return 0

    async def close(self) -> None:
        """There is nothing to release."""
