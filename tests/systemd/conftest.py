"""What the tests under systemd share: the source, the packages it needs, and machines to put them on."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.systemd.machine import Machine, why_not
from tests.systemd.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PYTHON = Path("/usr/bin/python3")
_NOT_COPIED = (".git", ".venv", ".tools", "*cache*", ".hypothesis", "demo", "dist", "build")

_LOOKED_OVER = ("/etc", "/opt", "/usr", "/var", "/home", "/root")
# What changes on any machine that runs: caches, logs, this checkout, and the files in which the accounts are kept.
_LEFT_OUT = ("/var/log/", "/var/cache/", "/var/lib/systemd/", "/etc/.pwd.lock", f"{ROOT}/")
_ACCOUNTS = {
    f"/etc/{name}{end}" for name in ("passwd", "group", "shadow", "gshadow") for end in ("", "-")
}


@pytest.fixture(scope="session")
def wheels() -> Path:
    """The packages the program needs, fetched once: the machines have no network."""
    if reason := why_not():
        pytest.skip(reason)
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)
    version = subprocess.run([PYTHON, "-V"], capture_output=True, text=True, check=True).stdout
    directory = (
        ROOT / ".tools" / "wheels" / hashlib.sha256((text + version).encode()).hexdigest()[:12]
    )
    if not (directory / "complete").exists():
        wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
        rar = (ROOT / "scripts/fetch-7zip").read_text()
        wanted += re.findall(r"^wheel=(\S+)", rar, re.MULTILINE)
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "download", "--quiet", "--dest", str(directory), *wanted],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"the packages cannot be fetched: {done.stderr.strip().splitlines()[-1]}")
        (directory / "complete").touch()
    return directory


@pytest.fixture
def bare(tmp_path: Path, wheels: Path) -> Iterator[Machine]:
    """A machine on which Telespool was never installed, nor any 7-Zip, with the source in /run/share/source."""
    with Machine.boot(tmp_path / "bare") as machine:
        provide(machine, wheels)
        machine.run("rm", "--force", *(f"/usr/bin/{name}" for name in ("7z", "7za", "7zr", "7zz")))
        yield machine


@dataclass(frozen=True, slots=True)
class Package:
    """What `scripts/install --prefix` made, and which paths outside of the prefix came and went meanwhile."""

    tree: Path
    touched: set[str]

    def unpack(self, machine: Machine) -> None:
        """Put its files where they belong, as a package manager does."""
        subprocess.run(["cp", "--archive", f"{self.tree}/.", machine.path("/")], check=True)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Package:
    """The files of an installation; those who begin with them need not wait for pip."""
    state = tmp_path_factory.mktemp("package") / "machine"
    with Machine.boot(state) as machine:
        provide(machine, wheels)
        before = everything(machine)
        install(machine, "--prefix", "/run/share/package")
        return Package(state / "share/package", everything(machine) ^ before)


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory, wheels: Path, package: Package
) -> Iterator[Machine]:
    """A machine on which scripts/install has run, with ann and bob as users; ann is in the group."""
    with Machine.boot(tmp_path_factory.mktemp("installed") / "machine") as machine:
        provide(machine, wheels)
        package.unpack(machine)
        install(machine)
        machine.run("useradd", "--create-home", "--groups", "telespool", "ann")
        machine.run("useradd", "--create-home", "bob")
        yield machine


@pytest.fixture(autouse=True)
def _journal(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have pytest show, where a test fails, what happened inside."""
    machine = request.getfixturevalue("installed") if "installed" in request.fixturenames else None
    yield
    if machine:
        print(machine.run("journalctl", "--no-pager", "--lines=60").stdout)  # noqa: T201


@pytest.fixture
def service(installed: Machine) -> Iterator[Service]:
    """The service of the installed machine, stopped, with its own configuration and an empty spool."""
    service = Service(installed)
    service.reset()
    yield service
    print("\n".join(service.files()))  # noqa: T201 - shown by pytest where the test has failed
    service.reset()


def provide(machine: Machine, wheels: Path) -> None:
    """Put the source and the packages where the machine sees them."""
    shutil.copytree(ROOT, machine.share / "source", ignore=shutil.ignore_patterns(*_NOT_COPIED))
    shutil.copytree(wheels, machine.share / "wheels")


def install(machine: Machine, *options: str) -> str:
    """Run scripts/install inside; what it said."""
    program = "/run/share/source/scripts/install"
    return machine.run(PYTHON, program, "--wheels", "/run/share/wheels", *options).stdout


def everything(machine: Machine) -> set[str]:
    """Give every path of the machine that an installation could have made."""
    listed = machine.run("find", *_LOOKED_OVER, "-xdev", "-not", "-path", "*/__pycache__*").stdout
    return {path for path in listed.splitlines() if not path.startswith(_LEFT_OUT)} - _ACCOUNTS
