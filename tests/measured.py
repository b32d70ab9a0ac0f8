"""Pytest plugin, and a step of `scripts/test --coverage`: what was reached is written down, whatever becomes of a process.

    python -m tests.measured FOLDER       remove from FOLDER the data that a killed process wrote half

A process that a test gives an environment of its own is measured too. A child that may create no file is not: it could
write down nothing, and would complain of that instead of its work. A worker of xdist writes before it tells that it has
ended, because it is killed where it takes too long to go afterwards.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pytest

_CONFIG = "COVERAGE_PROCESS_CONFIG"
_CREATES_NOTHING = "--fsize=0"


def _measure_children(config: str) -> None:
    start = subprocess.Popen.__init__
    signature = inspect.signature(start)

    def started(process: Any, *args: Any, **named: Any) -> None:
        call = signature.bind(process, *args, **named)
        words = call.arguments["args"]
        environment = call.arguments.get("env")
        known = {**(os.environ if environment is None else environment)}
        if not isinstance(words, str | bytes) and _CREATES_NOTHING in [*map(str, words)]:
            known.pop(_CONFIG, None)
            call.arguments["env"] = known
        elif environment is not None:
            call.arguments["env"] = known | {_CONFIG: config}
        start(*call.args, **call.kwargs)

    cast("Any", subprocess.Popen).__init__ = started


if _CONFIG in os.environ:
    _measure_children(os.environ[_CONFIG])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker write down what it reached."""
    if _CONFIG in os.environ and hasattr(session.config, "workerinput"):
        from coverage import Coverage  # noqa: PLC0415 - only who measures needs it

        if measuring := Coverage.current():
            measuring.stop()
            measuring.save()


def is_whole(path: Path) -> bool:
    """Whether this is data that can be read to its end."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as data:
        tables = {name for (name,) in data.execute("SELECT name FROM sqlite_master")}
        return tables >= {"meta", "file"} and data.execute("PRAGMA quick_check").fetchone() == (
            "ok",
        )
    return False


def main(folder: str) -> None:
    """Remove what is broken, and tell how much that was."""
    files = [path for path in Path(folder).iterdir() if path.name.startswith(".coverage.")]
    broken = [path for path in files if not is_whole(path)]
    for path in broken:
        path.unlink()
    sys.stdout.write(
        f"coverage: {len(files)} processes wrote what they reached, {len(broken)} died over it\n"
    )


if __name__ == "__main__":
    main(sys.argv[1])
