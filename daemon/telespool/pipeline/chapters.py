"""How many chapters of a recording are to share an album, for those who see one file of it at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.belonging import Kinship
from telespool.belonging.kinship import may_be_chapter
from telespool.spool.account import Account

if TYPE_CHECKING:
    from telespool.spool import Spool
    from telespool.spool.layout import Entry


def chapters_ahead(spool: Spool, entry: Entry, size: int) -> int:
    """How many chapters begin with this file and fit into an album of `size`; 1 for what begins none. Blocks."""
    if not may_be_chapter(entry.unit.label):
        return 1
    members = Account.read(spool, entry.job).members
    kin = Kinship.of({number: member.name for number, member in members.items()})
    chapters = kin.chapters.get(entry.unit.first, ())
    begins = chapters[:1] == (entry.unit.first,) and len(chapters) <= size
    return len(chapters) if begins else 1
