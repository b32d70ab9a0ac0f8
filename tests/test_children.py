"""Children: groups of their own, and the session that decides whom niceness speaks to."""

from __future__ import annotations

import os

import pytest

from daemon import children


@pytest.mark.parametrize("nice", [0, 5])
async def test_groups_and_sessions(nice: int) -> None:
    """Every child leads a group of its own; who is nice stays in our session, where that means something."""
    process = await children.start(["sleep", "60"], limits=children.Limits(nice=nice))
    try:
        assert os.getpgid(process.pid) == process.pid
        assert (os.getsid(process.pid) == os.getsid(0)) == bool(nice)
    finally:
        await children.end(process)
    assert process.returncode == -9
