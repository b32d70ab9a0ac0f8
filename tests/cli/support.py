"""A spool made by hand, and a command run in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from telespool.cli import main
from telespool.spool.layout import FOLDERS
from tests.jobs import job_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

JOB = job_name(ago=3600)


@dataclass(frozen=True)
class Spool:
    """A spool with a configuration that names it, without a daemon."""

    directory: Path

    @property
    def root(self) -> Path:
        """The spool itself."""
        return self.directory / "spool"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.directory / "config.toml"

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files below the spool."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def lying(self) -> set[str]:
        """All files of the working folders, done and quarantine."""
        paths = (path for folder in FOLDERS for path in (self.root / folder).rglob("*"))
        return {str(path.relative_to(self.root)) for path in paths if path.is_file()}


def make(directory: Path, files: Mapping[str, bytes] | None = None, more: str = "") -> Spool:
    """A spool with these files."""
    spool = Spool(directory)
    for folder in (*FOLDERS, "inbox", "tmp"):
        (spool.root / folder).mkdir(parents=True)
    spool.put(files or {})
    text = (
        f'[spool]\nroot = "{spool.root}"\nreserve = "0 B"\n[chats]\ndefault = "me"\nfamily = "me"\n'
    )
    spool.config.write_text(text + more)
    return spool


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output, read as JSON."""
        return json.loads(self.out)


def telespool(
    capsys: pytest.CaptureFixture[str], config: Path, command: str, *arguments: str | Path
) -> Said:
    """`telespool COMMAND -c CONFIG ARGUMENTS` in this process."""
    capsys.readouterr()
    before = structlog.get_config()
    code = main.main([command, "-c", str(config), *map(str, arguments)])
    structlog.configure(**before)  # the command has set up its own
    out, err = capsys.readouterr()
    return Said(code, out, err)
