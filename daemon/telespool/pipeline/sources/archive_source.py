"""An archive that was dropped: its members come out in one pass, in its own order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.pipeline.sources.archive import UnpackingSource, numbered

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Container, Sequence

    from telespool.archives.members import Archive
    from telespool.pipeline.sources.base import DropMember, ExtractedMember, Rules


class ArchiveSource(UnpackingSource):
    """An archive."""

    def __init__(self, archive: Archive, rules: Rules) -> None:
        super().__init__(rules)
        self.archive = archive
        self.kind = archive.kind
        self.left_out += archive.left_out
        self.members: Sequence[DropMember] = [numbered(member, 0) for member in archive.members]

    def pieces(self, *, skip: Container[int]) -> AsyncGenerator[ExtractedMember]:
        """One pass through the archive, in its own order."""
        return self.unpack(self.archive, 0, self.rules.depth, skip)
