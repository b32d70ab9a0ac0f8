"""A job of a topic, and its units laid where a test wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.spool.layout import Entry
from telespool.spool.names import Unit
from tests.jobs import job_name

if TYPE_CHECKING:
    from telespool.spool import Spool

JOB = job_name("family+Trip_holiday")


def lay(spool: Spool, folder: str, name: str, job: str = JOB) -> Entry:
    """A unit there."""
    path = spool.root / folder / job / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"photo")
    unit = Unit.parse(name)
    assert unit is not None
    return Entry("uploading" if folder == "uploading" else "incoming", job, unit, path)
