"""Whatever reads or copies for long ends when whoever waits for it is cancelled."""

from __future__ import annotations

import contextvars
import os
from typing import TYPE_CHECKING

import pytest

from telespool.media import raw_preview, split_raw
from telespool.runtime import hashing, trees
from telespool.runtime.broken_off import END, BrokenOff, End
from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORK: dict[str, Callable[[Path, Path], object]] = {
    "hash": lambda file, _: hashing.digest_now(file),
    "copy": lambda file, other: FileOps().copy(file, other),
    "split": lambda file, other: split_raw.cut(file, other, 5 << 20),
    "photo inside a raw": lambda file, _: raw_preview.find(file),
    "walk": lambda file, _: list(trees.walk(file.parent)),
}


@pytest.mark.parametrize("work", WORK)
def test_it_is_broken_off(tmp_path: Path, work: str) -> None:
    """Each asks whether it is to end, before it has read or copied all."""
    file = tmp_path / "large"
    file.touch()
    os.truncate(file, 32 << 20)
    end = End()
    end.is_set = True

    def ended() -> None:
        END.set(end)
        with pytest.raises(BrokenOff):
            WORK[work](file, tmp_path / "other")

    contextvars.copy_context().run(ended)
