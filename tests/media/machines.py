"""Other machines: each a real sshd on an address of its own, with one key that may do one thing.

As root each lives in a network namespace of its own, behind a cable that can be pulled; otherwise all listen on this
machine. Without sshd or ssh the tests that need them are skipped, loudly.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
SERVE = f"{Path(sys.executable).with_name('telespool')} helper serve"
"""What the key may do: what a helper's authorized_keys says."""


def need_sshd() -> None:
    """Skip where no sshd can be run, and where nobody asks for machines in networks of their own."""
    if "TELESPOOL_MACHINES" not in os.environ:
        pytest.skip("tried by TELESPOOL_MACHINES=1 scripts/test tests/media/test_helpers.py")
    if SSHD is None or shutil.which("ssh") is None:
        pytest.skip("sshd is not installed: apt install openssh-server openssh-client")


def run(*words: str | Path) -> str:
    """Run a command to its good end."""
    done = subprocess.run([*map(str, words)], capture_output=True, check=False, text=True)
    if done.returncode:
        raise AssertionError(f"{words}: {done.stderr}")
    return done.stdout


@dataclass
class Machine:
    """One of them. `name` is what ssh calls it; `core` the one it runs on, None for all."""

    folder: Path
    number: int
    core: int | None = None
    own_network: bool = field(default_factory=lambda: os.geteuid() == 0)
    port: int = 0
    sshd: subprocess.Popen[bytes] | None = None

    @property
    def _namespace(self) -> str:
        return f"ts{os.getpid()}-{self.number}"

    @property
    def _cable(self) -> str:
        return f"ts{os.getpid() % 100000}-{self.number}"

    @property
    def address(self) -> str:
        """Where it listens."""
        if not self.own_network:
            return "127.0.0.1"
        return f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}.{self.number * 4 + 2}"

    @property
    def name(self) -> str:
        """What ssh calls it."""
        return f"ssh://{pwd.getpwuid(os.geteuid()).pw_name}@{self.address}:{self.port}"

    @property
    def is_there(self) -> bool:
        """Whether it runs."""
        return self.sshd is not None

    def start(self, state: Path) -> None:
        """Start it, and let `state` know its key, and it that of `state`."""
        assert SSHD is not None
        self.folder.mkdir()
        if self.own_network:
            self._wire()
        self.port = 2222 if self.own_network else _free_port()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "host")
        self.may(SERVE, state)
        (self.folder / "config").write_text(
            f"Port {self.port}\nListenAddress {self.address}\nHostKey {self.folder}/host\n"
            f"AuthorizedKeysFile {self.folder}/authorized\nPidFile none\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        )
        kind, public = (self.folder / "host.pub").read_text().split()[:2]
        with (state / "helper-hosts").open("a") as file:
            file.write(f"[{self.address}]:{self.port} {kind} {public}\n")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        where = ["ip", "netns", "exec", self._namespace] if self.own_network else []
        cores = ["taskset", "-c", str(self.core)] if self.core is not None else []
        command = [*where, *cores, SSHD, "-D", "-e", "-f", str(self.folder / "config")]
        with (self.folder / "log").open("wb") as log:
            self.sshd = subprocess.Popen(command, stderr=log)
        while not self._answers():
            assert self.sshd.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)

    def may(self, command: str, state: Path) -> None:
        """Let the key do this and nothing else, from now on."""
        key = state / "helper-key"
        if not key.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        public = run("ssh-keygen", "-y", "-f", key).strip()
        (self.folder / "authorized").write_text(f'restrict,command="{command}" {public}\n')

    def encoders(self) -> list[psutil.Process]:
        """The ffmpeg that run on it."""
        found = []
        assert self.sshd is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.sshd.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if process.name() == "ffmpeg":
                        found.append(process)
        return found

    def sessions(self) -> int:
        """How often somebody has come in."""
        return (self.folder / "log").read_text("utf-8", "replace").count("Accepted publickey")

    def pull(self) -> None:
        """Pull the cable."""
        run("ip", "link", "set", self._cable, "down")

    def end(self) -> None:
        """End it and all that runs on it."""
        if self.sshd is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                for process in psutil.Process(self.sshd.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
            self.sshd.kill()
            self.sshd.wait()
            self.sshd = None
        if self.own_network:
            subprocess.run(
                ["ip", "netns", "del", self._namespace], check=False, capture_output=True
            )
            subprocess.run(["ip", "link", "del", self._cable], check=False, capture_output=True)

    def _wire(self) -> None:
        base = self.address.rpartition(".")[0]
        inner = f"{self._cable}i"
        run("ip", "netns", "add", self._namespace)
        run("ip", "link", "add", self._cable, "type", "veth", "peer", "name", inner)
        run("ip", "link", "set", inner, "netns", self._namespace)
        run("ip", "addr", "add", f"{base}.{self.number * 4 + 1}/30", "dev", self._cable)
        run("ip", "link", "set", self._cable, "up")
        inside = ("ip", "-n", self._namespace)
        run(*inside, "addr", "add", f"{self.address}/30", "dev", inner)
        run(*inside, "link", "set", inner, "up")
        run(*inside, "link", "set", "lo", "up")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), 1):
            return True
        return False


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextlib.contextmanager
def machines(folder: Path, count: int, *, one_core: bool = False) -> Iterator[list[Machine]]:
    """So many machines, and in `folder`/state what this one needs to reach them."""
    state = folder / "state"
    state.mkdir(exist_ok=True)
    cores = sorted(os.sched_getaffinity(0))
    made = [
        Machine(
            folder / f"machine-{number}", number, cores[number % len(cores)] if one_core else None
        )
        for number in range(count)
    ]
    try:
        for machine in made:
            machine.start(state)
        yield made
    finally:
        for machine in made:
            machine.end()
