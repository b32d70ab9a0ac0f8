"""The whole way of a job: archive in the inbox to last message, against the engine alone and a plain Telethon script.

    scripts/bench job                              100 photos of 1.3 MB over round trips of 0, 50, 150 ms
    scripts/bench job --case photos-6 --rtt 50     20 photos of 6 MB; also photos-0.2, photos-1.3, videos, small
    scripts/bench job --json                       one JSON object per line and run

The server is a process of its own on the same machine that answers each request after the round trip and counts what it
gets. `daemon` is `telespool run` that is there already; its clock runs from the rename that puts the zip into the inbox.
`engine` sends the same albums from unpacked files; `script` unpacks the zip and calls send_file with ten at a time.
`small` is 1,000 photos of 2 KB into the folder destination, for the processor time per file.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from tests.harness import Home
from tests.telegram_server.control import TelegramProcess

ROOT = Path(__file__).resolve().parents[1]
CASES = {
    "photos-0.2": (200, 0.2),
    "photos-1.3": (100, 1.3),
    "photos-6": (20, 6.0),
    "videos": (6, 20.0),
    "small": (1000, 0.002),
}
WAYS = ("daemon", "engine", "script")
_LOOK = 0.01
_LONGEST = 600.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench job")
    parser.add_argument("--json", action="store_true", help="one JSON object per line and run")
    parser.add_argument("--case", nargs="+", choices=CASES, default=["photos-1.3", "small"])
    parser.add_argument("--rtt", nargs="+", type=int, default=[0, 50, 150], help="milliseconds")
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--repeat", type=int, default=1)
    wanted = parser.parse_args()
    if not wanted.json:
        print(
            f"{'case':11} {'rtt ms':>6}  {'way':7} {'MB/s':>7} {'files/s':>8} {'first s':>8}"
            f" {'CPU s/GB':>9} {'ms/file':>8} {'peak MB':>8} {'requests':>8}"
        )
    with tempfile.TemporaryDirectory(prefix="bench-job-") as name:
        for case in wanted.case:
            files = make(case, Path(name) / case)
            for rtt in wanted.rtt if case != "small" else [0]:
                for way in wanted.way if case != "small" else ["folder"]:
                    for turn in range(wanted.repeat):
                        place = Path(name) / f"{case}-{rtt}-{way}-{turn}"
                        tell(run(case, rtt, way, files, place), as_json=wanted.json)


def tell(result: dict[str, Any], *, as_json: bool) -> None:
    """Print one run."""
    if as_json:
        print(json.dumps(result), flush=True)
        return
    print(
        f"{result['case']:11} {result['rtt_ms']:6}  {result['way']:7} {result['mb_per_s']:7.1f}"
        f" {result['files_per_s']:8.1f} {result['first_s']:8.2f} {result['cpu_s_per_gb']:9.1f}"
        f" {result['cpu_ms_per_file']:8.2f} {result['peak_mb']:8.0f} {result['requests']:8}",
        flush=True,
    )


def make(case: str, directory: Path) -> list[Path]:
    """The files of a case."""
    count, megabytes = CASES[case]
    directory.mkdir(parents=True)
    if case == "videos":
        return [film(directory / f"VID_{n}.mp4", megabytes) for n in range(1, count + 1)]
    picture = photo(int(megabytes * 1e6))
    paths = []
    for number in range(1, count + 1):
        path = directory / f"IMG_{number}.jpg"
        note = f"{number} {random.getrandbits(64)}".encode()
        comment = b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note
        path.write_bytes(picture[:2] + comment + picture[2:])
        paths.append(path)
    return paths


def photo(size: int) -> bytes:
    """A JPEG of about so many bytes, with about as many bits to a pixel as cameras have."""
    side = max(16, int((size * 2.4) ** 0.5))
    noise = Image.frombytes("RGB", (side // 2, side // 2), os.urandom((side // 2) ** 2 * 3))
    picture = noise.resize((side, side), Image.Resampling.BICUBIC)
    data = b""
    for quality in range(95, 4, -5):
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality)
        data = stream.getvalue()
        if len(data) <= size * 1.05:
            break
    return data


def film(path: Path, megabytes: float) -> Path:
    """A short clip that plays, with room at its end."""
    command = "ffmpeg -v error -y -f lavfi -i testsrc2=s=320x240:d=2:r=25 -f lavfi -i sine=d=2 -pix_fmt yuv420p"
    subprocess.run(
        [*command.split(), "-c:a", "aac", "-movflags", "+faststart", str(path)], check=True
    )
    room = int(megabytes * 1e6) - path.stat().st_size
    with path.open("ab") as file:
        file.write(room.to_bytes(4, "big") + b"free" + os.urandom(room - 8))
    return path


def run(case: str, rtt: int, way: str, files: list[Path], place: Path) -> dict[str, Any]:
    """One run against a server of its own."""
    place.mkdir()
    with TelegramProcess(place / "telegram", "--count-only") as telegram:
        telegram.do("set", rtt=rtt / 1000)
        if way in {"daemon", "folder"}:
            found = of_daemon(files, place, telegram, folder=way == "folder")
        else:
            found = of_script(way, files, place, telegram)
        requests = telegram.do("counts")["calls"]
    size = sum(path.stat().st_size for path in files)
    return {
        "case": case,
        "rtt_ms": rtt,
        "way": way,
        "mb_per_s": round(size / 1e6 / found["seconds"], 2),
        "files_per_s": round(len(files) / found["seconds"], 2),
        "first_s": round(found["first"], 3),
        "cpu_s_per_gb": round(found["cpu"] / size * 1e9, 2),
        "cpu_ms_per_file": round(found["cpu"] / len(files) * 1e3, 2),
        "peak_mb": round(found["peak"], 1),
        "requests": requests,
    }


def zipped(files: list[Path], target: Path) -> Path:
    """The files in an archive, as cameras and clouds make them: stored."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in files:
            archive.write(path, path.name)
    return target


