"""Unpacking: `telespool unpack` against `7zz x` on the same archives, in the same run.

    scripts/bench unpack                         a table
    scripts/bench unpack --json                  one JSON object per line and run
    scripts/bench unpack --case lzma2 --size 200 --repeat 5
    scripts/bench unpack --case members small-tar --members 60000

Cases: `stored`, a zip of photos and videos as they are; `deflated`, the same packed; `lzma2`, a solid 7z; `rar`, a
stored RAR 5; `tar`, a tar.gz; `members`, a zip of very many small files, for the memory of our process; `small-tar`, a tar
of very many photos of 1 KB, for the processor time of listing and extracting together. The bytes are
random; in `lzma2` and `deflated` not quite evenly, so that they shrink by two or three per cent as photos do
(LZMA2 keeps what does not shrink as it is, and would have nothing to unpack: that is the case `incompressible`).
Each run is a fresh process; both take turns within each repetition, into an empty folder, with the archive in the
page cache. `cpu` is the processor time of us and our children by that of `7zz l` and `7zz x` together. `share` is 7-Zip's time by ours. Peak memory is of our own process, as the kernel counted it, without 7-Zip's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.archives import making, rar_making

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
MB = 1_000_000
CASES = ("stored", "deflated", "lzma2", "incompressible", "rar", "tar", "members", "small-tar")
MANY = ("members", "small-tar")
UNEVEN = bytes(range(208)) + bytes(range(48))  # 256 values on 208


def options(arguments: list[str] | None) -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(prog="scripts/bench unpack")
    parser.add_argument("--json", action="store_true", help="one JSON object per line and run")
    parser.add_argument("--case", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--size", type=int, default=1000, help="MB of content")
    parser.add_argument("--members", type=int, default=60_000, help="of the case `members`")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--where", type=Path, help="a folder on the disk to measure")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    wanted = options(arguments)
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-unpack-", dir=wanted.where) as name:
        folder = Path(name)
        for case in wanted.case:
            archive = make(case, folder / case, wanted)
            for turn in range(wanted.repeat):
                senders = ("7zz", "telespool") if turn % 2 else ("telespool", "7zz")
                for program in senders:
                    run = {"case": case, "program": program, "turn": turn}
                    run |= measure(program, archive, folder / "out", wanted.members)
                    runs.append(run)
                    if wanted.json:
                        print(json.dumps(run), flush=True)
            shutil.rmtree(folder / case)
    for case in wanted.case:
        print(verdict(case, [run for run in runs if run["case"] == case], as_json=wanted.json))


def make(case: str, folder: Path, wanted: argparse.Namespace) -> Path:
    """The archive of a case; its content is removed again."""
    files = folder / "files"
    files.mkdir(parents=True)
    size = wanted.size * MB
    count = wanted.members if case in MANY else 0
    length = 1024 if case == "small-tar" else 500
    for number, data in enumerate(small(count, length) if count else contents(size, case)):
        (files / f"IMG_{number}.JPG").write_bytes(data)
    archive = folder / {
        "lzma2": "x.7z", "incompressible": "x.7z", "rar": "x.rar", "tar": "x.tar.gz", "small-tar": "x.tar",
    }.get(case, "x.zip")  # fmt: skip
    if case == "rar":
        members = (rar_making.Rared(p.name, p.read_bytes()) for p in sorted(files.iterdir()))
        archive.write_bytes(rar_making.rar5(list(members))[0])
    elif case in {"tar", "small-tar"}:
        how = "-czf" if case == "tar" else "-cf"
        subprocess.run(["tar", "-C", files, how, archive, "."], check=True)
    else:
        how = {"stored": "-mx0", "members": "-mx0", "deflated": "-mx1", "lzma2": "-mx3"}.get(
            case, "-mx5"
        )
        command = [making.seven_zip(), "a", "-bd", how, str(archive), "."]
        subprocess.run(command, cwd=files, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(files)
    return archive


def small(count: int, length: int) -> Iterator[bytes]:
    """Very many very small files, which begin as photos do."""
    return (b"\xff\xd8\xff\xe0" + making.noise(length - 4, str(n)) for n in range(count))


def contents(size: int, case: str) -> Iterator[bytes]:
    """Photos of about 3 MB and now and then a video of 40 MB."""
    left = size
    number = 0
    while left > 0:
        length = min(left, 40 * MB if number % 20 == 19 else 3 * MB)
        data = os.urandom(length)
        yield data.translate(UNEVEN) if case in {"lzma2", "deflated"} else data
        left -= length
        number += 1


def measure(program: str, archive: Path, out: Path, members: int) -> dict[str, Any]:
    """Unpack once into an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    environment = {**os.environ}
    if program == "7zz":
        command = [making.seven_zip(), "x", "-bd", "-y", f"-o{out}", str(archive)]
    else:
        config = archive.with_name("config.toml")
        config.write_text(f"[archives]\nmax_members = {max(members, 100_000) + 10}\n")
        environment["TELESPOOL_CONFIG"] = str(config)
        command = [
            sys.executable,
            "-m",
            "benchmarks.unpack_once",
            str(config),
            str(archive),
            str(out),
        ]
    before = _processor_time()
    if program == "7zz":
        listing = [making.seven_zip(), "l", str(archive)]
        subprocess.run(listing, check=True, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    seconds = time.monotonic() - began
    spent = _processor_time() - before
    size = sum(entry.stat().st_size for entry in out.iterdir())
    files = sum(1 for _ in out.iterdir())
    shutil.rmtree(out)
    found: dict[str, Any] = {
        "seconds": round(seconds, 3),
        "MB_per_second": round(size / MB / seconds),
    }
    found["files"] = files
    found["cpu_seconds"] = round(spent, 3)
    if program != "7zz":
        found |= json.loads(done.stdout.splitlines()[-1])
    return found


def _processor_time() -> float:
    """Seconds of the processors that the children which have ended took, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def verdict(case: str, runs: list[dict[str, Any]], *, as_json: bool) -> str:
    """The medians of a case and how they compare."""
    times = {
        program: statistics.median(r["seconds"] for r in runs if r["program"] == program)
        for program in ("telespool", "7zz")
    }
    speeds = {
        program: statistics.median(r["MB_per_second"] for r in runs if r["program"] == program)
        for program in ("telespool", "7zz")
    }
    spent = {
        program: statistics.median(r["cpu_seconds"] for r in runs if r["program"] == program)
        for program in ("telespool", "7zz")
    }
    ours = [run for run in runs if run["program"] == "telespool"]
    said = {
        "case": case,
        "share": round(times["7zz"] / times["telespool"], 3),
        "cpu": round(spent["telespool"] / spent["7zz"], 2),
        **{f"{program}_MB_per_second": speed for program, speed in speeds.items()},
        "first_file_share": round(
            statistics.median(r["first_file"] / r["seconds"] for r in ours), 3
        ),
        "peak_MiB": max(run["peak_MiB"] for run in ours),
    }
    if as_json:
        return json.dumps(said)
    return (
        f"{case:9} telespool {speeds['telespool']:5.0f} MB/s, 7zz {speeds['7zz']:5.0f} MB/s: share"
        f" {said['share']:.2f}; processor time {said['cpu']:.2f} times 7zz l + x; first file after {said['first_file_share']:.1%} of the time;"
        f" peak {said['peak_MiB']} MiB"
    )


if __name__ == "__main__":
    main()
