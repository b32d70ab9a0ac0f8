"""Random drops with kills and late arrivals, of which every file is accounted for (more of them: scripts/account-test)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.account import account

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", [1, 2])
def test_every_file_is_accounted_for(tmp_path: Path, seed: int) -> None:
    """Nothing is lost, nothing comes twice, and what was not sent is kept and named."""
    result = account(6, seed, tmp_path)
    assert result.good, (result.lost, result.twice, result.unexplained)
    assert result.files > 6
