"""Jobs whose chat is not in the configuration (any more): they wait untouched until one is loaded that has it.

Their own rules stand in the table of the chat, so nothing of them is unpacked, put together, converted or sent by
others: intake, converter and gatherer leave them where they are, and the uploader puts what lies in uploading/ into
deferred/, so that nobody waits behind it. A service never changes its configuration: a start and a reload look at
everything anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from telespool.config.absent_chat import absent_chat
from telespool.runtime.cancellation import in_thread
from telespool.runtime.throttle import Throttle
from telespool.runtime.waits import Wait
from telespool.spool.layout import WORKING

if TYPE_CHECKING:
    from telespool.config.schema import Config
    from telespool.pipeline.send_queue import SendQueue
    from telespool.runtime.waits import Waits
    from telespool.runtime.wakeups import WakeupBus
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

log = structlog.get_logger()

_NAME = "chats"
_LOOK_AGAIN = 60.0
_LEAST = 0.5


def first_with_chat(
    queue: SendQueue, spool: Spool, config: Config, *, changed: bool
) -> Entry | None:
    """The unit to send next; those before it whose chat is absent are put aside, as they are. Blocks."""
    entry = queue.first(changed)
    while entry is not None and entry.chat not in config.chats and not queue.conflicts:
        # Looked at again at a start, whatever the time says; until then `deferred/` keeps it.
        spool.wait(entry, spool.clock() + config.send.retry_max)
        queue.forget(entry)
        entry = queue.first(changed=False)
    return entry


class AbsentChats:
    """Tells, as waits of the chats, that jobs wait for the configuration."""

    def __init__(self, spool: Spool, config: Config, waits: Waits) -> None:
        self._spool = spool
        self._config = config
        self._waits = waits

    async def keep(self, wakeups: WakeupBus) -> None:
        """Tell what changes until cancelled."""
        wakeup = wakeups.listen(WORKING)
        pace = Throttle(_LEAST)
        while True:
            wakeup.clear()
            # Where a folder may not be read, the workers tell of it; what was told stands.
            with pace, contextlib.suppress(OSError):
                self._tell({*await in_thread(self._spool.without_chat, self._config.chats)})
            await wakeup.wait(_LOOK_AGAIN)
            await asyncio.sleep(pace.left())

    def _tell(self, aliases: set[str]) -> None:
        told = {wait.whom for wait in self._waits.begun_by(_NAME)}
        for alias in sorted(aliases - told):
            error = absent_chat(alias)
            self._waits.begin(_NAME, Wait(error.reason, None, "chat", alias, error.kind))
            log.warning("wait.started", scope="chat", chat=alias, reason=error.reason)
        for alias in told - aliases:
            self._waits.end(_NAME, alias)
