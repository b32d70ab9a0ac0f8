"""What was delivered, by content: done/JOB/contents.txt, a line for each file that was sent.

    NUMBER MESSAGE SIZE SHA256 NAME        0012 48213 1234567 9f86d0…  IMG_12.jpg

It stands beside the receipts and is forgotten with them. A line is written when the destination has confirmed the
message, before the rename that makes the receipt: whoever sees that a job is over finds all of its lines. A power
failure may cost a line, which means that the file is sent again when it is dropped again; never is one taken for sent
that was not. The sizes are there because the data is not: an archive that is kept
makes the copies of its members needless.

`DeliveredIndex` answers whether a file was sent to a chat before. It remembers what it has read as long as that has not
changed. `OSError` leaves where the disk fails; lines that are broken off are passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.runtime.hashing import digest
from telespool.spool.layout import CONTENTS
from telespool.spool.names import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from telespool.spool import Spool
    from telespool.spool.layout import Entry, SpoolLayout


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
    size = (await asyncio.to_thread(member.path.stat)).st_size
    return Receipt(member.unit.first, 0, size, await digest(member.path), member.unit.shown)


def line_of(original: Entry) -> Receipt | None:
    """The line of an original that goes to done/ after its copy. Blocks for as long as reading it takes."""
    try:
        with original.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except FileNotFoundError:
        return None
    return Receipt(original.unit.first, 0, size, found, original.unit.shown)


def record(spool: Spool, job: str, lines: Iterable[Receipt], messages: Mapping[int, int]) -> None:
    """Note what has arrived. Blocks; not fsynced, as a line that is lost does no harm."""
    spool.make(spool.job_folder("done", job))
    text = "".join(
        f"{Receipt(line.number, messages.get(line.number, 0), line.size, line.digest, line.name)}\n"
        for line in lines
    )
    spool.disk.append(spool.job_folder("done", job) / CONTENTS, text.encode("utf-8", "replace"))


def read(folders: SpoolLayout, job: str) -> Iterator[Receipt]:
    """The lines of a job, each number once; of an original and its copy both."""
    try:
        text = (folders.job_folder("done", job) / CONTENTS).read_text("utf-8", "replace")
    except OSError:
        return
    seen = set()
    for each in text.splitlines():
        line = Receipt.parse(each)
        if line is not None and (line.number, line.digest) not in seen:
            seen.add((line.number, line.digest))
            yield line


class DeliveredIndex:
    """What lies in done/, by chat and content."""

    def __init__(self, folders: SpoolLayout) -> None:
        self._folders = folders
        self._jobs: dict[str, tuple[int, tuple[Receipt, ...]]] = {}
        self._sizes: set[tuple[str, int]] = set()

    async def before(self, path: Path, job: str) -> str | None:
        """Where a file of the same content went to the same chat before, in words; None where it never did.

        What was delivered of the same job does not count: an archive may hold a picture twice.
        """
        await asyncio.to_thread(self._look)
        chat = _chat(job)
        size = (await asyncio.to_thread(path.stat)).st_size
        if (chat, size) not in self._sizes:
            return None
        wanted = await digest(path)
        for other, (_, lines) in self._jobs.items():
            if other == job or _chat(other) != chat:
                continue
            for line in lines:
                if line.digest == wanted:
                    message = f", message {line.message}" if line.message else ""
                    return f"{line.name} of {other}{message}"
        return None

    def _look(self) -> None:
        found = {}
        for job in self._folders.jobs("done"):
            path = self._folders.job_folder("done", job) / CONTENTS
            try:
                stamp = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
            before = self._jobs.get(job)
            found[job] = (
                before
                if before is not None and before[0] == stamp
                else (stamp, tuple(read(self._folders, job)))
            )
        if found != self._jobs:
            self._jobs = found
            self._sizes = {
                (_chat(job), line.size) for job, (_, lines) in found.items() for line in lines
            }


def _chat(job: str) -> str:
    parsed = Job.parse(job)
    return parsed.chat if parsed else ""
