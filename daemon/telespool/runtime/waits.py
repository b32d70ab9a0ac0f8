"""Who waits, for what, and until when: one kind of value for every wait, so that `status` can show all of them.

    waits.begin("intake", Wait("holiday.zip needs 2.0 GiB, 1.1 GiB are free", kind="room", scope="job", whom=job))
    waits.end("intake", job)
    waits.now(time.time())            # what `telespool status`, the metrics and the status line read

A wait is begun by the worker that waits and ended by it; a wait with a time ends by itself when that has come. It
lives in memory: what must outlive the process is in the names and times of the files. Calls are safe from any thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from telespool.errors import WaitKind

WaitScope = Literal["all", "chat", "topic", "worker", "job", "unit", "drop"]

EVERYBODY = "*"
LASTING: frozenset[WaitKind] = frozenset({"hours", "flood", "room"})
"""Waits that nobody can end by asking: the configuration's hours and pace, what Telegram ordered, room on the disk."""
_SWEEP = 1000  # waits at which those that are over are forgotten


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait. `reason` is a sentence for people.

    `until` and `since` are in seconds since the epoch; without `until` it lasts until what it waits for has come.
    `whom` is the alias of the chat, CHAT/TOPIC ("CHAT/" outside the folders of topics), the name of the worker, JOB,
    JOB/UNIT, or of a drop in the inbox, as `scope` says; EVERYBODY for "all".
    """

    reason: str
    until: float | None = None
    scope: WaitScope = "all"
    whom: str = EVERYBODY
    kind: WaitKind = "network"
    since: float = field(default_factory=time.time)

    def is_over(self, now: float) -> bool:
        """Whether its time has come."""
        return self.until is not None and self.until <= now

    def concerns(self, job: str, chat: str = "", place: str = "") -> bool:
        """Whether this job, which goes to `chat` and its topic `place`, waits with it."""
        match self.scope:
            case "job" | "unit":
                return self.whom.partition("/")[0] == job
            case "chat" | "topic":
                return self.whom in {chat, place}
            case _:
                return self.scope == "all"

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """Return what `to_json` made, of another version as well: keys that are not known here are passed over."""
        return cls(**{each.name: told[each.name] for each in fields(cls) if each.name in told})

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "kind": self.kind,
            "scope": self.scope,
            "whom": self.whom,
            "since": self.since,
            "until": self.until,
            "reason": self.reason,
        }


class Waits:
    """All waits of this moment, by the worker that waits and by whom it concerns."""

    def __init__(self) -> None:
        self._waits: dict[tuple[str, str], Wait] = {}
        self._sweep = _SWEEP

    def begin(self, worker: str, wait: Wait) -> None:
        """From now on this worker waits; where it did so before, since then."""
        before = self._waits.get((worker, wait.whom))
        if before is not None and before.kind == wait.kind and not before.is_over(wait.since):
            wait = replace(wait, since=before.since)
        self._waits[worker, wait.whom] = wait
        if len(self._waits) >= self._sweep:
            over = [key for key, each in list(self._waits.items()) if each.is_over(wait.since)]
            for key in over:
                self._waits.pop(key, None)
            self._sweep = max(_SWEEP, 2 * len(self._waits))

    def end(self, worker: str, whom: str | None = None) -> None:
        """This worker waits no more for the sake of `whom`; without one, for nobody's."""
        keys = [(worker, whom)] if whom is not None else list(self._waits)
        for key in keys:
            if key[0] == worker:
                self._waits.pop(key, None)

    def end_of(self, worker: str, job: str) -> None:
        """This worker waits no more for the sake of a job or of a unit in it."""
        for wait in self.begun_by(worker):
            if wait.scope in {"job", "unit"} and wait.concerns(job):
                self.end(worker, wait.whom)

    def of(self, worker: str, whom: str) -> Wait | None:
        """The wait that this worker began for the sake of `whom`."""
        return self._waits.get((worker, whom))

    def begun_by(self, worker: str) -> list[Wait]:
        """Those that this worker began."""
        return [wait for (by, _), wait in list(self._waits.items()) if by == worker]

    def now(self, now: float) -> list[Wait]:
        """Those that are not over, the longest first."""
        waits = [wait for wait in list(self._waits.values()) if not wait.is_over(now)]
        return sorted(waits, key=lambda wait: wait.since)
