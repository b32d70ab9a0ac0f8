"""scripts/install, as far as it can be tried without a machine of its own: modes, its lock, places that run nothing."""

from __future__ import annotations

import argparse
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness import ROOT

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture(scope="module")
def install() -> ModuleType:
    """The program as a module."""
    sys.path.insert(0, str(ROOT / "scripts"))
    loader = importlib.machinery.SourceFileLoader("install", str(ROOT / "scripts" / "install"))
    spec = importlib.util.spec_from_loader("install", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.path.remove(str(ROOT / "scripts"))
    return module


def installer(install: ModuleType, prefix: Path) -> Any:
    """One run of it below a directory."""
    places = install.Places.of_the_machine(Path("/opt/telespool"))
    options = argparse.Namespace(user=False, prefix=prefix, upgrade=False)
    return install.Installer(places, options)


def test_modes_are_mended(install: ModuleType, tmp_path: Path) -> None:
    """What was made under umask 077 can be read and run by everybody afterwards; links are left alone."""
    one = installer(install, tmp_path)
    version = one.versions / "1"
    before = os.umask(0o077)
    try:
        (version / "bin").mkdir(parents=True)
        (version / "bin" / "telespool").write_text("#!/bin/sh\n")
        (version / "bin" / "telespool").chmod(0o700)
        (version / "config.example.toml").write_text("")
        (version / "bin" / "python").symlink_to("/usr/bin/python3")
    finally:
        os.umask(before)
    one.mend_modes("1")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (version, *version.rglob("*"))}
    assert modes["1"] == modes["bin"] == modes["telespool"] == 0o755
    assert modes["config.example.toml"] == 0o644


def test_one_at_a_time(install: ModuleType, tmp_path: Path) -> None:
    """The second is refused with a sentence while the first is at work."""
    first, second = installer(install, tmp_path), installer(install, tmp_path)
    with first.alone(), pytest.raises(install.Stop, match="another installation"), second.alone():
        pass
    with second.alone():
        pass


def test_a_place_that_runs_nothing(install: ModuleType, tmp_path: Path) -> None:
    """A file system that is mounted noexec is refused before anything is made there."""
    if os.geteuid():
        pytest.skip("only root may mount")
    command = ["mount", "-t", "tmpfs", "-o", "noexec,size=1m", "none", str(tmp_path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(install.Stop, match="noexec"):
            installer(install, tmp_path).check_place()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
