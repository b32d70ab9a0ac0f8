"""What the service can do and what it cannot, tried from inside its sandbox by a program in the daemon's place."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.systemd.service import SPOOL

if TYPE_CHECKING:
    from tests.material import Material
    from tests.systemd.machine import Machine

UNITS = "/usr/local/lib/systemd/system"
PROBE = "/run/share/source/tests/systemd/probe.py"


@pytest.fixture(scope="module")
def told(installed: Machine, material: Material) -> dict[str, str]:
    """What the probe met, by the name of each attempt."""
    run = installed.run
    # Open to everybody but for the sandbox: what is refused here is refused by nothing else.
    run("install", "-d", "-m", "0777", "/srv/open")
    for home in ("/home/ann", "/root"):
        installed.path(home).chmod(0o755)
        shutil.copyfile(material.clip("mp4"), installed.path(f"{home}/public.mp4"))
    run("ip", "address", "add", "192.0.2.1/32", "dev", "lo", check=False)
    unit = installed.path(f"{UNITS}/telespool.service").read_text()
    python = "/opt/telespool/current/bin/python"
    unit = re.sub(r"(?m)^ExecStart=.*", f"ExecStart={python} {PROBE} {SPOOL} {SPOOL}/told", unit)
    unit = re.sub(r"(?m)^(Restart|WatchdogSec|ExecReload|NotifyAccess)=.*\n", "", unit)
    unit = unit.replace("Type=notify", "Type=oneshot")
    installed.path("/run/systemd/system/probe.service").write_text(unit)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "probe.service")
    told: dict[str, str] = json.loads(installed.path(f"{SPOOL}/told").read_text())
    return told


@pytest.mark.parametrize(
    "what",
    ["renames", "ffmpeg", "ffmpeg h265", "ffprobe", "7zz", "localhost", "state", "runtime"],
)
def test_what_the_service_needs_works(told: dict[str, str], what: str) -> None:
    """Renames through all folders, ffmpeg, 7-Zip, its own directories, and this machine's network."""
    assert told[what] == "ok"


def test_children_are_stopped_and_go_on_behind_the_daemon(told: dict[str, str]) -> None:
    """A child stands still with its own child, goes on, and has a lower class than the daemon."""
    assert told["stop and go on"] == "T then S, nice 10"
    assert told["journal"] == "True"


@pytest.mark.parametrize("who", ["write", "ffmpeg writes"])
@pytest.mark.parametrize(
    "directory", ["/etc", "/usr", "/opt", "/var", "/root", "/srv/open", "/run", "/var/lib"]
)
def test_nothing_else_can_be_written(told: dict[str, str], who: str, directory: str) -> None:
    """Neither the daemon nor ffmpeg writes outside spool, state and runtime directory."""
    said = told[f"{who} {directory}"]
    assert "Read-only file system" in said or "Permission denied" in said


@pytest.mark.parametrize("who", ["read", "ffmpeg reads"])
@pytest.mark.parametrize(
    "file", ["/home/ann/public.mp4", "/root/public.mp4", "/etc/shadow", "/proc/1/environ"]
)
def test_no_home_and_no_secret_can_be_read(told: dict[str, str], who: str, file: str) -> None:
    """Neither the daemon nor ffmpeg reads another's home, even where everybody else may."""
    said = told[f"{who} {file}"]
    assert "Permission denied" in said or "No such file" in said


@pytest.mark.parametrize(
    "what",
    [
        "run a file of the spool",
        "make a file setuid",
        "new namespace",
        "mount",
        "raw socket",
    ],
)
def test_what_an_intruder_would_try_is_refused(told: dict[str, str], what: str) -> None:
    """Nothing that came out of an archive runs, and nothing gains rights."""
    assert told[what] != "ok"


def test_only_telegram_and_this_machine_can_be_reached(
    installed: Machine, told: dict[str, str]
) -> None:
    """Packets to any other address are dropped; outside the sandbox the same address answers at once."""
    assert told["elsewhere"].startswith("TimeoutError")
    done = installed.run("bash", "-c", "echo >/dev/tcp/192.0.2.1/9", check=False)
    assert "Connection refused" in done.stderr
