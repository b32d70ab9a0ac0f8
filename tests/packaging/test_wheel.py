"""The wheel: what pipx and uv install."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _build(directory: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", directory, ROOT],
        capture_output=True,
        check=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
    )
    [wheel] = directory.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this tree."""
    return _build(tmp_path_factory.mktemp("wheel"))


def test_it_carries_all_it_needs_and_one_package(wheel: Path) -> None:
    """Man pages, completions, units and the example are inside; no package but telespool is installed."""
    names = set(zipfile.ZipFile(wheel).namelist())
    [data] = {name.split("/")[0] for name in names if ".data/" in name}
    carried = {name.removeprefix(f"{data}/data/share/") for name in names if name.startswith(data)}
    pages = {f"man/man{page.suffix[1:]}/{page.name}" for page in (ROOT / "docs/man").iterdir()}
    assert carried >= pages
    assert carried >= {
        "bash-completion/completions/telespool",
        "zsh/site-functions/_telespool",
        "fish/vendor_completions.d/telespool.fish",
        "telespool/config.example.toml",
        "telespool/systemd/telespool.service",
        "telespool/systemd/user/telespool.service",
    }
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if ".d" not in top} == {"telespool"}


def test_two_builds_are_one_file(wheel: Path, tmp_path: Path) -> None:
    """The same tree and the same time give the same bytes."""
    again = _build(tmp_path)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (wheel, again)]
    assert digests[0] == digests[1]


def test_it_lives_beside_python_daemon(wheel: Path, tmp_path: Path) -> None:
    """Both in one environment: python-daemon keeps the name `daemon`, and each finds its own."""
    both = tmp_path / "both"
    command: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet"]
    done = subprocess.run(
        [*command, "--no-deps", "--target", both, wheel, "python-daemon", "lockfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"python-daemon cannot be fetched: {done.stderr.strip().splitlines()[-1]}")
    program = (
        "import daemon, telespool; print(daemon.DaemonContext, daemon.__file__, telespool.__file__)"
    )
    environment = os.environ | {"PYTHONPATH": str(both)}
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    ).stdout
    assert f"{both}/daemon/__init__.py" in said
    assert f"{both}/telespool/__init__.py" in said
    version = [sys.executable, "-m", "telespool.cli.main", "--version"]
    done = subprocess.run(version, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.startswith("telespool ")
