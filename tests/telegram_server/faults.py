"""Scripted misbehaviour: what goes wrong, in which call, for which file, how often.

    telegram.faults.add("sendMedia", error=(400, "MEDIA_INVALID"), file="clip.avi")
    telegram.faults.add("upload.saveBigFilePart", nth=20, drop="after")
    telegram.faults.add("sendMultiMedia", omit=(2,), omitted_are_posted=False)

Waits that were told to a client (FLOOD_WAIT_9, SLOWMODE_WAIT_30 …) are remembered by `Waits` and enforced: who
comes back early is refused again and noted in `violations`.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.patience import busy

from .wire import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from .records import Call

Drop = Literal["before", "after", "answer"]
Hang = Literal["before", "after"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """One misbehaviour, on the nth to (nth + times - 1)-th call that matches.

    `method` is a name as the documentation writes it, with or without its namespace, or `upload.*`, or `*`.
    `times=None` is for ever. `drop`: the connection is reset before the request is carried out, after it,
    or in the middle of the answer. `hang`: nothing is ever answered, the request being carried out before
    that or not. `delay`: seconds during which the request runs. `omit`: places in an album that are left
    out of the answer. A bad day: `share` is the part of the matching calls that is struck, by chance, and `seconds` how long
    it lasts. `do` is called when the fault strikes, before anything else happens. The other fields
    choose the call: `file` is a name or a SHA-256.
    """

    method: str
    nth: int = 1
    times: int | None = 1
    error: tuple[int, str] | None = None
    drop: Drop | None = None
    hang: Hang | None = None
    delay: float = 0.0
    omit: tuple[int, ...] = ()
    omitted_are_posted: bool = True
    file: str | None = None
    file_id: int | None = None
    part: int | None = None
    chat: str | None = None
    random_id: int | None = None
    account: int | None = None
    where: Callable[[Any], bool] | None = None
    do: Callable[[], object] | None = None
    share: float = 1.0
    seconds: float | None = None
    begun: float = field(default_factory=time.monotonic)
    chance: random.Random = field(default_factory=lambda: random.Random(16))
    seen: int = 0
    hits: int = 0

    def matches(self, call: Call, request: Any) -> bool:
        """Whether this call is one of those the fault is about."""
        return (
            names_method(self.method, call.name)
            and (self.file is None or self.file in call.files or self.file in call.digests)
            and self.file_id in {None, call.file_id}
            and self.part in {None, call.part}
            and self.chat in {None, call.chat}
            and (self.random_id is None or self.random_id in call.random_ids)
            and self.account in {None, call.account}
            and (self.where is None or self.where(request))
            and (self.seconds is None or time.monotonic() < self.begun + self.seconds)
            and (self.share >= 1.0 or self.chance.random() < self.share)
        )


def names_method(pattern: str, name: str) -> bool:
    """Whether `sendMedia`, `messages.sendMedia`, `messages.*` or `*` means this method."""
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return pattern in {name, name.rpartition(".")[2]}


class Faults:
    """All scripted misbehaviour of one server."""

    def __init__(self) -> None:
        self.scripted: list[Fault] = []

    def add(self, method: str, **how: Any) -> Fault:
        """Script one misbehaviour; see `Fault`. `hang=True` means before."""
        if how.get("hang") is True:
            how["hang"] = "before"
        if how.get("error") is not None:
            how["error"] = tuple(how["error"])
        how["omit"] = tuple(how.get("omit", ()))
        fault = Fault(method=method, **how)
        self.scripted.append(fault)
        return fault

    def refuse(
        self,
        file: str,
        error: str = "MEDIA_INVALID",
        *,
        code: int = 400,
        at: str = "uploadMedia",
        times: int | None = None,
    ) -> Fault:
        """Refuse one file, by name or SHA-256, whenever it comes to this method."""
        return self.add(at, file=file, error=(code, error), times=times)

    def clear(self) -> None:
        """From now on everything works."""
        self.scripted.clear()

    def hit(self, call: Call, request: Any) -> list[Fault]:
        """The faults that strike this call; it is counted."""
        struck = []
        for fault in self.scripted:
            if fault.matches(call, request):
                fault.seen += 1
                if fault.seen >= fault.nth and (
                    fault.times is None or fault.seen < fault.nth + fault.times
                ):
                    fault.hits += 1
                    struck.append(fault)
                    if fault.do is not None:
                        fault.do()
        return struck


@dataclass(frozen=True, slots=True)
class Violation:
    """Something a well-behaved client does not do."""

    rule: str
    method: str
    early: float = 0.0


_WAIT = re.compile(r"(?P<kind>FLOOD_WAIT|FLOOD_PREMIUM_WAIT|SLOWMODE_WAIT)_(?P<seconds>\d+)")


class Waits:
    """The waits that were told to clients, until they are over."""

    def __init__(self) -> None:
        self.grace = 0.25
        """Requests that were on their way when the wait was told are refused, but nobody is blamed."""
        self._until: dict[tuple[object, ...], tuple[float, float]] = {}

    def told(self, call: Call, name: str) -> None:
        """Remember a wait that is being answered to this call; other errors are none."""
        match = _WAIT.fullmatch(name)
        if match:
            current = time.monotonic()
            scope = _scope(call, match["kind"])
            self._until[scope] = (current + int(match["seconds"]), current)

    def check(self, call: Call, rtt: float) -> None:
        """Raise TooEarly for a call that comes before its wait is over."""
        for kind in ("FLOOD_WAIT", "FLOOD_PREMIUM_WAIT", "SLOWMODE_WAIT"):
            until, told_at = self._until.get(_scope(call, kind), (0.0, 0.0))
            current = time.monotonic()
            if current < until - 0.01:
                blamed = current > told_at + self.grace * busy() + 2 * rtt
                left = int(until - current) + 1
                raise TooEarly(
                    f"{kind}_{left}",
                    Violation(kind, call.name, until - current) if blamed else None,
                )

    def end(self) -> None:
        """Let all waits be over now, as if their time had passed."""
        self._until.clear()


class TooEarly(Refused):
    """A wait that was told is not over yet."""

    def __init__(self, name: str, violation: Violation | None) -> None:
        super().__init__(420, name)
        self.violation = violation


def _scope(call: Call, kind: str) -> tuple[object, ...]:
    """Whom a wait holds: slow mode the chat, everything else the method."""
    if kind == "SLOWMODE_WAIT":
        return kind, call.account, call.chat if call.random_ids else None
    return kind, call.account, call.name
