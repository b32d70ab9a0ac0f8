"""Opening an archive in a test and looking at everything that comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telespool.archives import Archive, Engine
from telespool.config.schema import ArchiveSettings

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Outcome:
    """What came out, by the archive's own names, and what did not."""

    archive: Archive
    files: dict[str, bytes] = field(default_factory=dict)
    damage: dict[str, str] = field(default_factory=dict)


async def read(
    path: Path, *passwords: str, settings: ArchiveSettings | None = None, everything: bool = False
) -> Outcome:
    """Open and extract; every file is looked at on the disk, where nothing else may lie."""
    engine = await Engine.find(settings or ArchiveSettings())
    archive = await engine.open(path, passwords, everything=everything)
    directory = path.with_name(f"{path.name}.out")
    directory.mkdir()
    outcome = Outcome(archive)
    async for piece in archive.extract(directory):
        if piece.path is not None:
            assert piece.path.parent == directory
            assert piece.path.is_file()
            assert not piece.path.is_symlink()
            outcome.files[piece.member.name] = piece.path.read_bytes()
        else:
            outcome.damage[piece.member.name] = piece.damage or ""
    assert len(list(directory.rglob("*"))) == len(outcome.files)
    return outcome


def write(path: Path, data: bytes) -> Path:
    """The archive of these bytes."""
    path.write_bytes(data)
    return path
