"""Units that could not be sent for too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from telespool.config import loader
from telespool.errors import NoRoom, Permanent, Temporary
from telespool.observe.progress import Activity
from telespool.pipeline.send.uploader import Uploader
from telespool.pipeline.worker import WorkerContext
from telespool.runtime.wakeups import WakeupBus
from tests.jobs import DAY, job_name
from tests.laying import lay

if TYPE_CHECKING:
    from telespool.destinations.base import Destination
    from telespool.spool import Spool


async def test_what_is_too_old(spool: Spool) -> None:
    """It is given up with its last reason; a wait for room, which is the machine's, is none."""
    text = f'[spool]\nroot = "{spool.root}"\n[send]\nmax_age = "1 day"\n'
    context = WorkerContext(loader.parse(text, "config.toml"), spool, WakeupBus(), Activity())
    uploader = Uploader(context, cast("Destination", None))
    spool.uptime = lambda: 9e9
    entry = lay(spool, "uploading/0001@1_a.jpg", job_name("family_a", ago=3 * DAY))
    with pytest.raises(
        Permanent, match=r"could not be sent for 3 days; the last reason was: Busy\."
    ):
        await uploader.put_off(entry, Temporary("Busy.", scope="unit"))
    assert entry.path.exists()
    await uploader.put_off(entry, NoRoom("It is full.", needed=2, free=1))
    assert [str(each.unit) for each in spool.all_units("quarantine")] == []
