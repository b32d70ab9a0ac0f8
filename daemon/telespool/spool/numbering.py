"""Whose number it is: no two units of a job may have the same one.

Job and number make the id under which Telegram remembers a message. A file that a person moved into a job in which
its number is taken would be answered with the other's message, and count as sent. So one of the two gets another
number before anything is done with it: the one that was not posted and not tried yet, or came later. Converted copies
keep theirs: it ties them to their original, which stays until its copy has arrived and is converted again if need be.

Nothing here changes the disk; `Spool.renumber` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.layout import FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telespool.spool.layout import Entry, Folder, SpoolLayout

_BEYOND = 9999


def conflicts(folders: SpoolLayout, entries: Iterable[Entry], folder: Folder) -> list[Entry]:
    """Those of these units of a folder whose number belongs to another of their job."""
    found = []
    for job in dict.fromkeys(entry.job for entry in entries):
        units = [
            each
            for name in FOLDERS
            for each in folders.units(name, job)
            if each.unit.first and each.unit.kind != "c"
        ]
        if _overlap(units):
            # One that went from a folder to a later one during the look was seen in both.
            units = [each for each in units if plain_files.exists(each.path)]
            found += [each for each in _late(folders, units) if each.folder == folder]
    return found


def free_numbers(folders: SpoolLayout, job: str, count: int) -> list[int]:
    """Numbers that nothing of this job has: high ones, as an archive that is being unpacked needs the low ones."""
    taken = folders.standing(job)
    numbers: list[int] = []
    number = _BEYOND
    while len(numbers) < count:
        if number not in taken:
            numbers.append(number)
        number -= 1
    return numbers[::-1]


def _overlap(units: list[Entry]) -> bool:
    """Whether two may have a number in common, going by their names alone."""
    reached = 0
    for unit in sorted((each.unit for each in units), key=lambda unit: unit.first):
        if unit.first <= reached:
            return True
        reached = max(reached, unit.last or unit.first)
    return False


def _late(folders: SpoolLayout, units: list[Entry]) -> list[Entry]:
    taken: set[int] = set()
    late = []
    for entry in sorted(units, key=_claim):
        members = (member.unit for member in folders.members(entry))
        numbers = {unit.first for unit in members if unit.kind != "c"}
        if numbers & taken:
            late.append(entry)
        taken |= numbers
    return late


def _claim(entry: Entry) -> tuple[bool, bool, float]:
    """What was posted has the best claim to its number, then what was tried, then what came first."""
    unit = entry.unit
    try:
        came = plain_files.lstat(entry.path).st_ctime
    except OSError:
        came = 0.0
    return unit.message is None and unit.kind != "o", unit.attempt == 0, came
