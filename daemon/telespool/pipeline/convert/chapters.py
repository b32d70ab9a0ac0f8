"""How many files are to share an album (chapters of a recording, lenses of a dashcam), told one file at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.belonging import Kinship
from telespool.belonging.kinship import may_have_others
from telespool.spool.account import Account

if TYPE_CHECKING:
    from telespool.spool import Spool
    from telespool.spool.layout import Entry


def chapters_ahead(spool: Spool, entry: Entry, size: int) -> int:
    """How many belong together of which this is the first, if an album of `size` holds them; else 1. Blocks."""
    if not may_have_others(entry.unit.label):
        return 1
    members = Account.read(spool, entry.job).members
    kin = Kinship.of({number: member.name for number, member in members.items()})
    together = kin.together(entry.unit.first)
    begins = together[0] == entry.unit.first and len(together) <= size
    return len(together) if begins else 1
