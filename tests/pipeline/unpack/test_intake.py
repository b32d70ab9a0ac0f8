"""Drops that cannot be unpacked now: how long they wait, and when they are given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telespool.config import loader
from telespool.errors import ChildDied, Permanent, Temporary, ToolFault, Unreadable
from telespool.observe.progress import Activity
from telespool.pipeline.unpack.intake import Intake
from telespool.pipeline.worker import WorkerContext
from telespool.runtime.wakeups import WakeupBus
from tests.jobs import DAY, job_name
from tests.laying import JOB, entry_at, lay

if TYPE_CHECKING:
    from telespool.spool import Spool


def intake(spool: Spool) -> Intake:
    """The one of this spool, without a 7-Zip."""
    text = (
        f'[spool]\nroot = "{spool.root}"\n[chats]\nfamily = "@family"\n[send]\nmax_age = "1 day"\n'
    )
    context = WorkerContext(loader.parse(text, "config.toml"), spool, WakeupBus(), Activity())
    return Intake(context, None)


@pytest.mark.parametrize(
    ("error", "ago", "attempt", "said"),
    [
        (Unreadable("It cannot be read."), 2 * DAY, 1, "Move it back to incoming/ when it is."),
        (ChildDied("7-Zip was killed."), 60, 9, "That happened 9 times"),
    ],
)
async def test_what_is_given_up(
    spool: Spool, error: Temporary, ago: float, attempt: int, said: str
) -> None:
    """What nobody can read for too long, or what kills its child again and again."""
    spool.uptime = lambda: 9e9
    drop = lay(spool, f"incoming/0000@{attempt}_a.zip", job_name("family_a", ago=ago))
    with pytest.raises(Permanent, match=said):
        await intake(spool).put_off(drop, error)


@pytest.mark.parametrize(
    "error",
    [
        Unreadable("It cannot be read."),
        ToolFault("7-Zip does not work.", tool="7-Zip", retry_after=5.0),
        ChildDied("7-Zip was killed."),
    ],
)
async def test_what_waits(spool: Spool, error: Temporary) -> None:
    """It is told, until its time comes or a person says so."""
    found = intake(spool)
    await found.put_off(lay(spool, "incoming/0000@1_a.zip"), error)
    waits = found.context.activity.waits
    (wait,) = waits.now(spool.clock())
    assert (wait.scope, wait.whom) == ("job", JOB)
    for _ in range(2):
        found.try_again(JOB)
        assert waits.now(spool.clock()) == []


async def test_a_drop_that_vanishes(spool: Spool) -> None:
    """It is passed over; nothing else is looked for before the queue is empty."""
    found = intake(spool)
    found._incoming.clear()
    found._row = [entry_at(spool, "incoming/0000_gone.zip")]
    assert await found.step() > 0
    assert found._row == []
