"""Giving way: how soon ffmpeg stands still when something is to be sent, and what the sender gains by it.

    scripts/bench yield                          a table
    scripts/bench yield --json                   one JSON object per line and case
    scripts/bench yield --times 500 --load 2

Cases: `daemon`, from a rename into `uploading/` by the daemon itself to every thread of ffmpeg standing still, as the
kernel tells it; `hand`, the same where a person renames and the daemon hears of it by inotify; both in milliseconds,
with `--load` busy processes beside; `cpu`, how much a sender of one and of two threads gets done while ffmpeg runs at
its niceness and while it stands still, in percent of what it gets done alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.convert import made

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = ("daemon", "hand", "cpu")


def options(arguments: list[str] | None) -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(prog="scripts/bench yield")
    parser.add_argument("--json", action="store_true", help="one JSON object per line and case")
    parser.add_argument("--case", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--times", type=int, default=200, help="renames to a case")
    parser.add_argument("--load", type=int, default=2, help="busy processes beside")
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement of `cpu`")
    return parser.parse_args(arguments)


class Converter:
    """A daemon's converter in a process of its own, and its ffmpeg."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder
        (folder / "uploading").mkdir(exist_ok=True)
        self.unit = folder / "uploading" / "unit"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.yield_once", str(folder), str(source)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self) -> None:
        """End it, and its ffmpeg with it."""
        self.process.kill()
        self.process.communicate()

    def ffmpeg(self) -> int:
        """The process that encodes; waits until there is one that does."""
        while True:
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(self.process.pid).children():
                    encodes = "libx264" in child.cmdline() and child.name() == "ffmpeg"
                    if encodes and child.num_threads() > 3 and child.status() != "stopped":
                        return child.pid
            time.sleep(0.02)

    def rename_itself(self) -> float:
        """Let it rename; the time at which it began to."""
        (self.folder / "ready").write_bytes(b"")
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("in\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def rename(self) -> float:
        """Rename as a person would; the time at which it began."""
        ready = self.folder / "ready"
        ready.write_bytes(b"")
        began = time.monotonic()
        ready.rename(self.unit)
        return began


def stands_still(pid: int) -> bool:
    """Whether every thread of a process is stopped."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            if task.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "T":
                return False
    return True


def busy() -> None:
    """Use a core."""
    data = os.urandom(1 << 20)
    while True:
        sha256(data).digest()


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """So many busy processes beside."""
    workers = [multiprocessing.Process(target=busy, daemon=True) for _ in range(processes)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def latency(converter: Converter, wanted: argparse.Namespace, *, by_hand: bool) -> dict[str, Any]:
    """From the rename to the last thread that stands still."""
    taken = []
    with load(wanted.load):
        for _ in range(wanted.times):
            pid = converter.ffmpeg()
            time.sleep(0.05)
            began = converter.rename() if by_hand else converter.rename_itself()
            while not stands_still(pid):
                time.sleep(0.0002)
            taken.append((time.monotonic() - began) * 1000)
            converter.unit.unlink()
    taken.sort()
    return {
        "times": len(taken),
        "median_ms": round(statistics.median(taken), 2),
        "p99_ms": round(taken[min(len(taken) - 1, int(len(taken) * 0.99))], 2),
        "max_ms": round(taken[-1], 2),
    }


def work(seconds: float, threads: int) -> float:
    """MiB a second that so many threads hash."""
    data, done, end = os.urandom(1 << 20), [0] * threads, time.monotonic() + seconds

    def hash_on(number: int) -> None:
        while time.monotonic() < end:
            sha256(data).digest()
            done[number] += 1

    hands = [threading.Thread(target=hash_on, args=(number,)) for number in range(threads)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return sum(done) / seconds


def cpu(converter: Converter, wanted: argparse.Namespace) -> dict[str, Any]:
    """What a sender gets done beside ffmpeg; ffmpeg standing still is as good as none."""
    found: dict[str, Any] = {}
    for threads in (1, 2):
        converter.ffmpeg()
        beside = work(wanted.seconds, threads)
        pid = converter.ffmpeg()
        converter.rename()
        while not stands_still(pid):
            time.sleep(0.001)
        still = work(wanted.seconds, threads)
        converter.process.send_signal(19)
        alone = work(wanted.seconds, threads)
        converter.process.send_signal(18)
        converter.unit.unlink()
        found[f"running_{threads}_percent"] = round(100 * beside / alone, 1)
        found[f"standing_{threads}_percent"] = round(100 * still / alone, 1)
    return found


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    wanted = options(arguments)
    folder = Path(tempfile.mkdtemp(prefix="bench-yield-"))
    source = made(folder / "a.avi", "1280x720", 20, ["-c:v", "mpeg4", "-q:v", "3", "-c:a", "mp3"])
    converter = Converter(folder, source)
    try:
        for name in wanted.case:
            if name == "cpu":
                found = cpu(converter, wanted)
            else:
                found = latency(converter, wanted, by_hand=name == "hand")
            if wanted.json:
                print(json.dumps({"case": name, **found}), flush=True)
            else:
                print(name, *(f"  {key:<24}{value}" for key, value in found.items()), sep="\n")
    finally:
        converter.end()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
