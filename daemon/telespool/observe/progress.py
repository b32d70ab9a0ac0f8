"""What is under way this moment: how far an upload is, how far a conversion, until when somebody waits.

It lives in the daemon's memory and is lost with it: the folders are the state, this is only the view through the
window. Workers write it; the status line of the service, `telespool status` (by `observe/window.py`) and the metrics
read it.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from telespool.runtime.waits import EVERYBODY, Waits

if TYPE_CHECKING:
    from telespool.model import HelperState

_NAMED, _TOLD = 3, 200  # waits in the status line, and in an answer
_RECENT = 10.0  # seconds over which the speed of uploads is taken


@dataclass(slots=True)
class Meter:
    """How fast bytes arrive, over the last seconds and over all units."""

    total: int = 0
    _marks: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, size: int) -> None:
        """So many bytes more have arrived."""
        self.total += size
        now = time.monotonic()
        self._marks.append((now, self.total))
        while len(self._marks) > 2 and self._marks[0][0] < now - _RECENT:
            self._marks.popleft()

    @property
    def speed(self) -> float:
        """Bytes per second; 0 where nothing has arrived for a while."""
        now = time.monotonic()
        if len(self._marks) < 2 or self._marks[-1][0] < now - _RECENT:
            return 0.0
        since, before = self._marks[0]
        return (self.total - before) / max(now - since, 0.001)


@dataclass(slots=True)
class UploadProgress:
    """A unit on its way: bytes by file, of `total`."""

    job: str
    unit: str
    total: int
    started: float = field(default_factory=time.monotonic)
    arrived: dict[int, int] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """Bytes that have arrived."""
        return sum(self.arrived.values())

    @property
    def speed(self) -> float:
        """Bytes per second since it began."""
        return self.sent / max(time.monotonic() - self.started, 0.001)


@dataclass(slots=True)
class ConversionProgress:
    """A conversion under way; `done` from 0 to 1, None where the length is not known."""

    job: str
    unit: str
    done: float | None = None
    standing_still: bool = False
    speed: float = 0.0
    seconds_left: float | None = None


@dataclass(slots=True)
class Activity:
    """All of it."""

    upload: UploadProgress | None = None
    conversion: ConversionProgress | None = None
    unpacking: str | None = None
    helpers: list[HelperState] = field(default_factory=list)
    """Other machines that encode pieces."""
    waits: Waits = field(default_factory=Waits)
    """Who waits, and for what."""
    deferred: int = 0
    """Units that wait in deferred/."""
    meter: Meter = field(default_factory=Meter)
    counts: Counter[str] = field(default_factory=Counter)
    """What has happened since the start, for the metrics: events, bytes and seconds by name."""
    since: float = field(default_factory=time.time)

    def arrived(self, upload: UploadProgress, number: int, size: int) -> None:
        """So many bytes of this file have arrived."""
        self.meter.add(max(0, size - upload.arrived.get(number, 0)))
        upload.arrived[number] = size

    def to_json(self) -> dict[str, Any]:
        """What a person at another terminal may see."""
        upload = conversion = None
        if self.upload is not None:
            left = self.upload.total - self.upload.sent
            speed = self.meter.speed
            upload = {
                "job": self.upload.job,
                "unit": self.upload.unit,
                "sent": self.upload.sent,
                "total": self.upload.total,
                "speed": round(speed),
                "seconds_left": round(left / speed, 1) if speed else None,
            }
        if self.conversion is not None:
            conversion = {
                "job": self.conversion.job,
                "unit": self.conversion.unit,
                "fraction": self.conversion.done,
                "speed": round(self.conversion.speed, 2),
                "seconds_left": self.conversion.seconds_left,
                "standing_still": self.conversion.standing_still,
            }
        waits = self.waits.now(time.time())
        waits.sort(key=lambda wait: wait.scope in {"job", "unit"})
        return {
            "since": self.since,
            "upload": upload,
            "conversion": conversion,
            "unpacking": self.unpacking,
            "helpers": [asdict(helper) for helper in self.helpers],
            "waits": [wait.to_json() for wait in waits[:_TOLD]],
            "waits_more": max(0, len(waits) - _TOLD),
        }

    def line(self) -> str:
        """One line for people."""
        parts = []
        if self.unpacking:
            parts.append(f"unpacking {self.unpacking}")
        if self.upload:
            arrived = self.upload.sent / self.upload.total if self.upload.total else 0.0
            parts.append(
                f"uploading {self.upload.unit} {arrived:.0%} at {self.upload.speed / (1 << 20):.1f} MiB/s"
            )
        if self.deferred:
            parts.append(f"{self.deferred} deferred")
        if self.conversion:
            share = f" {self.conversion.done:.0%}" if self.conversion.done is not None else ""
            still = " (standing still)" if self.conversion.standing_still else ""
            parts.append(f"converting {self.conversion.unit}{share}{still}")
        waits = self.waits.now(time.time())
        waits.sort(key=lambda wait: wait.scope in {"job", "unit"})  # what concerns many comes first
        for wait in waits[:_NAMED]:
            until = ""
            if wait.until is not None:
                until = time.strftime(" until %H:%M:%S", time.localtime(wait.until))
            who = "everything" if wait.whom == EVERYBODY else f"{wait.scope} {wait.whom}"
            parts.append(f"{who} waits{until}: {wait.reason}")
        if len(waits) > _NAMED:
            parts.append(f"{len(waits) - _NAMED} more wait")
        return " · ".join(parts) or "idle"
