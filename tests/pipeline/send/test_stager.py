"""What was brought ahead, and what becomes of it when it fails, or is not wanted any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from telespool.config import loader
from telespool.errors import LivePhotoRefused, Permanent
from telespool.observe.progress import Activity
from telespool.pipeline.send import stager as stager_module
from telespool.pipeline.send.stager import Stager
from telespool.pipeline.worker import WorkerContext
from telespool.runtime.wakeups import WakeupBus
from tests.laying import lay

if TYPE_CHECKING:
    from telespool.destinations.base import Destination
    from telespool.pipeline.send.prepare import Preparer
    from telespool.spool import Spool


class _Empty:
    """A destination that can be asked, and has nothing."""

    async def stored(self, *_: object) -> dict[int, object]:
        """Nothing."""
        return {}

    async def find(self, *_: object) -> None:
        """Nothing."""

    async def piece(self, *_: object) -> bytes:
        """Nothing."""
        return b""


class _Refusing:
    """A preparer for whom no file has any form."""

    async def forms(self, *_: object) -> Any:
        """Refuse."""
        for _ in ():
            yield
        raise Permanent("It is broken.")


def stager(spool: Spool) -> Stager:
    """One of this spool."""
    config = loader.parse(f'[spool]\nroot = "{spool.root}"\n', "config.toml")
    context = WorkerContext(config, spool, WakeupBus(), Activity())
    place, preparing = cast("Destination", _Empty()), cast("Preparer", _Refusing())
    return Stager(context, place, preparing, lambda: None)


async def test_what_was_brought_ahead(spool: Spool) -> None:
    """Nothing where it was not, or failed; a stop meanwhile breaks it off."""
    found, entry = stager(spool), lay(spool, "uploading/0001_a.jpg")
    key = stager_module._key(entry)
    assert await found.brought(entry) is None

    async def fails() -> Any:
        raise FileNotFoundError

    found._tasks[key] = asyncio.create_task(fails())
    assert await found.brought(entry) is None

    async def never() -> Any:
        await asyncio.Event().wait()

    task = found._tasks[key] = asyncio.create_task(never())
    asking = asyncio.create_task(found.brought(entry))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert task.cancelled()


async def test_what_cannot_be_prepared(spool: Spool) -> None:
    """The file is refused; of a live photo only that it goes as one. What was posted before is looked for."""
    found = stager(spool)
    entry, clip = lay(spool, "uploading/0001@2_a.jpg"), lay(spool, "uploading/0002~0001_a.mov")
    unit = await found.bring(entry)
    (error,) = unit.refused.values()
    assert type(error) is Permanent
    assert await found.posted_before(entry, unit) == {}
    refused = await found._stage(entry, entry, clip, unit.activity, None)
    assert isinstance(refused, LivePhotoRefused)
    await found.close()
