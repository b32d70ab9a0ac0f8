"""What was delivered, by content: done/JOB/contents.txt, a line for each file that was sent.

    to @family                             the chat that the lines behind it went to
    NUMBER MESSAGE SIZE SHA256 NAME        0012 48213 1234567 9f86d0…  IMG_12.jpg
    # SENTENCE                             what the report should say of how it was sent

It stands beside the receipts and is forgotten with them. A line is written when the destination has confirmed the
message, before the rename that makes the receipt: whoever sees that a job is over finds all of its lines. A power
failure may cost a line, which means that the file is sent again when it is dropped again; never is one taken for sent
that was not. The sizes are there because the data is not: an archive that is kept
makes the copies of its members needless.

`DeliveredIndex` answers whether a file was sent to a chat before, or is on its way there. `OSError` leaves where the disk fails; lines that are broken off are passed over.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.runtime.cancellation import in_thread
from telespool.runtime.hashing import digest, digest_now
from telespool.spool.layout import CONTENTS, MEMBERS, WORKING
from telespool.spool.names import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from telespool.spool import Spool
    from telespool.spool.layout import Entry, SpoolLayout

_TO = "to "
"""Begins a line that names the chat of the lines behind it."""


_REMARK = "# "


@dataclass(frozen=True, slots=True)
class Receipt:
    """One file that was sent; `message` is 0 for an original whose converted copy was."""

    number: int
    message: int
    size: int
    digest: str
    name: str

    def __str__(self) -> str:
        return f"{self.number:04d} {self.message} {self.size} {self.digest} {self.name}"

    @classmethod
    def parse(cls, text: str) -> Receipt | None:
        """What a line says; None where it was broken off."""
        parts = text.split(" ", 4)
        if len(parts) < 5 or len(parts[3]) != 64:
            return None
        with contextlib.suppress(ValueError):
            number, message, size = map(int, parts[:3])
            return cls(number, message, size, parts[3], parts[4])
        return None


async def digests(members: Iterable[Entry]) -> dict[int, Receipt]:
    """The lines of these files, before they are sent; what vanishes meanwhile, or cannot be read, has none."""
    lines = {}
    for member in members:
        with contextlib.suppress(OSError):
            lines[member.unit.first] = await _line(member)
    return lines


async def _line(member: Entry) -> Receipt:
    size = (await in_thread(plain_files.lstat, member.path)).st_size
    return Receipt(member.unit.first, 0, size, await digest(member.path), member.unit.shown)


def line_of(original: Entry) -> Receipt | None:
    """The line of an original that goes to done/ after its copy. Blocks for as long as reading it takes."""
    try:
        size = plain_files.lstat(original.path).st_size
        found = digest_now(original.path)
    except FileNotFoundError:
        return None
    return Receipt(original.unit.first, 0, size, found, original.unit.shown)


def record(
    spool: Spool,
    job: str,
    lines: Iterable[Receipt],
    messages: Mapping[int, int],
    peer: str = "",
    notes: Iterable[str] = (),
) -> None:
    """Note what has arrived, in which chat, and what its report should say. Blocks; not fsynced: a line that is lost does no harm."""
    spool.make(spool.job_folder("done", job))
    text = f"{_TO}{peer}\n" if peer else ""
    text += "".join(
        f"{Receipt(line.number, messages.get(line.number, 0), line.size, line.digest, line.name)}\n"
        for line in lines
    )
    text += "".join(f"{_REMARK}{' '.join(note.split())}\n" for note in notes)
    spool.disk.append(spool.job_folder("done", job) / CONTENTS, text.encode("utf-8", "replace"))


def remarks(folders: SpoolLayout, job: str) -> list[str]:
    """What the report should say of how this job was sent."""
    try:
        text = (folders.job_folder("done", job) / CONTENTS).read_text("utf-8", "replace")
    except OSError:
        return []
    found = [each.removeprefix(_REMARK) for each in text.splitlines() if each.startswith(_REMARK)]
    return list(dict.fromkeys(found))


def read(folders: SpoolLayout, job: str) -> Iterator[Receipt]:
    """The lines of a job, each number once; of an original and its copy both."""
    seen = set()
    for line in _lines(folders, job, CONTENTS):
        if (line.number, line.digest) not in seen:
            seen.add((line.number, line.digest))
            yield line


class ReceiptReader:
    """The lines of one growing file at a time, by number: what was read is not read again."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._identity: tuple[int, int] = (0, 0)
        self._end = 0
        self._found: dict[int, set[tuple[int, str]]] = {}

    def contents(self, path: Path, number: int) -> set[tuple[int, str]]:
        """Size and SHA-256 of the lines with this number; nothing where there is no such file. Blocks."""
        try:
            with plain_files.opened(path) as file:
                state = os.fstat(file.fileno())
                identity = (state.st_dev, state.st_ino)
                if (path, identity) != (self._path, self._identity) or state.st_size < self._end:
                    self._path, self._identity = path, identity
                    self._end, self._found = 0, {}
                file.seek(self._end)
                new = file.read()
        except OSError:
            return set()
        whole = new.rfind(b"\n") + 1
        self._end += whole
        for line in new[:whole].decode("utf-8", "replace").split("\n"):
            if (receipt := Receipt.parse(line)) is not None:
                self._found.setdefault(receipt.number, set()).add((receipt.size, receipt.digest))
        return self._found.get(number, set())


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

        What was delivered of the same job does not count: an archive may hold a picture twice. Blocks.
        """
        for other, number in self._table().get(self._key(self._peer(job), line), ()):
            if other != job and (told := self._tell(other, number, line)) is not None:
                return told
        return None

    def _table(self) -> dict[tuple[str, int, str], list[tuple[str, int]]]:
        if self._found is None:
            self._found = {}
            for job in self._folders.jobs("done"):
                for peer, line in _with_peers(self._folders, job, self._peer(job)):
                    self._found.setdefault(self._key(peer, line), []).append((job, line.number))
            for job in self._folders.working_jobs():
                for line in _lines(self._folders, job, MEMBERS):
                    self.add(job, line)
        return self._found

    def _tell(self, job: str, number: int, wanted: Receipt) -> str | None:
        for line in read(self._folders, job):
            if line.number == number and line.digest == wanted.digest:
                message = f", message {line.message}" if line.message else ""
                return f"was sent before, as {line.name} of {job}{message}"
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


def _lines(folders: SpoolLayout, job: str, name: str) -> Iterator[Receipt]:
    """The lines of one of the files of a job."""
    for _, line in _with_peers(folders, job, "", name):
        yield line


def _with_peers(
    folders: SpoolLayout, job: str, peer: str, name: str = CONTENTS
) -> Iterator[tuple[str, Receipt]]:
    """The lines of a job, each with the chat it went to; `peer` is the one of lines that do not say it."""
    try:
        text = plain_files.read_text(folders.job_folder("done", job) / name)
    except OSError:
        return
    for each in text.split("\n"):
        if each.startswith(_TO):
            peer = each.removeprefix(_TO)
        elif (line := Receipt.parse(each)) is not None:
            yield peer, line
