"""What a person put among the units of a job is named, wherever it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.spool.strangers import numberless
from tests.laying import JOB, lay_files

if TYPE_CHECKING:
    from telespool.spool import Spool


def test_files_without_a_number(spool: Spool) -> None:
    """Beside units and inside their albums; notes are none, nor is what lies among the receipts of a job."""
    lay_files(
        spool,
        "uploading/0001_a.jpg",
        "uploading/mine.jpg",
        "uploading/0002-0003_album/0002_b.jpg",
        "uploading/0002-0003_album/mine.jpg",
        "quarantine/0004_d.jpg",
        "quarantine/0004_d.jpg.txt",
        "done/report.txt",
        "done/mine.txt",
        "done/0005-0006+7_album/0005+7_e.jpg",
        "done/0005-0006+7_album/late.jpg",
    )
    assert sorted(numberless(spool, JOB)) == [
        "done/0005-0006+7_album/late.jpg",
        "uploading/0002-0003_album/mine.jpg",
        "uploading/mine.jpg",
    ]
