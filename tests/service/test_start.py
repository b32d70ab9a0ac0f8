"""What is said where the machine does not let the service start."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from telespool.errors import Temporary
from telespool.service.start import machine_trouble_told

if TYPE_CHECKING:
    from pathlib import Path


async def test_trouble_at_a_start_is_a_sentence(tmp_path: Path) -> None:
    """Whatever the kernel says ends it as what may pass: with the words, the file, and where to look."""
    with pytest.raises(Temporary) as told:
        async with machine_trouble_told(tmp_path):
            raise OSError(errno.EIO, "Input/output error", str(tmp_path / "done"))

    assert told.value.reason == (
        f"Telespool cannot start now: the disk reports an error ({tmp_path / 'done'})."
        " telespool doctor looks at all of it."
    )
    assert told.value.exit_code == 75
