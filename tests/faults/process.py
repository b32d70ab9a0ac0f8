"""The real daemon as a process over the folder destination, started by way of another command where that is wanted."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.harness import ROOT, kill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POWERLESS = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
_SETTINGS = """\
destination = "folder"
spool = {{ root = "{root}", reserve = "0 B" }}
inbox.settle = "0s"
inbox.rescan = "1s"
send = {{ retry_min = "1s", retry_max = "1s" }}
log = {{ format = "json" }}
chats.default = "me"
"""


def powerless() -> tuple[str, ...]:
    """What goes before a command that is to respect the rights of files."""
    before = _POWERLESS if os.geteuid() == 0 else ()
    if before and subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root cannot be made to respect the rights of files here")
    return before


class Process:
    """The daemon as a process, over the folder destination."""

    def __init__(self, directory: Path, *before: str, more: str = "") -> None:
        self.root = directory / "spool"
        self.inbox = self.root / "inbox"
        self.log = directory / "log"
        (directory / "config.toml").write_text(_SETTINGS.format(root=self.root) + more)
        command = [*before, sys.executable, "-m", "telespool.cli.main", "run"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "-c", str(directory / "config.toml")],
                cwd=directory,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def said(self) -> list[dict[str, str]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    @property
    def posts(self) -> list[Path]:
        """The photos and videos that arrived."""
        posts = self.root.with_name("spool-posts") / "default"
        return sorted(path for ending in ("jpg", "mp4") for path in posts.glob(f"*/*.{ending}"))

    @property
    def all_posts(self) -> list[Path]:
        """The photos that arrived in any chat."""
        posts = self.root.with_name("spool-posts")
        return [path for path in posts.glob("[a-z]*/*/*.jpg") if path.parent.name != "previews"]

    @property
    def posted(self) -> Counter[bytes]:
        """Their contents."""
        return Counter(path.read_bytes() for path in self.posts)


@contextlib.contextmanager
def process(directory: Path, *before: str, more: str = "") -> Iterator[Process]:
    """The daemon at work while the `with` lasts, with `more` settings; then it is killed."""
    house = Process(directory, *before, more=more)
    try:
        yield house
    finally:
        kill(house.process.pid)
        house.process.wait()
