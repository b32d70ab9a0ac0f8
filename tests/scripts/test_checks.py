"""The guards find what they are for."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from pathlib import Path

import pytest

from telespool.runtime import plain_files
from tests import left_loops, sentences, unblocked, uncovered

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


def test_a_loop_that_a_test_leaves_open_is_found() -> None:
    """It is closed, so that no later test fails for it; where none was left nothing is said."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    assert left_loops.close_left()
    assert loop.is_closed()
    assert not left_loops.close_left()


def test_every_reason_belongs_to_a_line() -> None:
    """What tests/uncovered.toml explains stands in the module that it names."""
    for module, lines in uncovered.reasons().items():
        assert [line for line in lines if line not in uncovered.lines_of(module)] == [], module


def test_a_line_without_a_reason_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what decides a file's fate each line that no test reaches is named, and too little reached in all."""
    about = {"missing_lines": [1], "missing_branches": []}
    report = {
        "files": {"daemon/telespool/spool/lock.py": about, "daemon/telespool/cli/run.py": about},
        "totals": {"percent_covered": 96.9},
    }
    (tmp_path / "coverage.json").write_text(json.dumps(report))

    assert uncovered.main(str(tmp_path / "coverage.json")) == 1
    said = capsys.readouterr().out
    assert "spool/lock.py:1: no test reaches" in said
    assert "cli/run.py" not in said
    assert "96.9 % is reached" in said


def test_a_sentence_that_was_never_said_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page is compared with what the tests have made the program say."""
    known = sentences.sentences()
    assert set(sentences.unsaid()) <= {*known}
    said = [each for each in known if each not in sentences.unsaid()]
    (tmp_path / "1").write_text("".join(f"{each}\ttests/x.py\n" for each in said[1:]))

    assert sentences.main(str(tmp_path)) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [f"never said: {said[0]}"]


def test_a_sentence_is_known_with_what_was_put_in() -> None:
    """A note, a line of a log and a value all count; other words do not."""
    sentence = "… is one of several volumes, and … is missing: put it beside the others."
    note = "a.part1.rar is one of several volumes, and a.part2.rar is missing:\nput it beside the others."
    assert sentences.said(json.dumps({"reason": note}), [sentence]) == [sentence]
    assert sentences.said(note.replace("missing", "gone"), [sentence]) == []
