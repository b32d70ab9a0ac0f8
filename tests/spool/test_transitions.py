"""The spool: how it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.errors import ConfigError
from telespool.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("part", ["", "inbox", "done"])
def test_wrong_place(tmp_path: Path, part: str) -> None:
    """Where a folder cannot be made, the sentence names the key, the place and the reason."""
    place = tmp_path / "spool" / part
    place.parent.mkdir(exist_ok=True)
    place.write_text("a file stands in the way")

    with pytest.raises(ConfigError, match=f"spool.root: {place} cannot be made or written"):
        Spool(tmp_path / "spool").open()
