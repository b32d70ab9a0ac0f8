"""The status of a large spool: how long `telespool status` takes, and how much memory.

    scripts/bench status                    100,000 units: a fresh process each time, after one that warms the cache
    scripts/bench status --units 10000 --repeat 10 --json

`start` is the time of the same command on an empty spool: what Python and the imports take. `processor` is user and
system time of the process, which a busy machine does not lengthen; memory is its peak, as the kernel counted it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("incoming", "uploading", "deferred", "converting", "done", "quarantine")
PER_JOB = 1000


def options(arguments: list[str] | None) -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(prog="scripts/bench status")
    parser.add_argument("--json", action="store_true", help="one JSON object for each case")
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--where", type=Path, help="a folder on the disk to measure")
    return parser.parse_args(arguments)


def spool(directory: Path, units: int) -> Path:
    """A spool of so many units, single files: six of ten sent, the rest ready, deferred or refused; its configuration."""
    root = directory / "spool"
    for folder in (*FOLDERS, "inbox", "tmp"):
        (root / folder).mkdir(parents=True)
    for start in range(0, units, PER_JOB):
        job = f"20261120-{start // PER_JOB:06d}_family_trip"
        for number in range(1, min(PER_JOB, units - start) + 1):
            share = number / PER_JOB
            name = f"{number:04d}_IMG_{number}.jpg"
            if share <= 0.6:
                file = root / "done" / job / f"{number:04d}+{number}_IMG_{number}.jpg"
            elif share <= 0.8:
                file = root / "uploading" / job / name
            elif share <= 0.95:
                file = root / "deferred" / job / name
            else:
                file = root / "quarantine" / job / name
            file.parent.mkdir(exist_ok=True)
            file.touch()
            if file.parent.parent.name == "quarantine":
                file.with_name(f"{name}.txt").write_text("It cannot be read.\n")
    config = directory / "config.toml"
    config.write_text(f'[spool]\nroot = "{root}"\n')
    return config


def measure(config: Path) -> dict[str, float]:
    """One run of the command, by itself."""
    command = [sys.executable, "-m", "telespool.cli.main", "status", "-c", str(config), "--json"]
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    status = json.loads(process.stdout.read())
    process.stdout.close()
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    return {
        "units": sum(shelf["units"] for shelf in status["folders"]),
        "seconds": time.perf_counter() - begun,
        "processor": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    wanted = options(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-status-", dir=wanted.where) as name:
        cases = {
            "start": spool(Path(name, "empty"), 0),
            f"{wanted.units} units": spool(Path(name, "full"), wanted.units),
        }
        for case, config in cases.items():
            runs = [measure(config) for _ in range(wanted.repeat + 1)][1:]
            middle: dict[str, Any] = {
                key: statistics.median(run[key] for run in runs) for key in runs[0]
            }
            if wanted.json:
                print(json.dumps({"case": case, **middle}))
            else:
                print(
                    f"{case:<14} {middle['seconds']:6.3f} s, {middle['processor']:6.3f} s of processor,"
                    f" {middle['memory']:5.1f} MiB"
                )


if __name__ == "__main__":
    main()
