"""Run inside the service's sandbox in the daemon's place: tries what must work and what must not, and tells.

    python probe.py SPOOL RESULT

RESULT becomes a JSON object: for each attempt "ok", or the error it met. Children are started as the daemon starts
them. Only what the program installs is imported.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.archives.engine import Engine
from telespool.config.schema import ArchiveSettings
from telespool.observe.journald import Journal
from telespool.runtime import subprocesses
from telespool.spool.fs_ops import FileOps
from telespool.spool.layout import FOLDERS

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = subprocesses.ChildLimits(memory=4 << 30, nice=10)
_CLIP = ("-f", "lavfi", "-i", "testsrc=d=1:s=64x64")
_FFMPEG = ("ffmpeg", "-v", "error", "-nostdin", "-y")


async def child(*command: str) -> str:
    """Run a child as the daemon does; "ok", or its last words."""
    code, _, stderr = await subprocesses.output(command, limits=LIMITS, timeout=30)
    return "ok" if code == 0 else stderr.decode(errors="replace").strip()[-200:]


def attempt(action: Callable[[], object]) -> str:
    """Do it; "ok", or the name of the error."""
    try:
        action()
    except OSError as error:
        return f"{type(error).__name__}: {error.strerror}"
    except subprocess.CalledProcessError as error:
        return f"exit code {error.returncode}"
    return "ok"


def connect(host: str) -> None:
    """Connect to a port that nobody listens on: refused is as good as connected."""
    with socket.socket() as channel:
        channel.settimeout(1)
        try:
            channel.connect((host, 9))
        except ConnectionRefusedError:
            return


def renames(spool: Path) -> None:
    """Rename a file through all the folders of the spool, one after the other."""
    here = spool / "tmp" / "probe"
    here.parent.mkdir(exist_ok=True)
    here.write_text("x")
    for folder in (*FOLDERS, "tmp"):
        (spool / folder).mkdir(exist_ok=True)
        FileOps().rename(here, spool / folder / "probe")
        here = spool / folder / "probe"
    here.unlink()


async def stop_and_go_on() -> str:
    """Stop a child and its own child, look, and let them go on."""
    process = await subprocesses.start(["sh", "-c", "sleep 60 & wait"], limits=LIMITS)
    try:
        await asyncio.sleep(0.2)
        subprocesses.stop(process.pid)
        await asyncio.sleep(0.1)
        stopped = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        subprocesses.go_on(process.pid)
        await asyncio.sleep(0.1)
        running = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return f"{stopped[0]} then {running[0]}, nice {running[16]}"
    finally:
        await subprocesses.end(process)


async def main() -> None:
    """Try everything."""
    spool, result = Path(sys.argv[1]), Path(sys.argv[2])
    clip = str(spool / "tmp" / "probe.mp4")
    told = {"renames": attempt(lambda: renames(spool))}
    told["ffmpeg"] = await child(*_FFMPEG, *_CLIP, "-c:v", "libx264", clip)
    told["ffmpeg h265"] = await child(*_FFMPEG, "-i", clip, "-c:v", "libx265", f"{clip}.mkv")
    told["ffprobe"] = await child("ffprobe", "-v", "error", clip)
    engine = await Engine.find(ArchiveSettings())
    told["7zz"] = await child(str(engine.program), "a", "-bso0", f"{clip}.7z", clip)
    told["stop and go on"] = await stop_and_go_on()
    told["localhost"] = attempt(lambda: connect("127.0.0.1"))
    told["state"] = attempt(lambda: Path(os.environ["STATE_DIRECTORY"], "probe").write_text("x"))
    told["runtime"] = attempt(
        lambda: Path(os.environ["RUNTIME_DIRECTORY"], "probe").write_text("x")
    )
    told["journal"] = str(Journal.here(os.environ) is not None)

    for directory in ("/etc", "/usr", "/opt", "/var", "/root", "/srv/open", "/run", "/var/lib"):
        told[f"write {directory}"] = attempt(partial(Path(directory, "probe").write_text, "x"))
        told[f"ffmpeg writes {directory}"] = await child(*_FFMPEG, *_CLIP, f"{directory}/probe.mp4")
    for file in ("/home/ann/public.mp4", "/root/public.mp4", "/etc/shadow", "/proc/1/environ"):
        told[f"read {file}"] = attempt(Path(file).read_bytes)
        told[f"ffmpeg reads {file}"] = await child(*_FFMPEG, "-i", file, "-f", "null", "-")
    told["elsewhere"] = attempt(lambda: connect("192.0.2.1"))
    program = spool / "tmp" / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    told["run a file of the spool"] = attempt(lambda: subprocess.run([program], check=True))
    told["make a file setuid"] = attempt(lambda: program.chmod(0o4755))
    told["new namespace"] = attempt(lambda: subprocess.run(["unshare", "-U", "true"], check=True))
    told["mount"] = attempt(
        lambda: subprocess.run(["mount", "-t", "tmpfs", "x", spool], check=True)
    )
    told["raw socket"] = attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close())
    result.write_text(json.dumps(told, indent=1))


asyncio.run(main())
