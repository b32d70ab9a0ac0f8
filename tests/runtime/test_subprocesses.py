"""Children: groups of their own, the session that decides whom niceness speaks to, and an end in any state."""

from __future__ import annotations

import asyncio
import os

import pytest

from telespool.errors import Permanent
from telespool.runtime import subprocesses
from tests.patience import longest


@pytest.mark.parametrize("nice", [0, 5])
async def test_groups_and_sessions(nice: int) -> None:
    """Every child leads a group of its own; who is nice stays in our session, where that means something."""
    process = await subprocesses.start(["sleep", "60"], limits=subprocesses.ChildLimits(nice=nice))
    try:
        assert os.getpgid(process.pid) == process.pid
        assert (os.getsid(process.pid) == os.getsid(0)) == bool(nice)
    finally:
        await subprocesses.end(process)
    assert process.returncode == -9


async def test_a_child_that_nobody_reads_can_be_ended() -> None:
    """Output that fills every buffer does not keep the end from being noticed."""
    process = await subprocesses.start(["yes"])
    assert process.stdout is not None
    while not process.stdout._paused:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    async with asyncio.timeout(longest(60)):
        await subprocesses.end(process)
    assert process.returncode == -9


async def test_what_a_child_puts_out_is_bounded() -> None:
    """Of what it complains the end is kept, however much it is; who answers without an end is ended."""
    flood = "head -c 300000000 /dev/zero >&2; echo over >&2; echo done; exit 3"
    code, out, err = await subprocesses.output(["sh", "-c", flood])
    assert (code, out) == (3, b"done\n")
    assert err.endswith(b"over\n")
    assert len(err) <= 1 << 16
    with pytest.raises(Permanent, match="yes put out more than 1 MiB"):
        await subprocesses.output(["yes"], most=1 << 20)
    assert await subprocesses.output(["cat"], data=b"x" * 300_000) == (0, b"x" * 300_000, b"")
    assert await subprocesses.output(["true"], data=b"x" * 300_000) == (0, b"", b"")
