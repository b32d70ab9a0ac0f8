"""Uploads to a test Telegram: this engine against Telethon's own, FastTelethon's way, and telegram-upload.

    scripts/bench upload                        a table
    scripts/bench upload --json                 one JSON object per line and run
    scripts/bench upload --case album --rtt 50 --repeat 5
    scripts/bench upload --connection-rate 1.5  megabytes per second and connection
    scripts/bench upload --account-rate 10      megabytes per second, all connections together

One file of 64 MiB, and an album of ten photos of 3 MB; random data, because zeros shrink to nothing where a
client gzips. The server is a process of its own on the same machine, answers each request after the round
trip, and counts what it gets. Each run is a fresh process; all senders take turns within each repetition, in
an order of chance, and medians are compared. The clock runs from the first request of the upload to the answer that
names the message; being connected and knowing the chat are not counted, opening further connections is.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from tests.telegram_server.control import TelegramProcess

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools" / "telegram-upload"
SENDERS = ("telespool", "telethon", "fasttelethon", "telegram-upload")
MB = 1_000_000


def options() -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(prog="scripts/bench upload")
    parser.add_argument("--json", action="store_true", help="one JSON object per line and run")
    parser.add_argument("--case", nargs="+", choices=("file", "album"), default=("file", "album"))
    parser.add_argument("--rtt", nargs="+", type=int, default=(0, 50, 150), help="milliseconds")
    parser.add_argument("--sender", nargs="+", choices=SENDERS, default=SENDERS)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--size", type=float, default=64.0, help="MiB of the one file")
    parser.add_argument(
        "--connections", nargs="+", type=int, help="of telespool; 4, or 8 with --connection-rate"
    )
    parser.add_argument("--connection-rate", type=float, help="MB/s of each connection")
    parser.add_argument("--account-rate", type=float, help="MB/s of all connections together")
    found = parser.parse_args()
    if not found.connections:
        found.connections = [8] if found.connection_rate else [4]
    return found


def main() -> None:
    """Measure and print."""
    wanted = options()
    others = interpreter_of_telegram_upload() if "telegram-upload" in wanted.sender else None
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-upload-") as name:
        directory = Path(name)
        material = {case: make(case, directory / case, wanted.size) for case in wanted.case}
        limits = ["--count-only"]
        if wanted.connection_rate:
            limits += ["--connection-rate", str(wanted.connection_rate * MB)]
        if wanted.account_rate:
            limits += ["--rate", str(wanted.account_rate * MB)]
        with TelegramProcess(directory / "server", *limits) as telegram:
            for turn in range(wanted.repeat):
                for case in wanted.case:
                    for rtt in wanted.rtt:
                        for sender, connections in turns(wanted, others is not None):
                            telegram.do("reset")
                            telegram.do("set", rtt=rtt / 1000)
                            python = others if sender == "telegram-upload" else Path(sys.executable)
                            assert python is not None
                            run = {"case": case, "rtt_ms": rtt, "sender": sender, "turn": turn}
                            if sender == "telespool":
                                run["connections"] = connections
                            if wanted.connection_rate:
                                run["connection_mb_per_s"] = wanted.connection_rate
                            if wanted.account_rate:
                                run["account_mb_per_s"] = wanted.account_rate
                            run |= measure(python, telegram, run, material[case])
                            runs.append(run)
                            if wanted.json:
                                print(json.dumps(run), flush=True)
                            elif sys.stderr.isatty():
                                print(f"\r{len(runs)} runs ", end="", file=sys.stderr, flush=True)
    if not wanted.json:
        print(table(runs))


def turns(wanted: argparse.Namespace, others: bool) -> list[tuple[str, int]]:
    """Who sends in this round, in which order."""
    found = [
        (sender, connections)
        for sender in wanted.sender
        for connections in (wanted.connections if sender == "telespool" else (0,))
        if sender != "telegram-upload" or others
    ]
    random.shuffle(found)
    return found


def make(case: str, directory: Path, size: float) -> list[Path]:
    """The files of one case."""
    directory.mkdir()
    if case == "file":
        path = directory / "film.mp4"
        with path.open("wb") as file:
            left = int(size * (1 << 20))
            while left:
                left -= file.write(os.urandom(min(left, 1 << 20)))
        return [path]
    paths = [directory / f"IMG_{number}.jpg" for number in range(1, 11)]
    for path in paths:
        stream = io.BytesIO()
        Image.frombytes("RGB", (2048, 1640), os.urandom(2048 * 1640 * 3)).save(
            stream, "JPEG", quality=90
        )
        path.write_bytes(stream.getvalue())
    return paths


def measure(
    python: Path, telegram: TelegramProcess, run: dict[str, Any], files: list[Path]
) -> dict[str, Any]:
    """One run in a process of its own; the server must have got it all."""
    task = {
        **{
            key: telegram.info[key] for key in ("port", "public_key", "dc_id", "api_id", "api_hash")
        },
        "session": telegram.do(
            "session_file", str(telegram.directory / f"s{random.getrandbits(48)}")
        ),
        "files": [str(path) for path in files],
        **run,
    }
    done = subprocess.run(
        [python, ROOT / "benchmarks/upload_once.py", json.dumps(task)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    if done.returncode:
        sys.exit(f"bench: {run['sender']} failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    sent = telegram.do("counts")
    assert sent["messages"] == len(files), f"{run['sender']}: {sent['messages']} messages"
    return result


def interpreter_of_telegram_upload() -> Path | None:
    """The Python of an environment with telegram-upload, made on first use; None where that fails."""
    python = TOOLS / "bin/python"
    if (TOOLS / "bin/telegram-upload").exists():
        return python
    make = [sys.executable, "-m", "venv", str(TOOLS)]
    fill = [str(python), "-m", "pip", "install", "-q", "telegram-upload==0.7.1"]
    try:
        for step in (make, fill):
            subprocess.run(step, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("bench: telegram-upload cannot be installed here; it is left out", file=sys.stderr)
        return None
    return python


def table(runs: list[dict[str, Any]]) -> str:
    """Medians, and how many times Telethon's own rate, repetition by repetition."""
    lines = [
        f"{'case':6} {'rtt ms':>6}  {'sender':18} {'MB/s':>8} {'x telethon':>11} {'CPU s/GB':>9} {'peak MB':>8}"
    ]
    keys = sorted({(r["case"], r["rtt_ms"]) for r in runs})
    for case, rtt in keys:
        here = [r for r in runs if (r["case"], r["rtt_ms"]) == (case, rtt)]
        base = {r["turn"]: r["mb_per_s"] for r in here if r["sender"] == "telethon"}
        for who in sorted({(r["sender"], r.get("connections", 0)) for r in here}, reverse=True):
            mine = [r for r in here if (r["sender"], r.get("connections", 0)) == who]
            ratios = [r["mb_per_s"] / base[r["turn"]] for r in mine if r["turn"] in base]
            ratio = f"{statistics.median(ratios):11.1f}" if ratios else " " * 11
            name = who[0] + (f" ({who[1]})" if who[1] else "")
            lines.append(
                f"{case:6} {rtt:6}  {name:18} {_median(mine, 'mb_per_s'):8.2f} {ratio}"
                f" {_median(mine, 'cpu_s_per_gb'):9.2f} {_median(mine, 'peak_mb'):8.0f}"
            )
    return "\n".join(lines)


def _median(runs: list[dict[str, Any]], key: str) -> float:
    return float(statistics.median(run[key] for run in runs))


if __name__ == "__main__":
    main()
