"""Unpacking what may be hostile, with an eye on the world around."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from telespool.archives.unpack_to_folder import Result, unpack
from telespool.config.schema import ArchiveSettings
from tests.archives import making

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = {"a/IMG_1.JPG": making.noise(30_000, "1"), "z/IMG_2.JPG": making.noise(30_000, "2")}


async def unpacked(
    path: Path, settings: ArchiveSettings | None = None, *passwords: str
) -> tuple[Result, dict[str, bytes]]:
    """Unpack into a directory and look at the whole world around it."""
    target = path.parent / "out"
    before = set(_world(path.parent)) | {"out"}
    try:
        result = await unpack(path, target, passwords, settings or ArchiveSettings())
    finally:
        inside = {name for name in _world(path.parent) if name.startswith("out")}
        assert set(_world(path.parent)) - inside == before - {"out"} - inside
        for name in inside:
            entry = path.parent / name
            assert not entry.is_symlink()
            assert entry.is_dir() or entry.stat().st_nlink == 1
            unwanted = (
                0o7000 if entry.is_dir() else 0o7111
            )  # which x a directory has is the umask's
            assert not entry.stat().st_mode & unwanted
    files = {p.name: p.read_bytes() for p in target.rglob("*") if p.is_file()}
    assert len(files) == result.files
    return result, files


def _world(folder: Path) -> Iterator[str]:
    for base, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield os.path.relpath(os.path.join(base, name), folder)  # noqa: PTH118
