"""A private machine for tests: this one's file system, copy-on-write, under a systemd of its own.

    with Machine.boot(tmp_path / "machine") as machine:
        machine.run("systemctl", "start", "telespool")

It boots in about a second, as root, with nothing but util-linux, systemd and dbus, without network: loopback is
all it has. Everything it writes lies in memory and is gone with it; `share` is the one directory it has in
common with the test (`/run/share` inside). The kernel is shared, its settings are read-only inside.

The namespaces are made by unshare(1); `pid1` puts the file system together and becomes systemd. The machine has
a cgroup of its own in every hierarchy, below the one the tests run in, so that limits are real.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.patience import longest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PID1 = Path(__file__).with_name("pid1")
_NAMESPACES = ("--mount", "--pid", "--cgroup", "--uts", "--ipc")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TIMEOUT = 180.0
_Value = TypeVar("_Value")


def why_not() -> str | None:
    """Say why no machine can be booted here, None where it can."""
    if os.geteuid():
        return "booting a systemd of its own needs root"
    if not Path("/lib/systemd/systemd").exists():
        return "systemd is not installed"
    missing = [name for name in ("unshare", "nsenter", "dbus-daemon") if not shutil.which(name)]
    if missing:
        return f"{' and '.join(missing)} not found"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "the kernel has no overlayfs"
    return None


class Machine:
    """A machine that is running."""

    def __init__(self, state: Path, pid: int, namespaces: tuple[str, ...]) -> None:
        self.share = state / "share"
        self._namespaces = namespaces
        self._layer = f"/proc/{pid}/root"
        self._pid = pid

    @classmethod
    @contextlib.contextmanager
    def boot(
        cls, state: Path, base: Path = Path("/"), *, online: bool = False
    ) -> Iterator[Machine]:
        """Boot it, and end it with everything in it when the block is left.

        `base` is the file system it begins with; `online` gives it this machine's network.
        """
        namespaces = _NAMESPACES if online else (*_NAMESPACES, "--net")
        for name in ("root", "layer", "share"):
            (state / name).mkdir(parents=True)
        state.chmod(0o755)
        console = state / "console.log"
        cgroups = _own_cgroups(f"telespool-test-{os.getpid()}-{state.name}")
        with console.open("w") as log:
            outer = subprocess.Popen(
                [
                    # However the tests end, the machine ends with them.
                    *("setpriv", "--pdeathsig", "KILL", "--"),
                    *("unshare", *namespaces, "--propagation", "private", "--fork"),
                    *("--kill-child=KILL", _PID1, state, base),
                ],
                preexec_fn=lambda: _enter(cgroups),  # noqa: PLW1509 - the tests have no threads
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            pid = until(lambda: _systemd_below(outer, console), "systemd to start")
            machine = cls(state, pid, namespaces)
            until((Path(machine._layer) / "run/systemd/private").exists, "systemd to listen")
            machine.run("systemctl", "is-system-running", "--wait")
            yield machine
        finally:
            # Process 1 of a namespace takes everything inside with it.
            outer.send_signal(signal.SIGKILL)
            outer.wait(longest(_TIMEOUT))
            for group in cgroups:
                until(partial(_removed, group), f"{group} to be empty")

    def popen(
        self, *command: str | Path, user: str | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start a command inside, as root or as `user`."""
        line: list[str | Path] = ["nsenter", f"--target={self._pid}", "--root", "--wd"]
        line += [*self._namespaces, "--", "env", "-i", f"PATH={_PATH}", "LANG=C.UTF-8", "TERM=dumb"]
        if user:
            line += ["runuser", "-u", user, "--"]
        return subprocess.Popen([*line, *command], text=True, errors="surrogateescape", **options)

    def run(
        self,
        *command: str | Path,
        user: str | None = None,
        check: bool = True,
        data: str | None = None,
        seconds: float = _TIMEOUT,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside and give what it said; AssertionError with all of it if it fails."""
        pipe = subprocess.PIPE
        with self.popen(*command, user=user, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            try:
                stdout, stderr = process.communicate(data or "", timeout=longest(seconds))
            finally:
                process.kill()
        code = process.returncode
        assert not (check and code), f"{command} ended with {code}\n{stdout}\n{stderr}"
        return subprocess.CompletedProcess(list(command), code, stdout, stderr)

    def path(self, inside: str | Path) -> Path:
        """Where a path of the machine lies for the test: to look, and to put things there as root."""
        return Path(f"{self._layer}/{inside}")

    def show(self, unit: str, name: str) -> str:
        """Give one property of a unit."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """Give the records of the journal that match, oldest first."""
        self.run("journalctl", "--sync")
        text = self.run("journalctl", "--output=json", "--all", "--no-pager", *matches).stdout
        return [json.loads(line) for line in text.splitlines()]


def until(look: Callable[[], _Value | None], what: str, seconds: float = 90.0) -> _Value:
    """Look again and again until there is something to see; AssertionError if there never is."""
    seconds = longest(seconds)
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        time.sleep(0.05)
    return seen


def _systemd_below(outer: subprocess.Popen[bytes], console: Path) -> int | None:
    """Give the process id of systemd once `pid1` has become it."""
    assert outer.poll() is None, f"did not boot: {console.read_text()}"
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
    for child in children:
        if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
            return int(child)
    return None


def _own_cgroups(name: str) -> list[Path]:
    """Make a cgroup below our own in each hierarchy that this machine has mounted."""
    made = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        hierarchy = Path("/sys/fs/cgroup", controllers.removeprefix("name="))
        if not controllers and (hierarchy / "unified").is_dir():
            hierarchy /= "unified"
        ours = hierarchy / path.lstrip("/")
        if not ours.is_dir():
            continue
        (ours / name).mkdir()
        made.append(ours / name)
        if "cpuset" in controllers:  # a new one is empty, and takes no process until it is filled
            for file in ("cpuset.cpus", "cpuset.mems"):
                (ours / name / file).write_text((ours / file).read_text())
    return made


def _enter(cgroups: list[Path]) -> None:
    for group in cgroups:
        (group / "cgroup.procs").write_text(str(os.getpid()))


def _removed(group: Path) -> bool:
    """Remove a cgroup and those that systemd made below it; False while a process still dies there."""
    try:
        for directory, _, _ in os.walk(group, topdown=False):
            os.rmdir(directory)  # noqa: PTH106 - cgroup files cannot be listed away
    except OSError:
        return False
    return True
