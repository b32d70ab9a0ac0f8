"""Receipts with their contents: the lines of done/JOB/contents.txt and members.txt, written and read.

    to @family                             the chat that the lines behind it went to
    NUMBER MESSAGE SIZE SHA256 NAME        0012 48213 1234567 9f86d0…  IMG_12.jpg
    # SENTENCE                             what the report should say of how it was sent
    kept NUMBER WIDTH HEIGHT               of a photo: the largest copy that is kept where it was sent
    asked NUMBER…                          these are about to be posted: from now on they may stand in the chat

A line of contents.txt is written when the destination has confirmed the message, before the rename that makes the
receipt: whoever sees that a job is over finds all of its lines. A power failure may cost a line; never is one taken for
sent that was not. Lines that are broken off are passed over. `OSError` leaves where the disk fails in writing.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.spool.layout import CONTENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from telespool.spool import Spool
    from telespool.spool.layout import SpoolLayout

_TO = "to "
"""Begins a line that names the chat of the lines behind it."""


_REMARK = "# "
_KEPT = "kept "
_ASKED = "asked "


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


def record(
    spool: Spool,
    job: str,
    lines: Iterable[Receipt],
    messages: Mapping[int, int],
    peer: str = "",
    notes: Iterable[str] = (),
    kept: Mapping[int, tuple[int, int] | None] | None = None,
) -> None:
    """Note what has arrived, in which chat and size, and what its report should say.

    It blocks. It is not fsynced: a line that is lost does no harm.
    """
    spool.make(spool.job_folder("done", job))
    text = f"{_TO}{peer}\n" if peer else ""
    text += "".join(
        f"{Receipt(line.number, messages.get(line.number, 0), line.size, line.digest, line.name)}\n"
        for line in lines
    )
    text += "".join(f"{_REMARK}{' '.join(note.split())}\n" for note in notes)
    text += "".join(f"{_KEPT}{n} {size[0]} {size[1]}\n" for n, size in (kept or {}).items() if size)
    spool.append(spool.job_folder("done", job) / CONTENTS, text.encode("utf-8", "replace"))


def ask(spool: Spool, job: str, numbers: Iterable[int]) -> None:
    """Note that these files are about to be posted: without an answer nobody knows whether they were.

    It blocks. Not fsynced; and nothing stands still for want of such a line: sending is what makes room.
    """
    noted = spool.asked.setdefault(job, set())
    new = [number for number in numbers if number not in noted]
    if not new:
        return
    text = f"{_ASKED}{' '.join(f'{number:04d}' for number in new)}\n"
    with contextlib.suppress(OSError):
        spool.make(spool.job_folder("done", job))
        spool.append(spool.job_folder("done", job) / CONTENTS, text.encode())
        noted.update(new)


def asked(folders: SpoolLayout, job: str) -> set[int]:
    """The numbers of those whose posting was begun, whatever came of it."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        text = plain_files.read_text(folders.job_folder("done", job) / CONTENTS)
        for line in text.splitlines():
            if line.startswith(_ASKED):
                found.update(int(each) for each in line.split()[1:] if each.isdecimal())
    return found


def remarks(folders: SpoolLayout, job: str) -> list[str]:
    """What the report should say of how this job was sent."""
    try:
        text = plain_files.read_text(folders.job_folder("done", job) / CONTENTS)
    except OSError:
        return []
    found = [each.removeprefix(_REMARK) for each in text.splitlines() if each.startswith(_REMARK)]
    return list(dict.fromkeys(found))


def kept(folders: SpoolLayout, job: str) -> dict[int, tuple[int, int]]:
    """Width and height of the copies of photos that are kept where they were sent, by number."""
    found = {}
    with contextlib.suppress(OSError):
        text = plain_files.read_text(folders.job_folder("done", job) / CONTENTS)
        for line in text.splitlines():
            if line.startswith(_KEPT):
                with contextlib.suppress(ValueError):  # it was broken off
                    number, width, height = map(int, line.split()[1:])
                    found[number] = width, height
    return found


def read(folders: SpoolLayout, job: str) -> Iterator[Receipt]:
    """The lines of a job, each number once; of an original and its copy both."""
    seen = set()
    for line in receipts_in(folders, job, CONTENTS):
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

    def contents(self, path: Path) -> Mapping[int, set[tuple[int, str]]]:
        """Size and SHA-256 of the lines, by number; nothing where there is no such file. Blocks."""
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
            return {}
        whole = new.rfind(b"\n") + 1
        self._end += whole
        for line in new[:whole].decode("utf-8", "replace").split("\n"):
            if (receipt := Receipt.parse(line)) is not None:
                self._found.setdefault(receipt.number, set()).add((receipt.size, receipt.digest))
        return self._found


def receipts_in(folders: SpoolLayout, job: str, name: str) -> Iterator[Receipt]:
    """The lines of one of the files of a job."""
    for _, line in with_peers(folders, job, "", name):
        yield line


def with_peers(
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
