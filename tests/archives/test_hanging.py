"""A 7-Zip that hangs: the archive is blamed only where the sample passes."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from telespool.archives import engine, known_good
from telespool.config.schema import ArchiveSettings
from telespool.errors import ToolFault
from telespool.runtime.tool_health import HEALTH
from tests.archives.reading import read

if TYPE_CHECKING:
    from pathlib import Path


async def test_seven_zip_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is suspected before the archive's own time is over, fails its sample, and the archive waits for it."""
    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    monkeypatch.setattr(known_good, "_TIMEOUT", 1.0)
    real = shutil.which("7zz") or shutil.which("7z")
    program = tmp_path / "7zz"
    program.write_text(f'#!/bin/sh\n[ "$1" = i ] && exec "{real}" i\nexec sleep 1000\n')
    program.chmod(0o755)
    path = tmp_path / "holiday.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.jpg", b"\xff\xd8\xff" * 1000)
    HEALTH.reset()
    try:
        with pytest.raises(ToolFault, match="7-Zip does not work on this machine"):
            await read(path, settings=ArchiveSettings(command=(str(program),)))
    finally:
        HEALTH.reset()
