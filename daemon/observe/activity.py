"""What is under way this moment: how far an upload is, how far a conversion, until when somebody waits.

It lives in the daemon's memory and is lost with it: the folders are the state, this is only the view through the
window. Workers write it, the status line of the service reads it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

EVERYBODY = "*"


@dataclass(slots=True)
class Upload:
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
class Conversion:
    """A conversion under way; `done` from 0 to 1, None where the length is not known."""

    job: str
    unit: str
    done: float | None = None
    standing_still: bool = False


@dataclass(slots=True)
class Activity:
    """All of it."""

    upload: Upload | None = None
    conversion: Conversion | None = None
    unpacking: str | None = None
    waits: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Until when (seconds since the epoch) and why, by chat alias or EVERYBODY."""
    deferred: int = 0
    """Units that wait in deferred/."""

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
        for whom, (until, reason) in self.waits.items():
            if until > time.time():
                clock = time.strftime("%H:%M:%S", time.localtime(until))
                who = "everything" if whom == EVERYBODY else f"chat {whom}"
                parts.append(f"{who} waits until {clock}: {reason}")
        return " · ".join(parts) or "idle"
