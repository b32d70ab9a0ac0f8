"""Converting: this converter against one plain `ffmpeg` with the same settings.

    scripts/bench convert                        a table
    scripts/bench convert --json                 one JSON object per line and case
    scripts/bench convert --case encode --video holiday.avi --repeat 5
    scripts/bench convert --case kills --kills 50 --checkpoint 2

Cases: `encode`, a full conversion: time, processor time, size, and how alike the frames are to the source (SSIM);
`clips`, ten clips of 2.5 seconds by one process, as a phone's videos come to the daemon, against one command each: the
start of our Python is not counted, which the daemon pays once;
`remux`, a film of which only the container is wrong, with a key frame every other second as cameras set them, against
the plain command of the plan, which encodes it;
`kills`, a conversion that is killed with -9 at random and goes on each time: whether frames, times and sound are those
of an unbroken run, how much worse a frame is at most, and how much work was done twice: all processor time beyond that
of the unbroken run (starting anew included), in pieces, a kill; `memory`, the peaks of our
process and of ffmpeg with a source of 3840 x 2160. The plain command is

    ffmpeg -i IN -c:v libx264 -preset medium -crf 23 -c:a aac -b:a 128k -movflags +faststart OUT

Each run is a fresh process; both take turns. `ratio` is ours by plain.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import json
import math
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telespool.config.schema import ConvertSettings, Seconds
from telespool.media import ffmpeg_args
from telespool.media.mp4 import track
from telespool.media.probe import probe
from tests.media.measure import sound, ssim

CASES = ("encode", "clips", "remux", "kills", "memory")
_CLIPS = 10
_CLIP_SECONDS = 2.5
_PR_SET_CHILD_SUBREAPER = 36
_TONE = "aevalsrc='0.3*sin(2*PI*(300+20*t)*t)|0.2*sin(2*PI*500*t)':s=48000"


def options(arguments: list[str] | None) -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(prog="scripts/bench convert")
    parser.add_argument("--json", action="store_true", help="one JSON object per line and case")
    parser.add_argument("--case", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--video", type=Path, help="a video of yours instead of a made one")
    parser.add_argument("--seconds", type=int, default=60, help="of the made video")
    parser.add_argument("--size", help="of the made video (1280x720; for remux 1920x1080)")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--preset", default="medium")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--checkpoint", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--where", type=Path, help="a folder on the disk to measure")
    return parser.parse_args(arguments)


@dataclass(frozen=True, slots=True)
class Took:
    """What a process took, its children with it."""

    wall: float
    cpu: float
    said: str


def took(command: list[str]) -> Took:
    """Run a command to its good end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{command[:4]}: {done.stderr[-800:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall, cpu, done.stdout)


def plain(source: Path, result: Path, preset: str) -> list[str]:
    """The plain command."""
    return [
        *("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(source)),
        *("-c:v", "libx264", "-preset", preset, "-crf", "23", "-c:a", "aac", "-b:a", "128k"),
        *("-movflags", "+faststart", str(result)),
    ]


def ours(source: Path, result: Path, state: Path, wanted: argparse.Namespace) -> list[str]:
    """Our converter in a process of its own."""
    return [
        *(sys.executable, "-m", "benchmarks.convert_once"),
        *map(str, (source, result, state, wanted.checkpoint, wanted.preset)),
    ]


def made(path: Path, size: str, seconds: float, codec: list[str]) -> Path:
    """A video that is neither too easy nor too hard to compress: a fractal, grain, and a tone."""
    picture = f"mandelbrot=s={size}:r=25,noise=alls=4:allf=t"
    took(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture),
            *("-f", "lavfi", "-i", _TONE, "-t", str(seconds), *codec, str(path)),
        ]
    )
    return path


