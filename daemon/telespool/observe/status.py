"""The state of a spool at one moment: its folders, and what the daemon has under way, if one runs.

The folders are scanned once, without reading a file but the few newest notes, so a hundred thousand
units take about a second and next to no memory. What the daemon says (`control_socket.py`) is added to it:
progress, speed, waits. Nothing is raised for what vanishes meanwhile.
"""

from __future__ import annotations

import heapq
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from telespool.observe import control_client
from telespool.runtime import plain_files
from telespool.spool.closed import ClosedFolder, ClosedFolders
from telespool.spool.layout import FOLDERS, NOTE, WORKING, Entry, is_note
from telespool.spool.lock import Lock
from telespool.spool.names import Job, Unit
from telespool.spool.note_text import reason_in
from telespool.spool.strangers import is_numberless
from telespool.spool.waiting import waits_until

if TYPE_CHECKING:
    from collections.abc import Container

    from telespool.spool.layout import Folder, SpoolLayout

_SHOWN = 5  # refusals, and waits, that are named one by one

Daemon = Literal["running", "silent", "not running"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One folder: jobs, units, files and bytes; when its oldest job was claimed (seconds since the epoch)."""

    folder: Folder
    jobs: int = 0
    units: int = 0
    files: int = 0
    bytes: int = 0
    oldest: float | None = None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A unit that is being worked on, or was when the process died."""

    folder: Folder
    job: str
    unit: str
    attempt: int
    segments: int


@dataclass(frozen=True, slots=True, order=True)
class WaitingUnits:
    """A unit that waits for its next try; `until` in seconds since the epoch."""

    until: float
    job: str
    unit: str


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """A unit in quarantine and the sentence that says why; `when` in seconds since the epoch."""

    when: float
    job: str
    unit: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All of it. `activity` is what the daemon tells; `waiting` and `refused` are the next and the last few.

    `beside_jobs` lies beside the jobs, or beside the units of one, where nobody looks: a person has put it there.
    `left_in_inbox` are sentences on what keeps drops from being taken, where no daemon tells them.
    """

    root: str
    daemon: Daemon
    process: int | None
    free: int
    inbox: int
    folders: tuple[Shelf, ...]
    under_way: tuple[UnderWay, ...]
    waiting: tuple[WaitingUnits, ...]
    waiting_count: int
    to_convert: int
    refused: tuple[Refusal, ...]
    beside_jobs: tuple[str, ...]
    activity: dict[str, Any] | None
    left_in_inbox: tuple[str, ...] = ()
    ended: tuple[float, str] | None = None
    """When the daemon ended (seconds since the epoch), and why, where a person must do something about it."""
    closed: tuple[ClosedFolder, ...] = ()
    """Folders that could not be read: what lies in them is not among the rest."""

    @classmethod
    def of(
        cls,
        folders: SpoolLayout,
        chats: Container[str] = (),
        topics: Container[str] = (),
        *,
        ask: bool = True,
    ) -> Status:
        """Look; the daemon is asked what it has under way, unless it is the one who looks.

        `chats` are the aliases whose folders in the inbox are no drops themselves; of `topics` the folders in those
        are none.
        """
        lock = Lock(folders.root / "lock")
        process = lock.holder()
        activity = control_client.look(folders.root, process) if process and ask else None
        daemon: Daemon = "running" if activity else "silent" if process else "not running"
        closed = ClosedFolders(folders)
        looks = [_Look.at(folders, folder, closed) for folder in FOLDERS]
        deferred = next(look for look in looks if look.folder == "deferred")
        quarantine = next(look for look in looks if look.folder == "quarantine")
        return cls(
            root=str(folders.root),
            daemon=daemon,
            process=process,
            free=folders.free() if folders.root.exists() else 0,
            inbox=_count(folders, chats, topics, closed),
            folders=tuple(look.shelf() for look in looks),
            under_way=tuple(each for look in looks for each in look.under_way),
            waiting=tuple(sorted(deferred.waiting)),
            waiting_count=deferred.waiting_count,
            to_convert=deferred.units - deferred.waiting_count,
            refused=tuple(_read(folders, each) for each in sorted(quarantine.notes, reverse=True)),
            beside_jobs=tuple(f"{look.folder}/{name}" for look in looks for name in look.beside),
            activity=activity,
            ended=None if process else lock.last_word(),
            closed=closed.told(),
        )

    def shelf(self, folder: Folder) -> Shelf:
        """One of the folders."""
        return next(shelf for shelf in self.folders if shelf.folder == folder)

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@dataclass(slots=True)
class _Look:
    """One folder, scanned."""

    folders: SpoolLayout
    folder: Folder
    closed: ClosedFolders
    jobs: int = 0
    units: int = 0
    files: int = 0
    bytes: int = 0
    oldest: float | None = None
    under_way: list[UnderWay] = field(default_factory=list)
    waiting: list[WaitingUnits] = field(default_factory=list)
    waiting_count: int = 0
    notes: list[tuple[float, str, str]] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, folders: SpoolLayout, folder: Folder, closed: ClosedFolders) -> _Look:
        look = cls(folders, folder, closed)
        jobs: list[str] = []
        with closed.passed_over():
            jobs, look.beside = folders.jobs_and_others(folder)
        for job in jobs:
            with closed.passed_over():
                look._job(job)
        return look

    def shelf(self) -> Shelf:
        return Shelf(self.folder, self.jobs, self.units, self.files, self.bytes, self.oldest)

    def _job(self, job: str) -> None:
        parsed = Job.parse(job)
        if self.oldest is None and parsed is not None:
            self.oldest = parsed.claimed
        self.jobs += 1
        entries = {entry.name: entry for entry in _scan(self.folders.job_folder(self.folder, job))}
        for name, entry in entries.items():
            if is_note(name, entries, self.folder):
                if self.folder == "quarantine" and name.removesuffix(NOTE) in entries:
                    self._note(job, entry)
                continue
            unit = Unit.parse(name)
            if unit is not None and _is_ours(entry):
                self._unit(job, unit, entry)
            elif self.folder != "done" and (unit or is_numberless(name, entries, self.folder)):
                self.beside.append(f"{job}/{name}")

    def _unit(self, job: str, unit: Unit, entry: os.DirEntry[str]) -> None:
        self.units += 1
        with self.closed.passed_over():
            self._weigh(entry)
            if unit.is_album and self.folder in WORKING:
                inside = sorted(each.name for each in _scan(entry.path))
                strange = [name for name in inside if is_numberless(name, inside, self.folder)]
                self.beside += [f"{job}/{entry.name}/{name}" for name in strange]
        if self.folder == "deferred" and (unit.attempt or unit.is_album):
            self.waiting_count += 1
            until = waits_until(unit, _mtime(entry)) if unit.attempt else 0.0
            if not unit.attempt:
                with self.closed.passed_over():
                    until = _patient_until(unit, entry)
            _keep_least(self.waiting, WaitingUnits(until, job, str(unit.plain())))
            return
        if not unit.attempt:
            return
        # What a person moved to done/ or quarantine/ with its mark is under way no more.
        if self.folder in WORKING:
            found = Entry(self.folder, job, unit, Path(entry.path))
            segments = 0
            with self.closed.passed_over():
                if self.folder == "converting":
                    segments = self.folders.segments_of_picture(found)
            plain = str(unit.plain())
            self.under_way.append(UnderWay(self.folder, job, plain, unit.attempt, segments))

    def _weigh(self, entry: os.DirEntry[str]) -> None:
        try:
            if entry.is_dir(follow_symlinks=False):
                for inner in _scan(entry.path):
                    self._weigh(inner)
            else:
                self.files += 1
                self.bytes += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            pass

    def _note(self, job: str, entry: os.DirEntry[str]) -> None:
        note = (_mtime(entry), job, entry.name)
        if len(self.notes) < _SHOWN:
            heapq.heappush(self.notes, note)
        else:
            heapq.heappushpop(self.notes, note)


def _keep_least(waiting: list[WaitingUnits], one: WaitingUnits) -> None:
    waiting.append(one)
    if len(waiting) > 4 * _SHOWN:
        waiting[:] = heapq.nsmallest(_SHOWN, waiting)


def _scan(path: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_ours(entry: os.DirEntry[str]) -> bool:
    """Whether it can be a unit: a link or a pipe that has the name of one is none."""
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def _mtime(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return 0.0


def _patient_until(unit: Unit, album: os.DirEntry[str]) -> float:
    """Until when an album waits for what it lacks: its members' times say it."""
    times = [_mtime(entry) for entry in _scan(album.path)] or [0.0]
    return max(times) if unit.kind == "c" else min(times)


def _read(folders: SpoolLayout, note: tuple[float, str, str]) -> Refusal:
    when, job, name = note
    try:
        path = folders.job_folder("quarantine", job) / name
        reason = reason_in(plain_files.read_text(path))
    except OSError:
        reason = ""
    return Refusal(when, job, name.removesuffix(NOTE), reason)


def _count(
    folders: SpoolLayout, chats: Container[str], topics: Container[str], closed: ClosedFolders
) -> int:
    """The drops in the inbox, those in the folders of the chats and their topics among them."""
    count = 0
    with closed.passed_over():
        for entry in _scan(folders.inbox):
            if entry.name not in chats or not entry.is_dir(follow_symlinks=False):
                count += 1
                continue
            with closed.passed_over():
                for inner in _scan(entry.path):
                    is_topic = entry.name in topics and inner.is_dir(follow_symlinks=False)
                    with closed.passed_over():
                        count += len(_scan(inner.path)) if is_topic else 1
    return count
