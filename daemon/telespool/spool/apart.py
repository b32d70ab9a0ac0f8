"""uploading → uploading: some members of an album become a unit of their own.

Each leaves by a rename, the clip of a live photo before its still. Should the process die among them, each file stands
somewhere, and `reunite` brings the halves of a live photo together again; which album they are of does not matter.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.layout import Entry
from telespool.spool.names import Unit
from telespool.spool.transition import claimed, free_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.names import Kind
    from telespool.spool.transition import SpoolWriter


def set_apart(spool: SpoolWriter, entry: Entry, members: Sequence[Entry]) -> Entry:
    """Make a unit of these members of an album, a clip among them with its still; it has the album's attempts."""
    units = [member.unit.plain() for member in members]
    if len(members) == 1:
        unit = units[0].attempted(entry.unit.attempt)
    else:
        kind: Kind = "c" if all(each.kind == "c" for each in units) else ""
        unit = replace(Unit.album(units), kind=kind, attempt=entry.unit.attempt)
    target = spool.job_folder(entry.folder, entry.job) / str(unit)
    if len(members) == 1:
        spool.disk.utime(members[0].path, claimed(entry.job))
        return spool.move(members[0].path, target, entry.folder, entry.job, unit)
    target = free_name(target)  # the first and the last may be those of the album as well
    moved: list[tuple[Path, Unit]] = []
    try:
        for member in sorted(members, key=lambda each: each.unit.still is None):
            own = member.unit.plain()
            moved.append((member.path, own))  # its rename may be done when what follows it fails
            spool.move(member.path, target / str(own), entry.folder, entry.job, own)
        spool.disk.utime(target, claimed(entry.job))
    except OSError:
        _undo(spool, entry, target, moved)
        raise
    return Entry(entry.folder, entry.job, Unit.parse(target.name) or unit, target)


def _undo(
    spool: SpoolWriter, entry: Entry, target: Path, moved: Sequence[tuple[Path, Unit]]
) -> None:
    """Bring back what had been moved: should that fail as well, `reunite` does it at the next start."""
    with contextlib.suppress(OSError):
        there = set(plain_files.names(target))
        for path, unit in reversed([each for each in moved if str(each[1]) in there]):
            spool.move(target / str(unit), path, entry.folder, entry.job, unit)
        if plain_files.exists(target):
            spool.disk.rmdir(target)


def reunite(spool: SpoolWriter, entry: Entry) -> None:
    """Bring stills to their clips, where the process died after it had moved those alone."""
    members = spool.members(entry)
    here = {member.unit.first for member in members}
    lonely = {member.unit.still for member in members if member.unit.still} - here
    if not lonely:
        return
    for other in spool.units("uploading", entry.job):
        for still in spool.members(other) if other.path != entry.path else ():
            if still.unit.first in lonely and still.unit.message is None:
                lonely.discard(still.unit.first)
                unit = still.unit.plain()
                spool.move(still.path, entry.path / str(unit), "uploading", entry.job, unit)
        if other.unit.is_album and plain_files.exists(other.path) and not spool.members(other):
            spool.disk.rmdir(other.path)
