"""What a key of the configuration is made of: its default, its sentence, its range, and the kinds of numbers."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal, NewType

Seconds = NewType("Seconds", float)
Bytes = NewType("Bytes", int)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def key(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    relative_to: Literal["file", "state"] = "file",
) -> Any:
    """Define a key: default, description, range, and the directory that relative paths start from."""
    metadata = {"doc": doc, "low": low, "high": high, "relative_to": relative_to}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)
