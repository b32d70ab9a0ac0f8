"""The documentation as a site: it builds, strictly, and every page has its place in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT

pytest.importorskip("furo", reason="Sphinx and Furo are missing (scripts/setup --tests)")


def test_it_builds_without_a_dead_link(tmp_path: Path) -> None:
    """No link and no anchor leads nowhere; a page that no list names is refused."""
    command = [sys.executable, "packaging/site/build", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert not built.stderr
    pages = {
        path.relative_to(tmp_path).with_suffix(".md")
        for path in tmp_path.rglob("*.html")
        if "_static" not in path.parts
    }
    wanted = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert wanted <= pages
    assert {Path("index.md"), Path("CHANGELOG.md")} <= pages
