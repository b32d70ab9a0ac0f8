"""The guards find what they are for."""

from __future__ import annotations

import asyncio
import subprocess
import time
from pathlib import Path

import pytest

from telespool.runtime import plain_files
from tests import unblocked

CHECK = Path(__file__).parents[2] / "scripts" / "check-dates"
YEAR = time.gmtime().tm_year


@pytest.mark.parametrize(
    "line",
    [
        'JOB = "YEAR1120-075145_family_holiday"',
        'place = f"uploading/YEAR1120-{n}_family_holiday/0001_a.jpg"',
        'taken = b"YEAR:11:20 07:51:45"',
        'posted = "YEAR-11-20T07:51"',
        "now = datetime(YEAR, 11, 20, tzinfo=UTC)",
        "info.date_time = (YEAR, 11, 20, 7, 51, 45)",
        "os.utime(path, (SECONDS, SECONDS.5))",
    ],
)
def test_a_date_that_will_be_old_is_refused(tmp_path: Path, line: str) -> None:
    """A test that names a day of these years passes today and fails in a year: it does not come in."""
    dated = tmp_path / "test_dated.py"
    line = line.replace("YEAR", str(YEAR)).replace("SECONDS", str(int(time.time())))
    dated.write_text(f'"""Of {YEAR}-11-20."""\n\n{line}\n')
    done = subprocess.run([CHECK, dated], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"{dated}:3: " in done.stdout
    assert "is a fixed date; take it from the clock" in done.stdout


def test_a_date_that_is_old_for_ever_is_not_refused(tmp_path: Path) -> None:
    """What was past before any clock that runs this, what is meant, and what is no date at all may stand."""
    dated = tmp_path / "test_dated.py"
    dated.write_text(
        f'"""Of {YEAR}-11-20."""\n'
        f'JOB = "20011120-075145_family_holiday"  # not {YEAR}-11-20\n'
        f'JOB = "{YEAR}1120-075145_a"  # any day: it is only read\n'
        "SIZE, MAGIC, LATER = 2_000, 0x5A215A21, 4_000_000_000\n"
    )
    done = subprocess.run([CHECK, dated], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


async def test_a_disk_that_the_event_loop_waits_for_is_noted(tmp_path: Path) -> None:
    """What a coroutine of the program does itself is found; what it leaves to a thread, and what a test does, is not."""
    await asyncio.to_thread(plain_files.lstat, tmp_path)
    plain_files.lstat(tmp_path)
    assert unblocked.found() == []

    program = compile(
        "async def wait(path):\n    path.stat()\n", f"{unblocked.PROGRAM}made_up.py", "exec"
    )
    made: dict[str, object] = {}
    exec(program, made)  # noqa: S102 - a module of the program that was never there
    await made["wait"](tmp_path)  # type: ignore[operator]
    assert unblocked.found() == ["os.stat in the event loop: made_up.py:2"]
    unblocked.found().clear()
