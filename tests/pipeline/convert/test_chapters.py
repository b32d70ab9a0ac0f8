"""How many chapters of one recording are to come, so that their copies share an album."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.pipeline.convert.chapters import chapters_ahead
from telespool.spool.layout import MEMBERS
from tests.laying import entry_at, lay_file

if TYPE_CHECKING:
    from telespool.spool import Spool


@pytest.mark.parametrize(
    ("name", "size", "count"),
    [
        ("0001_GX010001.MP4", 10, 2),
        ("0002_GX020001.MP4", 10, 1),
        ("0001_GX010001.MP4", 1, 1),
        ("0003_film.avi", 10, 1),
    ],
)
def test_chapters(spool: Spool, name: str, size: int, count: int) -> None:
    """Those that the first of them begins, where an album holds them; of all others one."""
    names = ["GX010001.MP4", "GX020001.MP4", "film.avi"]
    lines = [f"{n:04d} 0 4 {'a' * 64} {each}\n" for n, each in enumerate(names, 1)]
    lay_file(spool, f"done/{MEMBERS}", "".join(lines))
    assert chapters_ahead(spool, entry_at(spool, f"converting/{name}"), size) == count
