"""What a caption may name of a post: its fields, each found out only where the template of the chat asks for it.

A field of which nothing is known (a date in a photo without one) stands for nothing. All of it blocks.
"""

from __future__ import annotations

import string
import time
from typing import TYPE_CHECKING

from telespool.belonging.story import by_name
from telespool.media import about
from telespool.observe import humanize
from telespool.runtime import plain_files
from telespool.spool.account import Account
from telespool.spool.names import origins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from telespool.media.compatibility import Assessment
    from telespool.spool import Spool
    from telespool.spool.layout import Entry

_NAMES = 100  # of the files of a post: an album has ten


class CaptionFields:
    """The fields of one post. `assessments` are those of its members, by number, as far as they are known."""

    def __init__(
        self, spool: Spool, entry: Entry, title: str, assessments: Mapping[int, Assessment]
    ) -> None:
        self._spool = spool
        self._entry = entry
        self._title = title
        self._assessments = assessments
        self._members: Sequence[Entry] = spool.members(entry)

    def of(self, template: str) -> dict[str, str | int]:
        """The values of the fields that a template names."""
        wanted = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        return {name: find() for name, find in self._fields().items() if name in wanted}

    def _fields(self) -> dict[str, Callable[[], str | int]]:
        unit = self._entry.unit
        return {
            "archive": lambda: self._title,
            "name": lambda: self._members[0].unit.shown if self._members else unit.shown,
            "names": lambda: ", ".join(each.unit.shown for each in self._members[:_NAMES]),
            "chat": lambda: self._entry.chat,
            "topic": lambda: self._entry.topic,
            "folder": self._folder,
            "first": lambda: unit.first,
            "last": lambda: unit.first if unit.last is None else unit.last,
            "count": lambda: len(self._members),
            "photos": lambda: self._count("photo"),
            "videos": lambda: self._count("video"),
            "size": self._size,
            "duration": self._duration,
            "taken": self._taken,
            "counter": self._counter,
        }

    def _folder(self) -> str:
        """Where the first of them lay in the drop."""
        known = Account.read(self._spool, self._entry.job).members
        number = self._members[0].unit.first if self._members else 0
        line = next((known[each] for each in origins(number) if each in known), None)
        return line.name.rpartition("/")[0] if line is not None else ""

    def _count(self, kind: str) -> int:
        return sum(each.kind == kind for each in self._assessments.values())

    def _size(self) -> str:
        return humanize.size(sum(plain_files.lstat(each.path).st_size for each in self._members))

    def _duration(self) -> str:
        """Of all its films: 1:05, or 1:02:03."""
        seconds = round(sum(a.frame.duration for a in self._assessments.values() if a.frame))
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return f"{hours}:{minutes:02d}:{seconds:02d}"
        return f"{minutes}:{seconds:02d}" if minutes or seconds else ""

    def _taken(self) -> str:
        """The day on which the first of them was taken, there."""
        for member in self._members[:1]:
            moment = about.taken(member.path) or by_name(member.unit.label)
            if moment is not None:
                return time.strftime("%Y-%m-%d", time.gmtime(moment.seconds + (moment.ahead or 0)))
        return ""

    def _counter(self) -> int:
        """Which post of its job it is."""
        done = self._spool.units("done", self._entry.job)
        return 1 + sum(each.unit.message is not None for each in done)
