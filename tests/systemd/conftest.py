"""What the tests under systemd share: the source, the packages it needs, and machines to put them on."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and give each test the time a boot may take on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.systemd)
            item.add_marker(pytest.mark.timeout(300))


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
    """A machine on which Telespool was never installed, with the source in /run/share/source."""
    with Machine.boot(tmp_path / "bare") as machine:
        provide(machine, wheels)
        yield machine


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[Machine]:
    """A machine on which scripts/install has run, with ann and bob as users; ann is in the group."""
    with Machine.boot(tmp_path_factory.mktemp("installed") / "machine") as machine:
        provide(machine, wheels)
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
