"""A spool that is open, and files of a job laid where a test wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.spool import Spool
from telespool.spool.layout import FOLDERS, Entry
from telespool.spool.names import Unit
from tests.jobs import job_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOB = job_name("family+Trip_holiday")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """An open spool."""
    spool = Spool(tmp_path / "spool")
    spool.open()
    yield spool
    spool.close()


def lay_file(spool: Spool, name: str, data: bytes | str = b"data", job: str = JOB) -> Path:
    """Put a file there, as FOLDER/NAME or FOLDER/ALBUM/NAME."""
    folder, _, rest = name.partition("/")
    path = spool.root / folder / job / rest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def lay_files(spool: Spool, *names: str) -> None:
    """Put these files there."""
    for name in names:
        lay_file(spool, name)


def entry_at(spool: Spool, name: str, job: str = JOB) -> Entry:
    """The unit FOLDER/UNIT, whether it lies there or not."""
    folder, _, rest = name.partition("/")
    unit = Unit.parse(rest)
    assert unit is not None
    where = next(each for each in FOLDERS if each == folder)
    return Entry(where, job, unit, spool.root / folder / job / rest)


def lay(spool: Spool, name: str, job: str = JOB) -> Entry:
    """Put a unit there, as FOLDER/UNIT."""
    lay_file(spool, name, job=job)
    return entry_at(spool, name, job)
