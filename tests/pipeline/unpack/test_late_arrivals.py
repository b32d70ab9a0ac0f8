"""Folders that were claimed not long ago are looked at for an hour, and only while they are there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from telespool.pipeline.unpack.late_arrivals import LateArrivals
from telespool.spool.layout import MEMBERS
from tests.laying import JOB, entry_at, lay_file

if TYPE_CHECKING:
    from telespool.spool import Spool


def test_what_is_watched(spool: Spool) -> None:
    """What came late is put back; a folder that is gone, or was taken long ago, is watched no more."""
    lay_file(spool, "done/0000_trip/a.jpg")
    lay_file(spool, f"done/{MEMBERS}", f"0001 0 4 {'a' * 64} a.jpg\ncomplete\n")
    late = LateArrivals(spool)
    drop = entry_at(spool, "done/0000_trip")
    late.watch(drop)
    assert 0 < late.look() < 3600
    lay_file(spool, "done/0000_trip/b.jpg")
    for watched in late._all().values():
        watched.due = 0.0
    late.look()
    assert [path.name for path in (spool.inbox / "trip").iterdir()] == ["b.jpg"]
    for watched in late._all().values():
        watched.due = watched.since = 0.0
        watched.since -= 2 * 3600
    assert late.look() == 3600
    assert late._all() == {}

    again = LateArrivals(spool)  # another process
    assert list(again._all()) == [JOB]
    shutil.rmtree(drop.path)
    assert again.look() == 3600
