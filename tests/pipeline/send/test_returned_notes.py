"""What a person moves from quarantine/ into the inbox is dropped by its own name, and without its notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.spool import Spool
from telespool.spool.names import Unit
from tests.jobs import job_name

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipeline.drop_house import House


@pytest.mark.media
async def test_refused_files_are_dropped_again(house: House, photos: Path) -> None:
    """The photos are posted under their own names; a note without its file is posted by nobody and left nowhere."""
    spool, job = Spool(house.root), job_name("default_trip")
    for path in sorted(photos.iterdir()):
        unit = Unit(int(path.stem.rpartition("_")[2]), path.name)
        staged = path.rename(path.with_name(str(unit)))
        spool.quarantine_staged(job, staged, unit, f"{path.name} was refused.")
    (house.root / f"quarantine/{job}/0010_IMG_10.jpg").unlink()
    for path in (house.root / "quarantine" / job).iterdir():
        path.rename(house.inbox / path.name)

    await house.work()

    assert house.posted() == ["IMG_1.jpg", "IMG_2.jpg"]
    assert list(house.inbox.iterdir()) == []
    assert list(house.root.glob("quarantine/*/*")) == []
