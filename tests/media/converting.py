"""Converting one video in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.media.convert import convert
from telespool.runtime.gate import PauseGate

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.config.schema import ConvertSettings
    from telespool.media.convert import Outcome


async def run(source: Path, folder: Path, settings: ConvertSettings, **more: object) -> Outcome:
    """Convert into `folder`/out.mp4."""
    options: dict[str, object] = {"gate": PauseGate(), "state": folder / "state", **more}
    return await convert(source, folder / "out.mp4", settings=settings, **options)  # type: ignore[arg-type]
