"""Which refusals of an album's files are waits, and of how many; and an album that holds none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.errors import Permanent, TelespoolError, Temporary, ToolFault
from telespool.pipeline.send.refusals import nothing_in, waiting_together
from tests.laying import JOB, entry_at

if TYPE_CHECKING:
    from telespool.spool import Spool


def test_those_that_wait_for_the_same() -> None:
    """They wait together; what is refused for good does not wait."""
    busy, slow = Temporary("Busy.", scope="unit"), Temporary("Slow.", scope="unit", retry_after=60)
    refused: dict[int, TelespoolError] = {1: busy, 2: Permanent("No."), 3: slow, 4: busy}
    found = waiting_together(refused, alone=False)
    assert found == [(busy, [1, 4]), (slow, [3])]


@pytest.mark.parametrize(
    ("error", "alone"),
    [
        (Temporary("Busy.", scope="unit"), True),
        (Temporary("Flood.", scope="all"), False),
        (ToolFault("It is broken.", tool="ffmpeg"), False),
    ],
)
def test_waits_of_more_than_these_files(error: Temporary, alone: bool) -> None:
    """They are raised, as is the wait of one that stands alone."""
    with pytest.raises(type(error)):
        waiting_together({1: error}, alone=alone)


def test_an_album_of_links(spool: Spool) -> None:
    """It is named what lies there; where nothing does, there is nothing to say."""
    folder = spool.root / "uploading" / JOB / "0001-0002_album"
    folder.mkdir(parents=True)
    album = entry_at(spool, "uploading/0001-0002_album")
    assert nothing_in(album) is None
    (folder / "0001_a.jpg").symlink_to("/etc/hostname")
    assert "0001_a.jpg is a link" in str(nothing_in(album))
