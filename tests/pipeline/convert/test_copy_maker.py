"""Copies of what does not play everywhere: how large one may be, and what is removed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.destinations.base import ANY_ACCOUNT
from telespool.errors import Temporary
from telespool.observe.progress import Activity
from telespool.pipeline.convert.copy_maker import CopyMaker
from telespool.pipeline.convert.helping import Helping
from telespool.pipeline.worker import WorkerContext
from telespool.runtime import plain_files
from telespool.runtime.wakeups import WakeupBus
from tests.laying import lay

if TYPE_CHECKING:
    from telespool.spool import Spool


async def test_the_limit_of_a_message(spool: Spool) -> None:
    """What every account may send, where nobody can be asked now."""
    config = loader.parse(f'[spool]\nroot = "{spool.root}"\n', "config.toml")

    async def nobody() -> int:
        raise Temporary("The network is away.")

    context = WorkerContext(config, spool, WakeupBus(), Activity(), limit=nobody)
    assert await CopyMaker(context, Helping(context.activity)).limit() == ANY_ACCOUNT


async def test_what_was_made_of_another_stays(spool: Spool) -> None:
    """What is removed from tmp/ was made of this original, not of one whose number only begins alike."""
    config = loader.parse(f'[spool]\nroot = "{spool.root}"\n', "config.toml")
    context = WorkerContext(config, spool, WakeupBus(), Activity())
    original = lay(spool, "converting/1000_a.avi")
    others = [f"{original.job}.{name}" for name in ("1000-1009_album", "1000001c.mp4", "0100c.mp4")]
    for name in (f"{original.job}.1000c.mp4", f"{original.job}.1000.pages", *others):
        (spool.tmp / name).mkdir()
    CopyMaker(context, Helping(context.activity)).drop_made(original)
    assert set(plain_files.names(spool.tmp)) == set(others)
    original.path.unlink()