def of_daemon(
    files: list[Path], place: Path, telegram: TelegramProcess, *, folder: bool
) -> dict[str, float]:
    """`telespool run` that is there already gets a zip."""
    home = Home.for_process(
        place / "home", telegram, settings={"telegram": {"connections": 4, "part_timeout": "60s"}}
    )
    if folder:
        text = home.config.read_text(encoding="utf-8")
        home.config.write_text(text.replace('"telegram"\n', '"folder"\n', 1), encoding="utf-8")
    archive = zipped(files, place / "trip.zip")
    process = home.start()
    try:
        watched = psutil.Process(process.pid)
        wait((home.inbox / "family").is_dir, process)
        if not folder:
            wait(lambda: "login.accepted" in home.log.read_text(encoding="utf-8"), process)
        time.sleep(1.0)
        before = cpu_of(watched)
        began = time.monotonic()
        archive.rename(home.inbox / "family" / archive.name)
        wait(lambda: any((home.spool / "incoming").glob("*/0000*")), process)
        claimed = time.monotonic()
        wait(lambda: arrived(home, telegram, folder=folder) > 0, process)
        first = time.monotonic() - claimed
        wait(lambda: arrived(home, telegram, folder=folder) >= len(files), process)
        seconds = time.monotonic() - began
        wait(lambda: any((home.spool / "done").glob("*/report*.txt")), process)
        cpu = cpu_of(watched) - before
        peak = peak_of(process.pid)
    finally:
        process.terminate()
        process.wait(30)
    return {"seconds": seconds, "first": first, "cpu": cpu, "peak": peak}


def arrived(home: Home, telegram: TelegramProcess, *, folder: bool) -> int:
    """Messages so far."""
    if not folder:
        return int(telegram.do("counts")["messages"])
    paths = [*home.directory.glob("spool-posts/family/*/IMG_*.jpg")]
    return len(paths)


def wait(true: Any, process: subprocess.Popen[bytes]) -> None:
    """Wait until something is true, while the daemon lives."""
    end = time.monotonic() + _LONGEST
    while not true():
        if process.poll() is not None or time.monotonic() > end:
            sys.exit("bench: the daemon ended, or took too long")
        time.sleep(_LOOK)


def cpu_of(process: psutil.Process) -> float:
    """Seconds of processor time, with all children: those that are over, and those that stand by."""
    spent = 0.0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return float(spent)


def peak_of(number: int) -> float:
    """Megabytes of memory, at most."""
    lines = Path(f"/proc/{number}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def of_script(
    way: str, files: list[Path], place: Path, telegram: TelegramProcess
) -> dict[str, float]:
    """The engine alone, or a plain script, in a process of its own."""
    keys = ("port", "public_key", "dc_id", "api_id", "api_hash")
    task = {
        **{key: telegram.info[key] for key in keys},
        "session": telegram.do("session_file", str(place / "login")),
        "way": way,
        "archive": str(zipped(files, place / "trip.zip")),
        "files": [str(path) for path in files],
        "connections": 4,
    }
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/job_once.py", json.dumps(task)],
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    if done.returncode:
        sys.exit(f"bench: {way} failed:\n{done.stderr[-3000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
