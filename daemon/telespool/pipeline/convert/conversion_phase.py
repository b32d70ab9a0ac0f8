"""What a time of converting came to, for one line of the log at its end."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Phase:
    """A time in which the line was free and originals were converted."""

    converted: int = 0
    given_up: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    begun: float = field(default_factory=time.monotonic)

    def to_json(self) -> dict[str, Any]:
        """For the log."""
        values = asdict(self)
        values["seconds"] = round(time.monotonic() - values.pop("begun"))
        return values
