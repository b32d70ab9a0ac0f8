"""What is known of an archive while it is opened. Permanent leaves `check` where a limit is passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.archives.limits import Budget
    from telespool.archives.members import Member
    from telespool.archives.sevenzip import SevenZip
    from telespool.config.schema import ArchiveSettings

# Streams that hold one thing each, which may be a tar.
STREAMS = {"gzip", "bzip2", "xz", "zstd", "compress", "lzma", "lz4", "lzip"}
PIECES = "pieces"
"""A file that was cut, which is no archive."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One archive being opened.

    `everything` makes members of all but what systems leave behind; `volumes` are its files in their order; `awaited`
    is the volume that is missing if it is not complete; `offset` is where a tar begins; `joined` is what was cut.
    """

    source: SevenZip
    kind: str
    settings: ArchiveSettings
    passwords: Sequence[str]
    budget: Budget
    everything: bool
    volumes: Sequence[Path]
    awaited: str | None = None
    offset: int = 0
    joined: str = ""

    @property
    def path(self) -> Path:
        """The archive."""
        return self.source.path

    @property
    def name(self) -> str:
        """What people call it."""
        return self.source.name

    def check(self, members: Sequence[Member]) -> None:
        """Permanent where these members are too many or too much; what is too large alone is left to itself."""
        limit = self.settings.max_member
        large = [member.size for member in members if member.size and member.size > limit]
        self.budget.check_members(self.name, members)
        if large and len(large) == len(members):
            self.budget.refuse_member(self.name, min(large))
