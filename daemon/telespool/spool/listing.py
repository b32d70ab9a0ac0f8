"""Looking into one folder of the spool: what lies there, and whether it is a unit. Reads names and kinds only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.names import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telespool.runtime.plain_files import Listed


def listed(path: Path) -> list[Listed]:
    """What lies in a folder; hidden files are nobody's."""
    return [entry for entry in plain_files.entries(path) if not entry.name.startswith(".")]


def unit_of(entry: Listed) -> Unit | None:
    """Return this unit, None for none: an album is a directory, a drop may be one, all else is a plain file."""
    unit = Unit.parse(entry.name)
    if unit is None:
        return None
    if unit.last is not None:
        return unit if entry.is_directory else None
    return unit if entry.is_file or (entry.is_directory and unit.first == 0) else None


def names(path: Path) -> list[str]:
    """The names of a folder."""
    return [name for name in plain_files.names(path) if not name.startswith(".")]


def each_name(path: Path) -> Iterator[str]:
    """The names of a folder, one by one: who wants the first one only need not wait for all."""
    for entry in each(path):
        yield entry.name


def each(path: Path) -> Iterator[Listed]:
    """What lies in a folder, one by one."""
    for entry in plain_files.each_entry(path):
        if not entry.name.startswith("."):
            yield entry


def holds_unit(path: Path) -> bool:
    """Whether any unit lies in the folder of a job."""
    return any(unit_of(entry) is not None for entry in each(path))
