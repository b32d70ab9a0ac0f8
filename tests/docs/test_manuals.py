"""The man pages and the completions are those of the commands, and shells and troff take them."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.harness import ROOT


def said(*command: str) -> str:
    """What a program says, which must end with 0."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
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


def complete(*words: str) -> set[str]:
    """What bash offers for the last of these words."""
    script = (
        'source completions/telespool.bash; COMP_WORDS=(telespool "$@"); COMP_CWORD=$#;'
        ' _telespool; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return set(said("bash", "-c", script, "bash", *words).split())


def test_bash_completes() -> None:
    """Commands, their options, and files."""
    assert {"status", "retry", "doctor", "--version"} <= complete("")
    assert complete("sta") == {"status"}
    assert complete("retry", "--as") == {"--as-document"}
    assert complete("explain", "pyproj") == {"pyproject.toml"}


@pytest.mark.parametrize(("shell", "file"), [("zsh", "_telespool"), ("fish", "telespool.fish")])
def test_other_shells_read_it(shell: str, file: str) -> None:
    """The files for the other shells are free of mistakes."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    said(shell, "-n", str(ROOT / "completions" / file))
