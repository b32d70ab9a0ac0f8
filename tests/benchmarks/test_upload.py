"""`scripts/bench upload` measures what it says it measures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.telegram


def bench(*arguments: str) -> str:
    """Run it with these arguments; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.upload", "--repeat", "1", "--rtt", "5", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_every_run_is_one_json_object() -> None:
    """All senders that need nothing installed take their turn, each with rate, processor time and memory."""
    senders = ["telespool", "telethon", "fasttelethon"]
    output = bench("--json", "--size", "2", "--sender", *senders, "--case", "file")
    runs = [json.loads(line) for line in output.splitlines()]
    assert sorted(run["sender"] for run in runs) == sorted(senders)
    for run in runs:
        assert run["rtt_ms"] == 5
        assert run["mb_per_s"] > 0
        assert run["cpu_s_per_gb"] > 0
        assert run["peak_mb"] > 10
