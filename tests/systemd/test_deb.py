"""The Debian package: installed, upgraded, taken back to an older version, removed and purged, in a booted machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.systemd.conftest import PYTHON, ROOT
from tests.systemd.machine import Machine, until, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPOOL = "/var/spool/telespool"


def _newer(package: Path, directory: Path) -> Path:
    """The same package under a higher version."""
    tree = directory / "tree"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    text = control.read_text()
    control.write_text(text.replace("\nVersion: ", "\nVersion: 1:", 1))
    target = directory / "newer.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, target], check=True
    )
    return target


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The package for this machine's Python, and one of a higher version."""
    if reason := why_not():
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("deb")
    words = subprocess.run([PYTHON, "-V"], capture_output=True, text=True, check=True).stdout
    number = ".".join(words.split()[1].split(".")[:2])
    command: list[str | Path] = [
        sys.executable,
        ROOT / "packaging/build-deb",
        "--python",
        number,
        "--compression",
        "none",
        "--out",
        directory,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [package] = directory.glob("*.deb")
    return package, _newer(package, directory)


@pytest.fixture
def machine(tmp_path: Path, packages: tuple[Path, Path]) -> Iterator[Machine]:
    """A machine that has never seen Telespool, with both packages in /run/share."""
    with Machine.boot(tmp_path / "deb") as machine:
        machine.run("rm", "--force", *(f"/usr/bin/{name}" for name in ("7z", "7za", "7zr", "7zz")))
        # An image for containers may forbid packages to start and stop services.
        machine.run("rm", "--force", "/usr/sbin/policy-rc.d")
        for package, name in zip(packages, ("one.deb", "two.deb"), strict=True):
            shutil.copyfile(package, machine.share / name)
        yield machine
        print(machine.run("journalctl", "--no-pager", "--lines=60").stdout)  # noqa: T201 - seen where it fails


def _posts(machine: Machine) -> list[Path]:
    return sorted(machine.path("/var/spool/telespool-posts").rglob("*.jpg"))


@pytest.mark.timeout(600)
def test_a_life_as_a_package(machine: Machine) -> None:
    """Three commands lead to the first post; upgrade, downgrade, removal and purge leave what is people's own."""
    photo = ROOT / "docs/pictures/page-photo.jpg"
    machine.run("dpkg", "--install", "/run/share/one.deb")
    machine.run("systemctl", "enable", "--now", "telespool")
    machine.path(f"{SPOOL}/inbox/photo.jpg").write_bytes(photo.read_bytes())
    until(lambda: _posts(machine), "the first post")
    assert "RAR" in machine.run("telespool", "doctor", user="telespool", check=False).stdout

    config = machine.path("/etc/telespool/config.toml")
    config.write_text(f"# mine\n{config.read_text()}")
    before = machine.show("telespool", "MainPID")
    machine.run("dpkg", "--install", "/run/share/two.deb")
    assert machine.show("telespool", "ActiveState") == "active"
    assert machine.show("telespool", "MainPID") != before
    assert config.read_text().startswith("# mine\n")

    machine.run("dpkg", "--install", "/run/share/one.deb")
    assert machine.show("telespool", "ActiveState") == "active"

    machine.run("dpkg", "--remove", "telespool")
    assert machine.show("telespool", "ActiveState") == "inactive"
    assert not machine.path("/usr/lib/telespool").exists()
    assert config.exists()
    assert machine.path("/var/lib/telespool").exists()

    machine.path(f"{SPOOL}/inbox/mine.zip").write_bytes(b"not sent yet")
    machine.run("dpkg", "--purge", "telespool")
    assert not machine.path("/etc/telespool").exists()
    assert not machine.path("/var/lib/telespool").exists()
    assert machine.path(f"{SPOOL}/inbox/mine.zip").read_bytes() == b"not sent yet"
    assert machine.run("systemctl", "is-enabled", "telespool", check=False).returncode
