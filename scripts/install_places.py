"""Where an installation puts things, and which version it is. For scripts/install."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where things go; every path as the running program will see it, before any --prefix."""

    program: Path
    command: Path
    units: Path
    links: Path
    share: Path
    configuration: Path
    spool: Path
    state: Path
    sysusers: Path | None = None
    tmpfiles: Path | None = None

    @classmethod
    def of_the_machine(cls, program: Path) -> Places:
        """For everybody, as root."""
        return cls(
            program=program,
            command=Path("/usr/local/bin/telespool"),
            units=Path("/usr/local/lib/systemd/system"),
            links=Path("/etc/systemd/system"),
            share=Path("/usr/local/share"),
            configuration=Path("/etc/telespool"),
            spool=Path("/var/spool/telespool"),
            state=Path("/var/lib/telespool"),
            sysusers=Path("/usr/local/lib/sysusers.d/telespool.conf"),
            tmpfiles=Path("/usr/local/lib/tmpfiles.d/telespool.conf"),
        )

    @classmethod
    def of_a_user(cls) -> Places:
        """For one person, below their home."""
        home = Path.home()
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
        configuration = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        state = Path(os.environ.get("XDG_STATE_HOME") or home / ".local/state")
        return cls(
            program=data / "telespool",
            command=home / ".local/bin/telespool",
            units=configuration / "systemd/user",
            links=configuration / "systemd/user",
            share=data,
            configuration=configuration / "telespool",
            spool=home / "Telespool",
            state=state / "telespool",
        )

    def files(self, source: Path, *, user: bool) -> dict[Path, Path]:
        """Give the files outside the program's directory: where each belongs, and what it is made from."""
        wanted: dict[Path, Path] = {}
        if user:
            wanted[self.units / "telespool.service"] = source / "systemd/user/telespool.service"
        else:
            for unit in (source / "systemd").glob("telespool*.*"):
                wanted[self.units / unit.name] = unit
        if self.sysusers and self.tmpfiles:
            wanted[self.sysusers] = source / "systemd/sysusers.conf"
            wanted[self.tmpfiles] = source / "systemd/tmpfiles.conf"
        for page in (source / "docs/man").glob("*.[1-8]"):
            wanted[self.share / f"man/man{page.suffix[1:]}" / page.name] = page
        for shell, name in (
            ("bash-completion/completions", "telespool.bash"),
            ("zsh/site-functions", "_telespool"),
            ("fish/vendor_completions.d", "telespool.fish"),
        ):
            if (file := source / "completions" / name).exists():
                wanted[self.share / shell / name.removesuffix(".bash")] = file
        return wanted


def version_of(source: Path) -> str:
    """The version's number and a digest of everything that is installed: the same source, the same name."""
    files = [source / "pyproject.toml", source / "config.example.toml"]
    for directory in ("daemon", "systemd", "docs/man", "completions"):
        files += sorted((source / directory).rglob("*"))
    digest = hashlib.sha256()
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(source)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    text = (source / "daemon/telespool/__init__.py").read_text()
    [number] = re.findall(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    return f"{number}-{digest.hexdigest()[:8]}"


def move_venv(made: Path, final: Path) -> None:
    """Let the programs of a virtual environment start where it will lie, not where it was made."""
    for program in (made / "bin").iterdir():
        if program.is_file() and not program.is_symlink():
            with contextlib.suppress(UnicodeDecodeError):
                program.write_text(program.read_text().replace(str(made), str(final)))