def against_plain(source: Path, folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """Both by turns; medians of the ratios."""
    walls, cpus, rung = [], [], ""
    mine, theirs = folder / "ours.mp4", folder / "plain.mp4"
    for turn in range(wanted.repeat):
        times = {}
        for who in ("ours", "plain") if turn % 2 else ("plain", "ours"):
            mine.unlink(missing_ok=True) if who == "ours" else None
            command = (
                ours(source, mine, folder / "state", wanted)
                if who == "ours"
                else plain(source, theirs, wanted.preset)
            )
            times[who] = took(command)
        rung = json.loads(times["ours"].said.splitlines()[-1])["rung"]
        walls.append((times["ours"].wall, times["plain"].wall))
        cpus.append(times["ours"].cpu / times["plain"].cpu)
    return {
        "rung": rung,
        "seconds_ours": round(statistics.median(one for one, _ in walls), 2),
        "seconds_plain": round(statistics.median(other for _, other in walls), 2),
        "time_ratio": round(statistics.median(one / other for one, other in walls), 4),
        "cpu_ratio": round(statistics.median(cpus), 4),
        "size_ratio": round(mine.stat().st_size / theirs.stat().st_size, 4),
    }


def encode(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """A full conversion."""
    codec = ["-c:v", "mpeg4", "-q:v", "3", "-c:a", "mp3"]
    source = wanted.video or made(
        folder / "a.avi", wanted.size or "1280x720", wanted.seconds, codec
    )
    found = against_plain(source, folder, wanted)
    alike = [ssim(folder / name, source) for name in ("ours.mp4", "plain.mp4")]
    means = [round(statistics.mean(frames), 5) for frames in alike]
    return found | {"ssim_ours": means[0], "ssim_plain": means[1]}


def clips(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """Ten short clips by one process, and by one plain command each."""
    codec = ["-c:v", "mpeg4", "-q:v", "3", "-c:a", "mp3"]
    sources = folder / "sources"
    sources.mkdir()
    size = wanted.size or "640x480"
    made(sources / "0.avi", size, _CLIP_SECONDS, codec)
    for number in range(1, _CLIPS):
        shutil.copyfile(sources / "0.avi", sources / f"{number}.avi")
    idle = took([sys.executable, "-c", "import benchmarks.convert_once"]).cpu
    ratios = []
    for _ in range(wanted.repeat):
        results = Path(tempfile.mkdtemp(dir=folder))
        mine = took(ours(sources, results, folder / "state", wanted)).cpu - idle
        commands = [plain(each, folder / "b.mp4", wanted.preset) for each in sources.iterdir()]
        ratios.append(mine / sum(took(command).cpu for command in commands))
    return {"clips": _CLIPS, "size": size, "cpu_ratio": round(statistics.median(ratios), 4)}


def remux(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """A file of which only the container is wrong."""
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-pix_fmt", "yuv420p"]
    source = wanted.video or made(
        folder / "a.mkv", wanted.size or "1920x1080", wanted.seconds, [*codec, "-c:a", "aac"]
    )
    found = against_plain(source, folder, wanted)
    return found | {"times_faster": round(found["seconds_plain"] / found["seconds_ours"], 1)}


def kills(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """Killed at random until it has been killed often enough, and resumed each time."""
    chance = random.Random(wanted.seed)
    codec = ["-c:v", "mpeg4", "-q:v", "3", "-bf", "2", "-c:a", "mp3"]
    source = wanted.video or made(
        folder / "a.avi", wanted.size or "1280x720", wanted.seconds, codec
    )
    whole, broken, state = folder / "whole.mp4", folder / "broken.mp4", folder / "state"
    unbroken = took(ours(source, whole, folder / "other", wanted))
    length = track(whole)
    assert length is not None
    adopt_orphans()
    begun, spent, killed = processor_time(), list[float](), 0
    while True:
        # Somewhere between the beginning and a little more than what two kills should leave of it.
        limit = chance.uniform(0, max(2.0, 3 * unbroken.wall / wanted.kills))
        was_killed = killed < wanted.kills and convert_for(
            limit, ours(source, broken, state, wanted)
        )
        if not was_killed and not broken.exists():
            took(ours(source, broken, state, wanted))
        now = processor_time()
        spent.append(now - begun)
        begun = now
        if broken.exists():
            break
        killed += 1
    other = track(broken)
    assert other is not None
    worse = max(
        one - two for one, two in zip(ssim(whole, source), ssim(broken, source), strict=True)
    )
    pieces = pieces_of(source, length.last / length.timescale, wanted)
    piece = unbroken.cpu / pieces
    return {
        "kills": killed,
        "frames_and_times_equal": length.times == other.times,
        "sound_equal": sound(whole) == sound(broken),
        "ssim_worst_drop": round(worse, 5),
        "size_ratio": round(broken.stat().st_size / whole.stat().st_size, 4),
        "pieces": pieces,
        "cpu_a_piece": round(piece, 2),
        "cpu_unbroken": round(unbroken.cpu, 2),
        "cpu_broken": round(sum(spent), 2),
        "pieces_done_twice_a_kill": round((sum(spent) - unbroken.cpu) / max(1, killed) / piece, 3),
    }


def pieces_of(source: Path, seconds: float, wanted: argparse.Namespace) -> int:
    """How many pieces a conversion makes."""
    settings = ConvertSettings(checkpoint=Seconds(wanted.checkpoint), preset=wanted.preset)
    video = asyncio.run(probe(source, settings)).video
    assert video is not None
    return math.ceil(seconds / ffmpeg_args.step(video, settings, len(os.sched_getaffinity(0))))


def adopt_orphans() -> None:
    """Let what a killed process leaves behind end as our child, so that its time is counted."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def processor_time() -> float:
    """Seconds that all children have used which have come to their end; those under way are waited for."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def convert_for(seconds: float, command: list[str]) -> bool:
    """Convert, and kill it once it has begun and this time is over; whether it was killed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    deadline, begun = time.monotonic() + seconds, False
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            begun = begun or not line.startswith(("0.000000", "{"))
            if begun and time.monotonic() > deadline:
                process.kill()
                break
    return process.wait() != 0


def memory(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """The peaks with a source of 3840 x 2160."""
    codec = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"]
    source = made(folder / "a.mp4", "3840x2160", 4, [*codec, "-c:a", "aac"])
    said = took(ours(source, folder / "b.mp4", folder / "state", wanted)).said
    found = json.loads(said.splitlines()[-1])
    return {key: round(found[key], 1) for key in ("peak_mb", "ffmpeg_peak_mb")}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    wanted = options(arguments)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    for name in wanted.case:
        folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-", dir=wanted.where))
        try:
            found = {"case": name, **globals()[name](folder, wanted)}
        finally:
            shutil.rmtree(folder)
        if wanted.json:
            print(json.dumps(found), flush=True)
        else:
            print(
                name,
                *(f"  {key:<24}{value}" for key, value in found.items() if key != "case"),
                sep="\n",
            )


if __name__ == "__main__":
    main()
