"""What of done/ is to be forgotten: by its age, or because it is too much; and what nothing proves to have arrived."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import Bytes, RetentionSettings
from telespool.pipeline.forget.retention_plan import carry_out, plan
from telespool.spool.layout import CONTENTS, MEMBERS
from tests.jobs import DAY, job_name
from tests.laying import lay_file

if TYPE_CHECKING:
    from telespool.pipeline.forget.retention_plan import RetentionPlan
    from telespool.spool import Spool

DIGEST = hashlib.sha256(b"data").hexdigest()


def delivered(spool: Spool, job: str, *more: str, data: str = "0001 7 4") -> None:
    """A job of one folder whose file was sent."""
    lay_file(spool, "done/0000_trip/a.jpg", job=job)
    lay_file(spool, "done/0001+7_a.jpg", b"", job=job)
    lines = [f"0001 0 4 {DIGEST} a.jpg", *more, "complete", ""]
    lay_file(spool, f"done/{MEMBERS}", "\n".join(lines), job=job)
    lay_file(spool, f"done/{CONTENTS}", f"{data} {DIGEST} a.jpg\n", job=job)


def planned(
    spool: Spool, *, space: int = 0, left_out: str = "keep", uptime: float = 9e9
) -> RetentionPlan:
    """What would be forgotten now."""
    settings = RetentionSettings(space=Bytes(space), left_out=left_out)  # type: ignore[arg-type]
    return plan(spool, settings, {}, spool.clock(), uptime)


def test_what_is_old_goes(spool: Spool) -> None:
    """The data after a month, the receipts after a year, unless something strange lies among them."""
    jobs = [job_name(f"family_{n}", ago=n * DAY) for n in (1, 60, 400, 500)]
    for job in jobs:
        delivered(spool, job)
    lay_file(spool, "done/letter.doc", job=jobs[3])
    found = planned(spool)
    assert found.kept == []
    assert {(each.job, each.entry is None) for each in found.steps} == {
        (jobs[1], False),
        (jobs[2], True),
        (jobs[3], False),
    }
    for step in found.steps:
        assert str(step).startswith(("drop", "forget"))
        carry_out(spool, step)
    assert spool.jobs("done") == sorted([jobs[0], jobs[1], jobs[3]])
    assert not (spool.root / "done" / jobs[1] / "0000_trip").exists()


def test_the_oldest_go_for_space(spool: Spool) -> None:
    """As few as are too many, though all of them are young."""
    jobs = [job_name(f"family_{n}", ago=n * DAY) for n in (3, 2, 1)]
    for job in jobs:
        delivered(spool, job)
    assert [each.job for each in planned(spool, space=8).steps] == jobs[:1]
    assert [each.job for each in planned(spool, space=1).steps] == jobs


def test_a_clock_that_is_doubted(spool: Spool) -> None:
    """What only the clock says to be old stays, and that is told."""
    delivered(spool, job_name(ago=400 * DAY))
    found = planned(spool, uptime=60.0)
    assert found.steps == []
    assert "neither the time since this machine was started" in found.doubt


@pytest.mark.parametrize(
    ("line", "left_out", "goes"),
    [
        (f"- again.jpg\tthe same as a.jpg, which is sent\t2\t4\t{DIGEST}", "keep", True),
        (f"- other.jpg\tit was sent before\t2\t9\t{'b' * 64}", "keep", False),
        ("- letter.doc\tneither a photo nor a video", "keep", False),
        ("- letter.doc\tneither a photo nor a video", "clutter", False),
        ("- letter.doc\tneither a photo nor a video", "forget", True),
        ("- nothing.jpg\tempty", "keep", True),
    ],
)
def test_an_archive_of_which_something_was_left_out(
    spool: Spool, line: str, left_out: str, goes: bool
) -> None:
    """It goes where what was left out arrived elsewhere, holds nothing, or may be forgotten."""
    job = job_name(ago=60 * DAY)
    delivered(spool, job, line)
    (spool.root / "done" / job / "0000_trip/a.jpg").unlink()
    (spool.root / "done" / job / "0000_trip").rmdir()
    lay_file(spool, "done/0000_trip.zip", job=job)
    found = planned(spool, left_out=left_out)
    assert (bool(found.steps), bool(found.kept)) == (goes, not goes)
    if not goes:
        assert "not delivered:" in str(found.kept[0])
