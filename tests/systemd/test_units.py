"""The units as files: no mistake, little exposure, and nothing that only newer systemds know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.systemd.machine import Machine

UNITS = ("telespool.service", "telespool@a.service", "telespool.target")


def test_systemd_finds_no_mistake_in_the_units(installed: Machine) -> None:
    """Manual pages aside (a machine need not have man), systemd-analyze verify has nothing to say about any of them, installed as they are."""
    for unit in UNITS:
        done = installed.run("systemd-analyze", "verify", "--man=no", unit)
        assert (unit, done.stdout, done.stderr) == (unit, "", "")


@pytest.mark.parametrize("unit", ["telespool.service", "telespool@.service"])
def test_the_exposure_is_small(installed: Machine, unit: str) -> None:
    """systemd-analyze security gives at most 1.1 of 10."""
    file = f"/usr/local/lib/systemd/system/{unit}"
    installed.run("systemd-analyze", "security", "--offline=true", "--threshold=11", file)


def test_users_and_folders_are_described_without_a_mistake(installed: Machine) -> None:
    """Run again, sysusers and tmpfiles change nothing and say nothing."""
    before = installed.run("ls", "-lR", "/var/spool/telespool", "/etc/telespool").stdout
    for command in (
        ("systemd-sysusers", "/usr/local/lib/sysusers.d/telespool.conf"),
        ("systemd-tmpfiles", "--create", "/usr/local/lib/tmpfiles.d/telespool.conf"),
    ):
        done = installed.run(*command)
        assert (done.stdout, done.stderr) == ("", "")
    assert installed.run("ls", "-lR", "/var/spool/telespool", "/etc/telespool").stdout == before
