"""Child processes: the one place where ffmpeg and 7-Zip are started, limited, stopped and ended.

Every child gets a process group of its own, dies with the daemon even while it is
stopped (PR_SET_PDEATHSIG), dumps no core, keeps within its `ChildLimits`, and offers itself first where memory runs
out, so that a hostile file ends a child and not the daemon. All that is set by small programs of util-linux
(`setpriv`, `prlimit`, `choom`, `ionice`), because a preexec function is not safe in a process with threads.

Children are started from the event loop's thread only: the kernel ties the death signal to the thread that
forked, and threads of a pool come and go.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telespool.errors import ChildDied, Permanent
from telespool.runtime.cancellation import shielded_until_done

if TYPE_CHECKING:
    from collections.abc import Sequence


MOST_OUTPUT = 64 << 20
"""Bytes that a child may put out where all of it is kept."""

_TAIL = 64 << 10


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a child may use. None means no limit of ours.

    `memory` is address space in bytes; `file_size` the largest file it may write, in bytes (0: it cannot
    create content at all); `cpu` in seconds; `nice` 0 to 19.
    """

    memory: int | None = None
    file_size: int | None = None
    cpu: int | None = None
    nice: int = 0


def limited(command: Sequence[str | Path], limits: ChildLimits) -> list[str]:
    """The command line that starts `command` within `limits`."""
    line = [*_ending_with_the_daemon(), "choom", "-n", "500", "--", "prlimit", "--core=0"]
    if limits.memory is not None:
        line.append(f"--as={limits.memory}")
    if limits.file_size is not None:
        line.append(f"--fsize={limits.file_size}")
    if limits.cpu is not None:
        # At the soft limit SIGXCPU; were both one, it would be SIGKILL, as where memory runs out.
        line.append(f"--cpu={limits.cpu}:{limits.cpu + 5}")
    line.append("--")
    if limits.nice:
        # Best effort, last in line: the idle class could stand still for ever on a busy disk.
        line += ["ionice", "--class=2", "--classdata=7", "nice", "-n", str(limits.nice), "--"]
    return [*line, *(os.fspath(word) for word in command)]


def own_python() -> str:
    """The Python that runs us, as a program that can be started.

    Whoever became another user since it was started may not pass the folders above it; the kernel still knows it.
    """
    if os.access(sys.executable, os.X_OK):
        return sys.executable
    return f"/proc/{os.getpid()}/exe"


def own_modules() -> dict[str, str]:
    """The environment in which `own_python` finds the modules that we have."""
    paths = (os.environ.get("PYTHONPATH"), *sys.path)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


@functools.cache
def _ending_with_the_daemon() -> tuple[str, ...]:
    """What makes a child die with us, found out once.

    `setpriv` also asks for capabilities, which the sandbox of the service refuses. There it is not needed: systemd
    ends what is left in the service's cgroup.
    """
    words = ("setpriv", "--pdeathsig", "KILL", "--")
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if tried.returncode == 0 else ()


async def start(
    command: Sequence[str | Path],
    *,
    limits: ChildLimits | None = None,
    stdin: int | None = asyncio.subprocess.DEVNULL,
    stdout: int | None = asyncio.subprocess.PIPE,
    stderr: int | None = asyncio.subprocess.PIPE,
    **more: Any,
) -> asyncio.subprocess.Process:
    """Start a child. The caller ends it with `end` in a `finally`."""
    limits = limits or ChildLimits()
    # Where the kernel divides the processor by sessions (sched_autogroup), niceness says nothing to other sessions, and
    # threads that are to stand still wait for their session's turn: 200 ms and more. So who is nice stays in ours.
    return await asyncio.create_subprocess_exec(
        *limited(command, limits),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=not limits.nice,
        process_group=0 if limits.nice else None,
        **more,
    )


