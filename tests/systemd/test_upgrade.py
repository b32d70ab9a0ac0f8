"""Upgrading: a good version takes over, a bad one is taken back, and nothing that people own changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.systemd.conftest import PYTHON, install
from tests.systemd.service import CONFIG, PLAIN

if TYPE_CHECKING:
    from tests.systemd.conftest import Package
    from tests.systemd.machine import Machine

CURRENT = "/opt/telespool/current"


def version(machine: Machine) -> str:
    """The version that is used."""
    return machine.run("readlink", CURRENT).stdout.strip()


def test_a_version_that_does_not_come_up_is_taken_back(bare: Machine, package: Package) -> None:
    """The upgrade restarts what runs; a daemon that dies makes it go back, say so, and run as before."""
    package.unpack(bare)
    install(bare)
    bare.path(CONFIG).write_text(PLAIN)
    bare.run("systemctl", "start", "telespool")
    first, pid = version(bare), bare.show("telespool", "MainPID")
    unit = bare.path("/usr/local/lib/systemd/system/telespool.service").read_text()

    source = bare.share / "source"
    good = (source / "daemon/telespool/service/service.py").read_text()
    with (source / "daemon/telespool/service/service.py").open("a") as file:
        file.write("\nraise SystemExit(1)\n")
    with (source / "systemd/telespool.service").open("a") as file:
        file.write("# a new line\n")
    program = "/run/share/source/scripts/install"
    options = ("--upgrade", "--wheels", "/run/share/wheels")
    done = bare.run(PYTHON, program, *options, check=False)
    assert done.returncode
    assert "did not come up" in done.stdout
    assert "is back and it runs" in done.stderr
    assert version(bare) == first
    assert bare.path("/usr/local/lib/systemd/system/telespool.service").read_text() == unit
    assert bare.show("telespool", "ActiveState") == "active"
    assert bare.show("telespool", "MainPID") != pid

    (source / "daemon/telespool/service/service.py").write_text(good)
    said = install(bare, "--upgrade")
    assert "came up with" in said
    assert version(bare) != first
    assert bare.path("/usr/local/lib/systemd/system/telespool.service").read_text() != unit
    assert bare.show("telespool", "ActiveState") == "active"
    assert bare.path(CONFIG).read_text() == PLAIN
    assert len(bare.run("ls", "/opt/telespool/versions").stdout.split()) == 2
