"""telespool prune: what is old, and what is too much, goes; receipts stay longer, quarantine for ever."""

from __future__ import annotations

import hashlib
import math
import time
from typing import TYPE_CHECKING, Literal

import pytest

from telespool.config.schema import Bytes, RetentionSettings, Seconds
from telespool.pipeline.forget.retention_plan import plan
from telespool.runtime import boot
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


@pytest.fixture(autouse=True)
def up_for_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine was never switched off: every age is as it is."""
    monkeypatch.setattr(boot, "uptime", lambda: math.inf)


def _line(number: int, message: int, data: bytes, name: str) -> str:
    return f"{number:04d} {message} {len(data)} {hashlib.sha256(data).hexdigest()} {name}\n"


def files(job: str, *, left_out: str = "", lost: bool = False) -> dict[str, bytes]:
    """An archive, an original and a receipt in done/, with their proof, and a refusal."""
    photo = _line(1, 0, b"photo", "IMG.jpg")
    film = _line(2, 0, b"0" * 100, "clip.avi")
    broken = _line(3, 0, b"0" * 10, "broken.mp4")
    account = f"{photo}{film}{broken}{left_out}complete\n"
    arrived = film + _line(2, 8, b"copy", "clip.mp4")
    if not lost:
        arrived += _line(1, 7, b"photo", "IMG.jpg")
    return {
        f"done/{job}/members.txt": account.encode(),
        f"done/{job}/contents.txt": arrived.encode(),
        f"done/{job}/0000_a.zip": b"0" * 1000,
        f"done/{job}/0001+7_IMG.jpg": b"",
        f"done/{job}/0002o_clip.avi": b"0" * 100,
        f"done/{job}/0002c+8_clip.mp4": b"",
        f"quarantine/{job}/0003_broken.mp4": b"0" * 10,
    }


def settings(
    days: float = 30,
    receipts: float = 365,
    space: int = 0,
    left_out: Literal["keep", "clutter", "forget"] = "keep",
) -> RetentionSettings:
    """Ages in days, space in bytes."""
    return RetentionSettings(
        archives=Seconds(days * DAY),
        receipts=Seconds(receipts * DAY),
        space=Bytes(space),
        left_out=left_out,
    )


def planned(directory: Path, wanted: RetentionSettings) -> list[str]:
    """The plan for three jobs, old, middle and new, as `job unit` or `job` alone."""
    spool = make(directory, files(OLD) | files(MIDDLE) | files(NEW))
    steps = plan(Spool(spool.root), wanted, {}, NOW, math.inf).steps
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
    assert plan(Spool(spool.root), settings(), {}, NOW, math.inf).steps == []


@pytest.mark.parametrize(
    ("reason", "going"),
    [
        ("neither a photo nor a video", {"forget"}),
        ("hidden", {"clutter", "forget"}),
        ("empty", {"keep", "clutter", "forget"}),
    ],
)
def test_what_was_left_out_is_kept(tmp_path: Path, reason: str, going: set[str]) -> None:
    """An archive that holds what was sent to nobody stays, unless `left_out` says otherwise; its originals go."""
    spool = make(tmp_path, files(MIDDLE, left_out=f"- deal/contract.pdf\t{reason}\n"))
    for policy in ("keep", "clutter", "forget"):
        found = plan(Spool(spool.root), settings(left_out=policy), {}, NOW, math.inf)
        units = [str(step.entry.unit) for step in found.steps if step.entry]
        assert ("0000_a.zip" in units) == (policy in going)
        assert "0002o_clip.avi" in units
        assert ["contract.pdf" in str(kept) for kept in found.kept] == [True] * (
            policy not in going
        )


def test_without_proof_nothing_goes(tmp_path: Path, capsys: Capture) -> None:
    """A receipt that was lost, a job without an account, a file that a person changed: all of it stays and is named."""
    changed = {f"done/{MIDDLE}/0002o_clip.avi": b"1" * 100}
    old = {f"done/{OLD}/0000_b.zip": b"0" * 10}
    more = '[retention]\narchives = "1 day"\n'
    spool = make(tmp_path, files(MIDDLE, lost=True) | changed | old, more)
    before = spool.lying()

    said = telespool(capsys, spool.config, "prune").out

    assert "IMG.jpg" in said
    assert "clip.avi" in said
    assert "0000_b.zip" in said
    assert "Nothing was forgotten" in said
    assert spool.lying() == before


def test_of_a_folder_goes_what_arrived(tmp_path: Path, capsys: Capture) -> None:
    """Of a dropped folder each file is looked at by itself; the raw file and what came late stay, also with the job."""
    photo = b"photo"
    spool = make(
        tmp_path,
        {
            f"done/{OLD}/0000_trip/IMG_1.JPG": photo,
            f"done/{OLD}/0000_trip/IMG_1.CR2": b"raw",
            f"done/{OLD}/0000_trip/sub/late.jpg": b"later",
            f"done/{OLD}/contents.txt": _line(1, 7, photo, "IMG_1.JPG").encode(),
        },
    )
    telespool(capsys, spool.config, "prune")

    left = {name.partition("0000_trip/")[2] for name in spool.lying() if "0000_trip" in name}
    assert left == {"IMG_1.CR2", "sub/late.jpg"}


def test_files_with_two_names(tmp_path: Path) -> None:
    """What lies there under two names takes its room once."""
    data = b"0" * 500
    arrived = _line(1, 7, data, "1.jpg").encode()
    spool = make(
        tmp_path,
        {f"done/{NEW}/0000_walk/1.jpg": data, f"done/{NEW}/contents.txt": arrived},
    )
    (spool.root / f"done/{NEW}/0000_walk/2.jpg").hardlink_to(
        spool.root / f"done/{NEW}/0000_walk/1.jpg"
    )
    (step,) = plan(Spool(spool.root), settings(0), {}, NOW, math.inf).steps
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


def test_an_age_that_only_the_clock_knows(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shortly after a start, under a clock that nothing bears out, nothing is forgotten, and it says why."""
    monkeypatch.setattr(boot, "uptime", lambda: 60.0)
    spool = make(tmp_path, files(OLD) | files(NEW), '[retention]\narchives = "30 days"\n')
    before = spool.lying()
    assert "The clock says that 1 job in done/" in telespool(capsys, spool.config, "prune").out
    assert spool.lying() == before
