"""What a check says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was found, and the cure where it needs one."""

    name: str
    state: State
    found: str
    cure: str = ""

    def to_json(self) -> dict[str, str]:
        """Return it for JSON."""
        return asdict(self)


def ok(name: str, found: str) -> Finding:
    """It is as it must be."""
    return Finding(name, "ok", found)


def note(name: str, found: str, cure: str = "") -> Finding:
    """It works, but somebody should know."""
    return Finding(name, "note", found, cure)


def wrong(name: str, found: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(name, "wrong", found, cure)