async def end(process: asyncio.subprocess.Process, *, grace: float = 0.0) -> None:
    """End the child and its whole group: SIGTERM and `grace` seconds first if asked, then SIGKILL.

    Cancelled, it ends the child all the same before it leaves.
    """
    try:
        if process.returncode is None and grace > 0:
            _signal_group(process.pid, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await process.wait()
    finally:
        _signal_group(process.pid, signal.SIGKILL)
        _close_pipes(process)
        await shielded_until_done(process.wait())


def _close_pipes(process: asyncio.subprocess.Process) -> None:
    """Read no more from it.

    asyncio tells that a child has ended when its pipes are at their end as well, and it does not read a pipe whose
    reader is behind: whoever stops reading in the midst of much output would wait for ever.
    """
    transport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
    for number in (1, 2):
        pipe = transport.get_pipe_transport(number)
        if pipe is not None:
            pipe.close()


async def output(
    command: Sequence[str | Path],
    *,
    limits: ChildLimits | None = None,
    timeout: float = 60.0,  # noqa: ASYNC109 - the limit belongs to the child, which is killed at it
    data: bytes | None = None,
    most: int = MOST_OUTPUT,
) -> tuple[int, bytes, bytes]:
    """Run a child to its end; its exit code, stdout, and the end of its stderr.

    TimeoutError after `timeout` seconds; ChildDied where somebody else has killed it; Permanent where it puts out more
    than `most` bytes.
    """
    process = await start(
        command,
        limits=limits,
        stdin=asyncio.subprocess.PIPE if data is not None else asyncio.subprocess.DEVNULL,
    )
    saying = asyncio.create_task(tail_of(process.stderr))
    giving = asyncio.create_task(_give(process.stdin, data))
    try:
        async with asyncio.timeout(timeout):
            stdout = await _all_of(process.stdout, most)
            if stdout is None:
                words = f"{os.path.basename(command[0])} put out more than {most >> 20} MiB"  # noqa: PTH119 - a word
                raise Permanent(words)
            stderr = await saying
            await giving
            await process.wait()
    finally:
        saying.cancel()
        giving.cancel()
        await end(process)
    check_death(command[0], process.returncode)
    return process.returncode or 0, stdout, stderr


async def tail_of(stream: asyncio.StreamReader | None) -> bytes:
    """Read what a child says to its end, however much that is; the last of it."""
    kept = b""
    while stream is not None and (some := await stream.read(_TAIL)):
        kept = (kept + some)[-_TAIL:]
    return kept


async def _all_of(stream: asyncio.StreamReader | None, most: int) -> bytes | None:
    """Read to the end; None where more than `most` bytes came."""
    pieces: list[bytes] = []
    while stream is not None and (some := await stream.read(1 << 18)):
        pieces.append(some)
        most -= len(some)
        if most < 0:
            return None
    return b"".join(pieces)


async def _give(stream: asyncio.StreamWriter | None, data: bytes | None) -> None:
    """Give a child what it reads; one that reads no further needs none of it."""
    if stream is None or data is None:
        return
    with contextlib.suppress(ConnectionError):
        stream.write(data)
        await stream.drain()
    stream.close()


def how_it_ended(code: int) -> str:
    """The end of a child in words: its exit code, or the signal that ended it."""
    if code < 0:
        try:
            return f"signal {-code} ({signal.strsignal(-code)})"
        except ValueError:
            return f"signal {-code}"
    return f"code {code}"


def check_death(program: str | Path, code: int | None) -> None:
    """Raise ChildDied for the exit code of a child that was killed, and not by us."""
    if code == -signal.SIGKILL:
        name = os.path.basename(program)  # noqa: PTH119 - a word of a command line, a path or not
        raise ChildDied(
            f"The program {name} was killed from outside, perhaps because memory ran out."
        )


STANDING_BY: set[int] = set()
"""Children that wait for work: no sign of anything under way."""


def any_running() -> bool:
    """Whether a child of this process works; False where the kernel does not tell."""
    lists = Path("/proc/self/task").glob("*/children")
    with contextlib.suppress(OSError):  # a thread ended while we looked
        return any(
            int(pid) not in STANDING_BY for each in lists for pid in each.read_text().split()
        )
    return False


def stop(pid: int) -> None:
    """Make the whole group of this child stand still (SIGSTOP)."""
    _signal_group(pid, signal.SIGSTOP)


def go_on(pid: int) -> None:
    """Let the whole group of this child go on (SIGCONT)."""
    _signal_group(pid, signal.SIGCONT)


def _signal_group(pid: int, number: signal.Signals) -> None:
    # The child leads its own group: its pid is the group's id, and stays so until it is reaped and the
    # group is empty.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
