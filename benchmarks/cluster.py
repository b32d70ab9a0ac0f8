"""Helpers: two other machines against one, and what is lost where this one is killed again and again.

    scripts/bench cluster                        a table
    scripts/bench cluster --json                 one JSON object per line and case
    scripts/bench cluster --case kills --kills 30 --seconds 60

Each helper is a real sshd in a network namespace of its own, held to one core, its encoder to one thread (as root;
otherwise on this machine's own address). Cases: `pace`, the same film by two helpers and by one, this machine only
cutting and checking: how many times as fast, and whether frames, times and sound are those of one slot here; `kills`,
with both helpers, this machine killed with -9 at random: the same, how much worse a frame is at most, how many
finished pieces were lost, and how many pieces were handed out beyond those there are, a kill and helper.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.convert import convert_for, made, took
from telespool.media.mp4 import track
from tests.media.machines import Machine, machines
from tests.media.measure import sound, ssim

CASES = ("pace", "kills")


def options(arguments: list[str] | None) -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(prog="scripts/bench cluster")
    parser.add_argument("--json", action="store_true", help="one JSON object per line and case")
    parser.add_argument("--case", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--seconds", type=int, default=60, help="of the film")
    parser.add_argument("--size", default="1280x720", help="of the film")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--checkpoint", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--where", type=Path, help="a folder on the disk to measure")
    return parser.parse_args(arguments)


def once(
    folder: Path, result: Path, wanted: argparse.Namespace, slots: int, helpers: list[Machine]
) -> list[str]:
    """One conversion in a process of its own."""
    state = result.with_suffix(".pieces")
    words = (folder / "a.mkv", result, state, wanted.checkpoint, slots, *(m.name for m in helpers))
    return [sys.executable, "-m", "benchmarks.cluster_once", *map(str, words)]


def alike(one: Path, other: Path) -> dict[str, Any]:
    """Whether two films show and sound the same at the same times."""
    a, b = track(one), track(other)
    assert a is not None
    assert b is not None
    return {
        "frames": len(a.times),
        "frames_and_times_equal": a.times == b.times,
        "sound_equal": sound(one) == sound(other),
    }


def worse(one: Path, other: Path, source: Path) -> float:
    """How much less a frame of the other is like the source, at most."""
    return max(a - b for a, b in zip(ssim(one, source), ssim(other, source), strict=True))


def pace(folder: Path, found: list[Machine], wanted: argparse.Namespace) -> dict[str, Any]:
    """Two helpers against one, by turns; the median of the ratios."""
    alone = folder / "alone.mp4"
    took(once(folder, alone, wanted, 1, []))
    ratios, seconds = [], dict[int, list[float]]()
    for turn in range(wanted.repeat):
        times = {}
        for count in (1, 2) if turn % 2 else (2, 1):
            result = folder / f"by-{count}.mp4"
            result.unlink(missing_ok=True)
            said = took(once(folder, result, wanted, 0, found[:count])).said
            times[count] = float(json.loads(said.splitlines()[-1])["seconds"])
            seconds.setdefault(count, []).append(times[count])
        ratios.append(times[1] / times[2])
    return {
        "seconds_by_one": round(statistics.median(seconds[1]), 2),
        "seconds_by_two": round(statistics.median(seconds[2]), 2),
        "times_as_fast": round(statistics.median(ratios), 3),
        **alike(alone, folder / "by-2.mp4"),
        "ssim_worst_drop": round(worse(alone, folder / "by-2.mp4", folder / "a.mkv"), 5),
    }


def kills(folder: Path, found: list[Machine], wanted: argparse.Namespace) -> dict[str, Any]:
    """Killed at random until it has been killed often enough, and resumed each time."""
    chance = random.Random(wanted.seed)
    whole, broken = folder / "whole.mp4", folder / "broken.mp4"
    unbroken = took(once(folder, whole, wanted, 1, []))
    begun = sum(machine.sessions() for machine in found)
    state, killed, lost, runs = broken.with_suffix(".pieces"), 0, 0, 0
    before = set[str]()
    while not broken.exists():
        command = once(folder, broken, wanted, 0, found)
        runs += 1
        if killed < wanted.kills:
            killed += convert_for(chance.uniform(0, 4 * unbroken.wall / wanted.kills), command)
        else:
            took(command)
        there = {path.name for path in state.glob("video-0*.mp4")}
        lost += len(before - there) if not broken.exists() else 0
        before = there or before
    pieces = max((int(name.partition("of")[2][:4]) for name in before), default=0)
    # Each run asks each helper for its version once; every other session is a piece.
    handed_out = sum(machine.sessions() for machine in found) - begun - runs * len(found)
    return {
        "kills": killed,
        "pieces": pieces,
        "finished_pieces_lost": lost,
        "again_a_kill_and_helper": round((handed_out - pieces) / max(1, killed) / len(found), 3),
        **alike(whole, broken),
        "ssim_worst_drop": round(worse(whole, broken, folder / "a.mkv"), 5),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    wanted = options(arguments)
    for name in wanted.case:
        folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-", dir=wanted.where))
        os.environ["STATE_DIRECTORY"] = str(folder / "state")
        codec = ["-c:v", "mpeg4", "-q:v", "3", "-g", "25", "-c:a", "flac"]
        made(folder / "a.mkv", wanted.size, wanted.seconds, codec)
        try:
            with machines(folder, 2, one_core=True) as found:
                result = {"case": name, **globals()[name](folder, found, wanted)}
        finally:
            shutil.rmtree(folder)
        if wanted.json:
            print(json.dumps(result), flush=True)
        else:
            rows = (f"  {key:<24}{value}" for key, value in result.items() if key != "case")
            print(name, *rows, sep="\n")


if __name__ == "__main__":
    main()
