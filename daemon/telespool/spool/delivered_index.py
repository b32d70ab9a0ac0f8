"""What was delivered, by content: done/JOB/contents.txt, a line for each file that was sent.

The lines (`receipts`) stand beside the receipts and are forgotten with them. The sizes are there because the data is
not: an archive that is kept makes the copies of its members needless.

`DeliveredIndex` answers whether a file was sent to a chat before, or is on its way there. `OSError` leaves
where the disk fails.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.hashing import digest_of
from telespool.spool.layout import MEMBERS, WORKING
from telespool.spool.names import Job
from telespool.spool.receipts import Receipt, read, receipts_in, record, remarks, with_peers

__all__ = ["DeliveredIndex", "Receipt", "digests", "line_of", "read", "record", "remarks"]

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telespool.spool.layout import Entry, SpoolLayout


async def digests(members: Iterable[Entry]) -> dict[int, Receipt]:
    """The lines of these files, before they are sent; what vanishes meanwhile, or cannot be read, has none."""
    asked = tuple(members)
    return await in_thread(_lines, asked) if asked else {}


def _lines(members: Iterable[Entry]) -> dict[int, Receipt]:
    lines = {}
    for member in members:
        with contextlib.suppress(OSError):
            lines[member.unit.first] = _line(member)
    return lines


def _line(member: Entry) -> Receipt:
    handle = plain_files.open_file(member.path)
    try:
        size, digest = os.fstat(handle).st_size, digest_of(handle)
    finally:
        os.close(handle)
    return Receipt(member.unit.first, 0, size, digest, member.unit.shown)


def line_of(original: Entry) -> Receipt | None:
    """The line of an original that goes to done/ after its copy. Blocks for as long as reading it takes."""
    try:
        return _line(original)
    except FileNotFoundError:
        return None


class DeliveredIndex:
    """What was delivered or is on its way, by the chat it goes to and by content; each question takes one look-up.

    Read once, when it is asked first; what is let out later is added by whoever does it (`add`). An answer is checked
    against the folders, so what was forgotten or refused meanwhile does not count. `chats` has the chat behind each
    alias: where an alias is given to another chat, that one has got nothing yet.
    """

    def __init__(self, folders: SpoolLayout, chats: Mapping[str, str] | None = None) -> None:
        self._folders = folders
        self._chats = chats or {}
        self._found: dict[tuple[str, int, str], list[tuple[str, int]]] | None = None

    def add(self, job: str, line: Receipt) -> None:
        """A file is let out. Blocks the first time."""
        self._table().setdefault(self._key(self._peer(job), line), []).append((job, line.number))

    def before(self, job: str, line: Receipt) -> str | None:
        """Where a file of the same content went to the same chat before, in words; None where it never did.

        What was delivered of the same job does not count: that is for whoever lets its files out (`twins`). Blocks.
        """
        for other, number in self._table().get(self._key(self._peer(job), line), ()):
            if other != job and (told := self._tell(other, number, line)) is not None:
                return told
        return None

    def _table(self) -> dict[tuple[str, int, str], list[tuple[str, int]]]:
        if self._found is None:
            self._found = {}
            for job in self._folders.jobs("done"):
                for peer, line in with_peers(self._folders, job, self._peer(job)):
                    self._found.setdefault(self._key(peer, line), []).append((job, line.number))
            for job in self._folders.working_jobs():
                for line in receipts_in(self._folders, job, MEMBERS):
                    self.add(job, line)
        return self._found

    def _tell(self, job: str, number: int, wanted: Receipt) -> str | None:
        for line in read(self._folders, job):
            if line.number == number and line.digest == wanted.digest:
                message = f", message {line.message}" if line.message else ""
                return f"was sent before, as {line.name} of {job}{message}"
        with contextlib.suppress(PermissionError):  # of such a job nobody knows what is on its way
            if self._folders.standing(job).get(number, set()) & set(WORKING):
                return f"is on its way already, in {job}"
        return None

    def _peer(self, job: str) -> str:
        parsed = Job.parse(job)
        alias = parsed.chat if parsed else ""
        return self._chats.get(alias, alias)

    @staticmethod
    def _key(peer: str, line: Receipt) -> tuple[str, int, str]:
        return peer, line.size, line.digest
