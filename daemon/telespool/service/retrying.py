"""End waits for `telespool retry`: what was put right is tried at once, and what goes on waiting is told.

The command has moved the units that waited by themselves; here is what they, or all of a chat, wait for beside that:
the chat, its topic, the account, the network, a program, the next try of a drop or of a conversion.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from telespool.runtime.tool_health import HEALTH
from telespool.spool.names import Job

if TYPE_CHECKING:
    from telespool.runtime.waits import Wait
    from telespool.service.service import Service

_OF_UNITS = {"album", "person"}  # waits that the command ends by moving the units


def order(job: str) -> str:
    """Return the order for the running daemon."""
    return "retry " + json.dumps(job)


class Retrier:
    """Carries out `retry` in the daemon."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, argument: str) -> dict[str, Any]:
        """End the waits of the job that the order names; return those that were ended, and those that last."""
        job = str(json.loads(argument))
        before = self._waits(job)
        HEALTH.hasten()
        self._service.connect_now.ring()
        for worker in self._service.workers:
            worker.try_again(job)
        after = self._waits(job)
        return {
            "ended": [wait.to_json() for wait in before if wait not in after],
            "lasting": [wait.to_json() for wait in after if wait.scope != "unit"],
        }

    def _waits(self, job: str) -> list[Wait]:
        parsed = Job.parse(job)
        chat, place = (parsed.chat, parsed.place) if parsed else ("", "")
        now = self._service.spool.clock()
        return [
            wait
            for wait in self._service.activity.waits.now(now)
            if wait.kind not in _OF_UNITS
            and (wait.concerns(job, chat, place) or (wait.scope, wait.kind) == ("worker", "disk"))
        ]
