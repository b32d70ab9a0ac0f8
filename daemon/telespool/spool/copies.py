"""Taking by copy: the source stays where it is, and what was taken is known by its name and content.

For folders that others keep (Syncthing, a torrent client, a read-only share): nothing there is renamed, written or
removed. What was taken stands in ROOT/taken/, an empty file for each:

    KEY.SIZE.TIME.SHA256      KEY is of the chat and the path from the watched folder; TIME its mtime in nanoseconds

So a file is taken once under its name, again when its content changes, and not again because its time does. A file
that is as long and as old as when it was taken is not read again. Claiming has one commit as ever:

    copies into tmp/JOB → incoming/JOB/.taken (the names to be) → incoming/JOB/0000_… (commit) → taken/ → .taken goes

Who dies in between finds .taken at the next start, and whether the drop has come to be (`finish_taking`).
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.runtime.hashing import digest_now
from telespool.runtime.trees import Changed
from telespool.spool import claims
from telespool.spool.layout import FOLDERS, Entry
from telespool.spool.names import Unit, clean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.spool.transition import SpoolWriter

TAKEN = ".taken"
"""Holds, in a job of incoming/, the names that are to be made in taken/."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be copied: where it lies, its name in the drop, and its path from the watched folder."""

    path: Path
    name: str
    key: str


class TakenFiles:
    """What was taken by copy, read once. Calls block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, set[tuple[int, int, str]]] | None = None

    def __contains__(self, source: Source) -> bool:
        """Whether this file was taken, as it is now. OSError where it cannot be read."""
        known = self._table().get(_hashed(source.key))
        if not known:
            return False
        state = plain_files.lstat(source.path)
        if any((state.st_size, state.st_mtime_ns) == each[:2] for each in known):
            return True
        if all(state.st_size != each[0] for each in known):
            return False
        found = digest_now(source.path)
        if all(found != each[2] for each in known):
            return False
        known.add((state.st_size, state.st_mtime_ns, found))
        return True

    def add(self, names: Sequence[str]) -> None:
        """These were taken just now."""
        for name in names:
            self._note(self._table(), name)

    def _table(self) -> dict[str, set[tuple[int, int, str]]]:
        if self._found is None:
            self._found = {}
            for name in plain_files.names(self._folder):
                self._note(self._found, name)
        return self._found

    @staticmethod
    def _note(table: dict[str, set[tuple[int, int, str]]], name: str) -> None:
        key, *rest = name.split(".")
        if len(rest) == 3 and rest[0].isdecimal() and rest[1].lstrip("-").isdecimal():
            table.setdefault(key, set()).add((int(rest[0]), int(rest[1]), rest[2]))


def take(
    spool: SpoolWriter,
    sources: Sequence[Source],
    chat: str,
    label: str,
    *,
    single: bool,
    topic: str = "",
) -> tuple[Entry, list[str]]:
    """Make a job of copies of these files; and the names under which they are known as taken.

    `single`: one file, which is the drop; else they lie in a folder called `label`. Changed where one of them was
    changed meanwhile; nothing was taken then.
    """
    job = claims.new_job(spool, chat, label, "" if single else label, topic)
    unit = Unit(first=0, label=clean(label))
    target = spool.job_folder("incoming", job) / str(unit)
    staged = spool.tmp / job
    try:
        names = _copy(spool, sources, staged, single=single)
        spool.disk.write(target.parent / TAKEN, "".join(f"{name}\n" for name in names).encode())
        spool.disk.fsync(target.parent, spool.root / "incoming")
        spool.disk.rename(staged, target)  # commit
    except OSError:
        spool.disk.rmtree(staged)
        spool.disk.unlink(target.parent / TAKEN)
        spool.tidy(target.parent)
        raise
    spool.disk.fsync(target.parent)
    _note_taken(spool, target.parent, names)
    spool.changed(["incoming"])
    return Entry("incoming", job, unit, target), names


def finish_taking(spool: SpoolWriter, job: str) -> None:
    """After a crash: note what was taken, if the drop has come to be; else nothing was."""
    folder = spool.job_folder("incoming", job)
    if not plain_files.is_file(folder / TAKEN):
        return
    names = plain_files.read_text(folder / TAKEN).split()
    if any(spool.units(each, job) for each in FOLDERS):
        _note_taken(spool, folder, names)
    else:
        spool.disk.unlink(folder / TAKEN)
        spool.tidy(folder)


def _note_taken(spool: SpoolWriter, folder: Path, names: Sequence[str]) -> None:
    taken = spool.root / "taken"
    spool.disk.mkdir(taken)
    for name in names:
        if not plain_files.exists(taken / name):
            spool.disk.write(taken / name, b"")
    spool.disk.fsync(taken, spool.root)
    spool.disk.unlink(folder / TAKEN)
    spool.tidy(folder)


def _copy(
    spool: SpoolWriter, sources: Sequence[Source], staged: Path, *, single: bool
) -> list[str]:
    names = []
    size = sum(plain_files.lstat(each.path).st_size for each in sources)
    spool.room.must_ever_fit(size, sources[0].path.name)
    with spool.room.promised(size, sources[0].path.name):
        if not single:
            spool.disk.mkdir(staged)
        for each in sources:
            target = staged if single else staged / each.name
            for parent in reversed(target.relative_to(staged).parents if not single else ()):
                spool.disk.mkdir(staged / parent)
            before = plain_files.lstat(each.path)
            with contextlib.suppress(FileExistsError):
                spool.disk.copy(each.path, target)
            state = plain_files.lstat(each.path)
            if plain_files.sign(before)[:3] != plain_files.sign(state)[:3]:
                raise Changed(each.path.name)
            found = digest_now(target)
            names.append(f"{_hashed(each.key)}.{state.st_size}.{state.st_mtime_ns}.{found}")
        if not single:
            spool.disk.syncfs(staged)
    return names


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:24]
