"""Several accounts on one machine, and one person without root."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.material import make_zip
from tests.systemd.machine import until
from tests.systemd.service import PLAIN, Service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.systemd.machine import Machine

SOURCE = "/run/share/source/systemd"


@pytest.fixture
def drop(tmp_path: Path, material: Material) -> Path:
    """An archive of one photo."""
    return make_zip(tmp_path / "drop.zip", {"a.jpg": material.photo(1)})


def active(service: Service) -> bool:
    """Whether the service is up and not just being reloaded."""
    return service.show("ActiveState") == "active"


def stopped(service: Service) -> bool:
    """Whether the service has ended."""
    return service.show("ActiveState") == "inactive"


def lines(machine: Machine, unit: str) -> list[str]:
    """The lines of a unit that systemd reads."""
    text = machine.path(f"/usr/local/lib/systemd/system/{unit}").read_text()
    return [line for line in text.splitlines() if line and not line.startswith(("#", "["))]


def test_the_template_differs_from_the_service_in_its_paths_alone(installed: Machine) -> None:
    """A line that is changed in one of the two files is changed in the other."""
    one = lines(installed, "telespool.service")
    many = [
        line.replace(" (%i)", "")
        .replace("-%i", "")
        .replace("/%i/config", "/config")
        .replace("/%i", "")
        for line in lines(installed, "telespool@.service")
    ]
    assert [line for line in one if line not in many] == ["WantedBy=multi-user.target"]
    added = [line.partition("=")[0] for line in many if line not in one]
    assert added == ["PartOf", "ReloadPropagatedFrom", "ExecStartPre", "ExecStartPre", "WantedBy"]


def test_two_accounts_work_side_by_side(installed: Machine, drop: Path) -> None:
    """Each has its own configuration, spool and journal; the target starts, reloads and stops both."""
    run = installed.run
    accounts = {}
    for name in ("a", "b"):
        installed.path(f"/etc/telespool/{name}").mkdir(exist_ok=True)
        spool = f"/var/spool/telespool-{name}"
        text = PLAIN.replace("[spool]", f'[spool]\nroot = "{spool}"')
        text = text.replace("/var/spool/telespool-posts", f"{spool}-posts")
        installed.path(f"/etc/telespool/{name}/config.toml").write_text(text)
        accounts[name] = Service(installed, f"telespool@{name}.service", spool)
        run("systemctl", "enable", f"telespool@{name}")
    run("systemctl", "start", "telespool.target")
    for name, service in accounts.items():
        until(partial(active, service), f"account {name}")
        service.drop(drop)
    for service in accounts.values():
        service.until_done("drop.zip")
        assert len(service.said("drop.claimed")) == 1
    run("systemctl", "reload", "telespool.target")
    for service in accounts.values():
        until(partial(service.said, "config.reloaded"), "the reload")
    run("systemctl", "stop", "telespool.target")
    for service in accounts.values():
        until(partial(stopped, service), "the end of both")
    run("systemctl", "disable", "telespool@a", "telespool@b")


def test_a_person_without_root_runs_it_in_their_own_manager(installed: Machine, drop: Path) -> None:
    """scripts/install --user, a configuration of their own, systemctl --user; and everything gone again."""
    run = installed.run
    bob = run("id", "--user", "bob").stdout.strip()
    own = ("env", "HOME=/home/bob", f"XDG_RUNTIME_DIR=/run/user/{bob}")
    program = "/run/share/source/scripts/install"

    def by_bob(*words: str) -> str:
        return run(*own, *words, user="bob").stdout

    run("systemctl", "start", f"user@{bob}.service")
    by_bob(program, "--user", "--wheels", "/run/share/wheels")
    config = installed.path("/home/bob/.config/telespool/config.toml")
    config.write_text(config.read_text() + '\n[inbox]\nsettle = "200ms"\n')
    by_bob("systemctl", "--user", "enable", "--now", "telespool")
    assert by_bob("systemctl", "--user", "show", "-P", "StatusText", "telespool").strip() == "idle"
    installed.path("/run/share/drop.zip").write_bytes(drop.read_bytes())
    by_bob("cp", "/run/share/drop.zip", "/home/bob/Telespool/inbox/")
    done = installed.path("/home/bob/Telespool/done")
    until(lambda: list(done.glob("*/0000_drop.zip")), "the drop to be done")
    claimed = installed.journal(
        "_SYSTEMD_USER_UNIT=telespool.service", "TELESPOOL_EVENT=drop.claimed"
    )
    assert len(claimed) == 1
    by_bob(program, "--user", "--uninstall")
    left = by_bob("find", "/home/bob", "-newer", "/etc/hostname", "-name", "*telespool*").split()
    assert left == ["/home/bob/.config/telespool"]
