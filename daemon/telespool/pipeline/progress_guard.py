"""Every step moves on: a step that changed nothing is a defect, and is stopped, not repeated.

A worker says which unit its step is about (`begin`), and whether the step ended with a wait that has a reason and an
end (`waits`). When the step is over, `is_stuck` compares: a unit that lies where and as it did before, without such a
wait, `LIMIT` times in a row, goes no further. It asks for single names, however many units there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.runtime import plain_files

if TYPE_CHECKING:
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

LIMIT = 3

_Key = tuple[str, str, int, str]


@dataclass(slots=True)
class _Turn:
    entry: Entry
    before: tuple[str, ...]
    waits: bool = False


class ProgressGuard:
    """Watches the units of one worker."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._turn: _Turn | None = None
        self._idle: dict[_Key, int] = {}

    def begin(self, entry: Entry) -> None:
        """This step is about this unit, as it lies there before anything is done to it. Blocks."""
        self._turn = _Turn(entry, self._state(entry))

    @property
    def unit(self) -> Entry | None:
        """The unit that the step is about, as it lay there before."""
        return self._turn.entry if self._turn else None

    @property
    def watches(self) -> bool:
        """Whether the step is about a unit."""
        return self._turn is not None

    @property
    def entry(self) -> Entry | None:
        """The unit that the step is about, as it lay there before anything was done to it; None without a step."""
        return self._turn.entry if self._turn is not None else None

    def waits(self) -> None:
        """The step ends with a wait that has a reason and an end."""
        if self._turn is not None:
            self._turn.waits = True

    def forget(self) -> None:
        """The step was broken off: it says nothing of its unit."""
        self._turn = None

    def end(self) -> tuple[Entry, bool] | None:
        """The unit of the step that is over, where it lies still; and whether it is stuck. Blocks.

        None where the unit has moved on or waits.
        """
        turn, self._turn = self._turn, None
        if turn is None:
            return None
        key = _key(turn.entry)
        left = self._find(turn.entry)
        if left is None or turn.waits or self._state(left) != turn.before:
            self._idle.pop(key, None)
            return None
        self._idle[key] = self._idle.get(key, 0) + 1
        stuck = self._idle[key] >= LIMIT
        if stuck:
            del self._idle[key]
        return left, stuck

    def _find(self, entry: Entry) -> Entry | None:
        """The unit in the folder where it was; whatever the attempt that its name tells."""
        for attempt in dict.fromkeys((entry.unit.attempt, entry.unit.attempt + 1, 0)):
            unit = replace(entry.unit, attempt=attempt)
            path = entry.path.with_name(str(unit))
            if plain_files.exists(path):
                return replace(entry, unit=unit, path=path)
        return None

    def _state(self, entry: Entry) -> tuple[str, ...]:
        """What changes when a step gets further: the unit, its members, and what of its job stands elsewhere."""
        members = (str(member.unit.plain()) for member in self._spool.members(entry))
        if entry.folder == "converting":
            return (
                str(entry.unit),
            )  # each attempt is a step further: they are counted, and have an end
        if entry.unit.first:
            return (str(entry.unit.plain()), *members)
        released = sorted(number for number in self._spool.standing(entry.job) if number)
        return (str(entry.unit.plain()), *map(str, released))


def _key(entry: Entry) -> _Key:
    return entry.folder, entry.job, entry.unit.first, entry.unit.kind
