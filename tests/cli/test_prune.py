"""telespool prune: what is old, and what is too much, goes; receipts stay longer, quarantine for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from telespool.config.schema import Bytes, RetentionSettings, Seconds
from telespool.pipeline.retention_plan import plan
from telespool.spool import Spool
from tests.cli.support import make, telespool
from tests.jobs import DAY, job_name

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]

OLD, MIDDLE, NEW = (
    job_name("family_a", ago=2500 * DAY),
    job_name("family_b", ago=50 * DAY),
    job_name("family_c", ago=DAY),
)
NOW = time.time()


def files(job: str) -> dict[str, bytes]:
    """An archive, an original and a receipt in done/, and a refusal."""
    return {
        f"done/{job}/0000_a.zip": b"0" * 1000,
        f"done/{job}/0001+7_IMG.jpg": b"",
        f"done/{job}/0002o_clip.avi": b"0" * 100,
        f"done/{job}/0002c+8_clip.mp4": b"",
        f"quarantine/{job}/0003_broken.mp4": b"0" * 10,
    }


def settings(days: float = 30, receipts: float = 365, space: int = 0) -> RetentionSettings:
    """Ages in days, space in bytes."""
    day = 86400.0
    return RetentionSettings(
        archives=Seconds(days * day), receipts=Seconds(receipts * day), space=Bytes(space)
    )


def planned(directory: Path, wanted: RetentionSettings) -> list[str]:
    """The plan for three jobs, old, middle and new, as `job unit` or `job` alone."""
    spool = make(directory, files(OLD) | files(MIDDLE) | files(NEW))
    steps = plan(Spool(spool.root), wanted, NOW)
    return [f"{step.job[-1]} {step.entry.unit if step.entry else ''}".strip() for step in steps]


def test_by_age(tmp_path: Path) -> None:
    """After one age archives and originals go, after the other the whole job."""
    assert planned(tmp_path, settings()) == ["a", "b 0000_a.zip", "b 0002o_clip.avi"]


def test_by_space(tmp_path: Path) -> None:
    """Where done/ holds too much, the oldest go until it fits, and the receipts stay."""
    assert planned(tmp_path, settings(9999, 9999, space=1200)) == [
        "a 0000_a.zip",
        "a 0002o_clip.avi",
        "b 0000_a.zip",
    ]


def test_nothing_that_is_not_over(tmp_path: Path) -> None:
    """A job of which something still waits keeps all it has."""
    spool = make(tmp_path, files(OLD) | {f"deferred/{OLD}/0004_d.avi": b"0"})
    assert plan(Spool(spool.root), settings(), NOW) == []


def test_files_with_two_names(tmp_path: Path) -> None:
    """What lies there under two names takes its room once."""
    spool = make(tmp_path, {f"done/{NEW}/0000_walk/1.jpg": b"0" * 500})
    (spool.root / f"done/{NEW}/0000_walk/2.jpg").hardlink_to(
        spool.root / f"done/{NEW}/0000_walk/1.jpg"
    )
    (step,) = plan(Spool(spool.root), settings(0), NOW)
    assert step.size == 500


def test_the_command(tmp_path: Path, capsys: Capture) -> None:
    """A trial shows the steps and changes nothing; the command does them; then nothing is left to do."""
    spool = make(tmp_path, files(OLD) | files(NEW), '[retention]\narchives = "10000 days"\n')
    before = spool.lying()
    shown = telespool(capsys, spool.config, "prune", "--dry-run").out
    assert "Nothing is old enough" in shown

    text = spool.config.read_text().replace("10000 days", "1000 days")
    spool.config.write_text(text)
    shown = telespool(capsys, spool.config, "prune", "--dry-run").out
    assert f"forget {OLD}: its receipts are" in shown
    assert "Nothing was changed" in shown
    assert spool.lying() == before

    assert "freed." in telespool(capsys, spool.config, "prune").out
    assert {name for name in spool.lying() if OLD in name} == {f"quarantine/{OLD}/0003_broken.mp4"}
    assert "Nothing is old enough" in telespool(capsys, spool.config, "prune").out
