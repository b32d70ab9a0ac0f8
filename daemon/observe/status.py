"""The state of a spool at one moment, read from its folders alone, whether or not the daemon runs."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from daemon.folders import FOLDERS
from daemon.lock import Lock
from daemon.names import Job

if TYPE_CHECKING:
    from daemon.folders import Entry, Folder, Folders


@dataclass(frozen=True, slots=True)
class Shelf:
    """One folder: jobs, units, files and bytes; when its oldest job was claimed (seconds since the epoch)."""

    folder: Folder
    jobs: int
    units: int
    files: int
    bytes: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A unit that is being worked on, or was when the process died."""

    folder: Folder
    job: str
    unit: str
    attempt: int
    segments: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A unit that waits for its next try; `until` in seconds since the epoch."""

    job: str
    unit: str
    until: float


@dataclass(frozen=True, slots=True)
class Status:
    """All of it. `process` is the daemon's, None when none runs; `inbox` counts what lies there."""

    root: str
    process: int | None
    free: int
    inbox: int
    folders: tuple[Shelf, ...]
    under_way: tuple[UnderWay, ...]
    waiting: tuple[Waiting, ...]

    @classmethod
    def of(cls, folders: Folders) -> Status:
        """Look."""
        under_way: list[UnderWay] = []
        waiting: list[Waiting] = []
        shelves = []
        for folder in FOLDERS:
            jobs = units = files = size = 0
            oldest = None
            for job in folders.jobs(folder):
                jobs += 1
                parsed = Job.parse(job)
                if oldest is None and parsed is not None:
                    oldest = parsed.claimed
                for entry in folders.units(folder, job):
                    units += 1
                    n, more = _weigh(entry)
                    files += n
                    size += more
                    if entry.unit.attempt and folder == "deferred":
                        waiting.append(Waiting(job, str(entry.unit.plain()), _mtime(entry)))
                    elif entry.unit.attempt:
                        under_way.append(_under_way(folders, entry))
            shelves.append(Shelf(folder, jobs, units, files, size, oldest))
        return cls(
            root=str(folders.root),
            process=Lock(folders.root / "lock").holder(),
            free=folders.free() if folders.root.exists() else 0,
            inbox=_count(folders),
            folders=tuple(shelves),
            under_way=tuple(under_way),
            waiting=tuple(waiting),
        )

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        daemon = f"running, process {self.process}" if self.process else "not running"
        lines = [
            f"{self.root}: daemon {daemon}, {self.inbox} in the inbox, {human(self.free)} free",
            f"{'folder':<12}{'jobs':>7}{'units':>8}{'files':>8}{'bytes':>12}  oldest",
        ]
        for shelf in self.folders:
            oldest = "-"
            if shelf.oldest is not None:
                oldest = time.strftime("%Y-%m-%d %H:%M", time.localtime(shelf.oldest))
            lines.append(
                f"{shelf.folder:<12}{shelf.jobs:>7}{shelf.units:>8}{shelf.files:>8}"
                f"{human(shelf.bytes):>12}  {oldest}"
            )
        for each in self.under_way:
            pieces = f", {each.segments} pieces finished" if each.segments else ""
            lines.append(
                f"under way in {each.folder}: {each.job}/{each.unit} (attempt {each.attempt}{pieces})"
            )
        for wait in self.waiting:
            until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wait.until))
            lines.append(f"waits until {until}: {wait.job}/{wait.unit}")
        return lines


def _weigh(entry: Entry) -> tuple[int, int]:
    """Files and bytes of a unit."""
    files = size = 0
    try:
        if not entry.path.is_dir():
            return 1, entry.path.stat().st_size
        for directory, _, names in os.walk(entry.path):
            for name in names:
                files += 1
                size += os.stat(os.path.join(directory, name)).st_size  # noqa: PTH116, PTH118 - a hundred thousand of them
    except FileNotFoundError:
        pass
    return files, size


def _mtime(entry: Entry) -> float:
    try:
        return entry.path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _under_way(folders: Folders, entry: Entry) -> UnderWay:
    segments = 0
    if entry.folder == "converting":
        directory = folders.segments(entry)
        segments = sum(1 for _ in directory.rglob("v*.mp4")) if directory.exists() else 0
    return UnderWay(entry.folder, entry.job, str(entry.unit.plain()), entry.unit.attempt, segments)


def _count(folders: Folders) -> int:
    try:
        return sum(1 for name in os.listdir(folders.inbox) if not name.startswith("."))  # noqa: PTH208 - names only
    except FileNotFoundError:
        return 0


def human(size: float) -> str:
    """A size as people write it."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
