"""What the worker says of what it forgets, and of what it dares not to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from telespool.config import loader
from telespool.observe.progress import Activity
from telespool.pipeline.forget import retention as retention_module
from telespool.pipeline.forget.retention import Retention
from telespool.pipeline.worker import WorkerContext
from telespool.runtime.wakeups import WakeupBus
from tests.jobs import DAY, job_name
from tests.laying import lay_file

if TYPE_CHECKING:
    import pytest

    from telespool.spool import Spool


async def test_a_clock_that_is_doubted(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said once; nothing is forgotten."""
    job = job_name(ago=400 * DAY)
    lay_file(spool, "done/0000_a.zip", job=job)
    spool.uptime = lambda: 60.0
    config = loader.parse(f'[spool]\nroot = "{spool.root}"\n', "config.toml")
    retention = Retention(WorkerContext(config, spool, WakeupBus(), Activity()))
    said: list[str] = []
    saying = SimpleNamespace(warning=lambda event, **_: said.append(event))
    monkeypatch.setattr(retention_module, "log", saying)
    for _ in range(2):
        assert await retention.step() > 60
    assert said == ["retention.clock_doubted"]
    assert spool.jobs("done") == [job]
