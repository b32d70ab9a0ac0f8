"""The man pages and the completions are those of the commands, and shells and troff take them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import make
from tests.harness import ROOT
from tests.jobs import job_name


def said(*command: str, **environment: str) -> str:
    """What a program says, which must end with 0."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_they_are_up_to_date() -> None:
    """What is committed is what scripts/manuals.py makes of the commands."""
    said(sys.executable, "scripts/manuals.py", "--check")


def test_troff_has_no_complaint() -> None:
    """Every page is typeset without a warning."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    for page in sorted((ROOT / "docs" / "man").iterdir()):
        assert said("groff", "-man", "-Tutf8", "-ww", "-z", str(page)) == "", page.name


def complete(*words: str, **environment: str) -> set[str]:
    """What bash offers for the last of these words."""
    script = (
        'source completions/telespool.bash; COMP_WORDS=(telespool "$@"); COMP_CWORD=$#;'
        ' _shtab_telespool; printf "%s\n" "${COMPREPLY[@]}"'
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return set(said("bash", "-c", script, "bash", *words, PATH=path, **environment).splitlines())


def test_bash_completes() -> None:
    """Commands, their options, and files."""
    assert {"status", "retry", "doctor", "cancel", "setup"} <= complete("")
    assert "complete-names" not in complete("")
    assert complete("sta") == {"status"}
    assert complete("retry", "--as") == {"--as-document"}
    assert complete("unpack", "pyproj") == {"pyproject.toml"}
    assert complete("explain", "pyproj") == {"pyproject.toml"}


def test_jobs_units_and_chats_are_completed(tmp_path: Path) -> None:
    """By their names as they lie in the spool, spaces and all; chats by those of the configuration."""
    job = job_name("family_Summer by the lake")
    spool = make(tmp_path, {f"deferred/{job}/0003@1_a b.jpg": b"1"})
    config = {"TELESPOOL_CONFIG": str(spool.config)}
    assert complete("retry", job[:4], **config) == {job}
    assert complete("hold", f"{job}/00", **config) == {f"{job}/0003@1_a b.jpg"}
    assert complete("drop", "a.zip", "--to", "", **config) == {"default", "family"}
    assert complete("drop", "a.zip", "--to", "fa", **config) == {"family"}
    named = ("-c", str(spool.config))
    assert complete("retry", *named, job[:4], HOME=str(tmp_path)) == {job}
    assert complete("drop", *named, "a.zip", "--to", "fa", HOME=str(tmp_path)) == {"family"}
    below = f"~/{spool.config.relative_to(tmp_path)}"
    assert complete("retry", "--config", "=", below, job[:4], HOME=str(tmp_path)) == {job}
    broken = {"TELESPOOL_CONFIG": str(tmp_path / "missing.toml")}
    assert complete("retry", job[:4], **broken) == {""}


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_jobs(tmp_path: Path) -> None:
    """The same names, asked of fish itself."""
    job = job_name("family_walk")
    spool = make(tmp_path, {f"deferred/{job}/0003@1_a.jpg": b"1"})
    script = f"source completions/telespool.fish; complete -C 'telespool retry {job[:6]}'"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shown = said("fish", "--no-config", "-c", script, PATH=path, TELESPOOL_CONFIG=str(spool.config))
    assert job in shown


@pytest.mark.parametrize(("shell", "file"), [("zsh", "_telespool"), ("fish", "telespool.fish")])
def test_other_shells_read_it(shell: str, file: str) -> None:
    """The files for the other shells are free of mistakes."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    said(shell, "-n", str(ROOT / "completions" / file))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_they_are_printed_for_a_shell(shell: str) -> None:
    """What `telespool completions` prints is the file that packages install."""
    printed = said(sys.executable, "-m", "telespool.cli.main", "completions", shell)
    files = {"bash": "telespool.bash", "zsh": "_telespool", "fish": "telespool.fish"}
    assert printed == (ROOT / "completions" / files[shell]).read_text()
