"""What lies where: the spool, read.

    ROOT/
      inbox/[CHAT/]      people drop here
      incoming/JOB/      claimed, being unpacked; the drop itself is unit 0000
      uploading/JOB/     ready to send
      deferred/JOB/      must be converted first; with @K: waits for its next try (mtime = not before)
      converting/JOB/    originals in conversion, finished segments beside them
      done/JOB/          sent; the name is the receipt
      quarantine/JOB/    failed for good, each with NAME.txt
      tmp/  lock

Nothing here changes the disk, and every answer is a fresh look, because a person may have moved something a moment
ago. What vanishes while it is looked at is simply not there. A unit is a plain file, or a directory where it is an
album or a drop; what is something else (a link, a FIFO …) or has no name of ours is passed over: `spool.strangers`
lists it. No link is followed below the root, which is resolved once.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from telespool.file_endings import archive_name, media_name
from telespool.runtime import plain_files
from telespool.spool import listing, note_text
from telespool.spool.companions import belongs_to, caption_for
from telespool.spool.locked import LockedJobs, holds_readable_unit
from telespool.spool.names import Job, Unit, clean, nested

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from telespool.runtime.plain_files import Listed


Folder = Literal["incoming", "uploading", "deferred", "converting", "done", "quarantine"]

FOLDERS: tuple[Folder, ...] = get_args(Folder)
WORKING: tuple[Folder, ...] = ("incoming", "uploading", "deferred", "converting")
_LOOKS = 10
REPORT = "report.txt"
SKIPPED = "skipped.txt"
NOTES = "notes.txt"
CONTENTS = "contents.txt"
MEMBERS = "members.txt"
CAPTIONS = "captions.txt"
NOTE = ".txt"
"""Ends the name of the note about a unit in quarantine/, behind the unit's whole name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A unit where it lies. `path` may be inside an album's directory."""

    folder: Folder
    job: str
    unit: Unit
    path: Path

    @property
    def chat(self) -> str:
        """The alias of the chat it goes to."""
        return Job.chat_of(self.job)

    @property
    def topic(self) -> str:
        """The topic of the folder that it was dropped into; "" where that was none."""
        job = Job.parse(self.job)
        return job.topic if job else ""

    @property
    def place(self) -> str:
        """The chat and its topic (`Job.place`)."""
        job = Job.parse(self.job)
        return job.place if job else ""


class SpoolLayout:
    """The spool under `root`, for reading. `inbox` may lie elsewhere."""

    def __init__(self, root: Path, inbox: Path | None = None) -> None:
        self.root = Path(os.path.realpath(root))
        self.inbox = Path(os.path.realpath(inbox)) if inbox else self.root / "inbox"
        self.tmp = self.root / "tmp"
        self._last_archive: tuple[tuple[Path, int, int], Path | None] | None = None
        self._last_drop: Entry | None = None
        self.locked = LockedJobs()

    def job_folder(self, folder: Folder, job: str) -> Path:
        """Where the units of this job lie in this folder; it need not exist."""
        return self.root / folder / job

    def jobs(self, folder: Folder) -> list[str]:
        """The jobs of a folder, oldest first."""
        return sorted(name for name in listing.names(self.root / folder) if Job.parse(name))

    def units(self, folder: Folder, job: str) -> list[Entry]:
        """The units of a job in a folder, by number; the members of albums are not among them."""
        return _entries(folder, job, self.root / folder / job)

    def all_units(self, folder: Folder) -> Iterator[Entry]:
        """Every unit of a folder, oldest job first, then by number; but for those of jobs that are `locked`."""
        yield from self.locked.pass_over(folder, self.jobs(folder), self.units)

    def members(self, entry: Entry) -> list[Entry]:
        """The files of a unit, by number: those in the album's directory, or the unit itself."""
        if entry.unit.is_album:
            return _entries(entry.folder, entry.job, entry.path)
        return [entry]

    def occupied(self, folder: Folder) -> bool:
        """Whether any unit lies there; ends at the first one, as a folder may have thirty thousand jobs."""
        return any(
            holds_readable_unit(self.root / folder / job)
            for job in listing.each_name(self.root / folder)
            if Job.parse(job)
        )

    def standing(self, job: str) -> dict[int, set[Folder]]:
        """Give the numbers of this job that stand somewhere, and where. An original and its copy share one.

        Units move and are marked while it is looked, so it is looked twice: what one look misses the other sees.
        """
        found: dict[int, set[Folder]] = {}
        for _ in range(2):
            for folder in FOLDERS:
                self._stand(folder, job, found)
        return found

    def _stand(self, folder: Folder, job: str, found: dict[int, set[Folder]]) -> None:
        for _ in range(_LOOKS):
            whole = True
            for entry in self.units(folder, job):
                members = self.members(entry)
                # An album that got another name between the two looks into it: its members stand under the new one.
                whole = whole and (bool(members) or plain_files.exists(entry.path))
                for member in members:
                    found.setdefault(member.unit.first, set()).add(folder)
            if whole:
                return

    def copy_of(self, job: str, number: int) -> Entry | None:
        """The converted copy of this member (or the first of its parts), the least far there is."""
        for folder in ("deferred", "uploading", "done"):
            path = self.root / folder / job
            # A job may have ten thousand units: only what begins like a copy, or may hold one, is read.
            for name in sorted(name for name in listing.names(path) if _may_hold_copy(name)):
                unit = Unit.parse(name)
                if unit is None:
                    continue
                for member in self.members(Entry(folder, job, unit, path / name)):
                    if member.unit.kind == "c" and number in {
                        member.unit.first,
                        member.unit.parent,
                    }:
                        return member
        return None

    def original_of(self, copy: Entry) -> Entry | None:
        """The original that this copy was made from, where it waits for the copy's delivery."""
        for entry in self.units("converting", copy.job):
            if entry.unit.first in {copy.unit.first, copy.unit.parent} and entry.unit.kind == "":
                return entry
        return None

    def drop(self, job: str) -> Entry | None:
        """The drop of a job (its unit 0000), wherever it lies."""
        before = self._last_drop
        for folder in ("incoming", "done", "quarantine"):
            path = self.job_folder(folder, job)
            if (
                before is not None
                and before.path.parent == path
                and plain_files.exists(before.path)
            ):
                return before
            names = [name for name in listing.names(path) if name.startswith("0000")]
            for name in names:
                # A job may have ten thousand units: only what begins like a drop is read.
                unit = Unit.parse(name)
                if unit is None or unit.first != 0 or is_note(name, names, folder):
                    continue
                if plain_files.is_file(path / name) or plain_files.is_directory(path / name):
                    self._last_drop = Entry(folder, job, unit, path / name)
                    return self._last_drop
        return None

    def archive_in(self, drop: Entry) -> Path | None:
        """The archive of a drop (its first volume), or None for a folder that people dropped as such.

        A drop of several files is a folder that is called like the one to open, and holds nothing but its other
        volumes, its password and its caption; so downloaders call folders too, of films and photos.
        """
        if not plain_files.is_directory(drop.path):
            return drop.path
        # Asked for each unit of a job, of a folder that may hold ten thousand files: looked at once, until it changes.
        state = plain_files.lstat(drop.path)
        seen = (drop.path, state.st_ino, state.st_mtime_ns)
        if self._last_archive is None or self._last_archive[0] != seen:
            self._last_archive = (seen, self._archive_in(drop))
        return self._last_archive[1]

    @staticmethod
    def _archive_in(drop: Entry) -> Path | None:
        names = listing.names(drop.path)
        first = archive_among(names, drop.unit.label)
        if first is None or not plain_files.is_file(drop.path / first):
            return None
        return drop.path / first

    def note(self, entry: Entry) -> str:
        """What the note of a unit says, of a member of an album that of the album; empty where there is none."""
        path = entry.path
        if path.parent != self.job_folder(entry.folder, entry.job):
            path = path.parent
        try:
            return note_text.reason_in(plain_files.read_text(note_path(path)))
        except OSError:
            return ""

    def lines(self, job: str, name: str) -> list[str]:
        """The lines of a list in done/JOB/ (SKIPPED, NOTES); none where there is no such list."""
        try:
            return plain_files.read_text(self.job_folder("done", job) / name).splitlines()
        except OSError:
            return []

    def report(self, job: str) -> Path | None:
        """The report of a job: report.txt, or report+MESSAGE.txt after a chat was told."""
        folder = self.job_folder("done", job)
        stem, ending = REPORT.split(".")
        names = (
            name
            for name in listing.names(folder)
            if name.startswith(stem) and name.endswith(ending)
        )
        return next((folder / name for name in sorted(names, reverse=True)), None)

    def is_over(self, job: str) -> bool:
        """Whether nothing of this job lies in a working folder any more; in one that may not be read something may."""
        try:
            return not any(listing.holds_unit(self.root / folder / job) for folder in WORKING)
        except PermissionError:
            return False

    def free(self) -> int:
        """Bytes that may still be written to the spool's file system."""
        state = os.statvfs(self.root)
        return state.f_bavail * state.f_frsize

    def working_jobs(self) -> list[str]:
        """The jobs that lie in a working folder, oldest first."""
        return sorted({job for folder in WORKING for job in self.jobs(folder)})

    def without_chat(self, chats: Container[str]) -> dict[str, int]:
        """How many jobs lie in working folders for an alias that is none of these."""
        found = Counter(Job.chat_of(job) for job in self.working_jobs())
        return {alias: jobs for alias, jobs in found.items() if alias and alias not in chats}

    def former_chats(self, chats: Container[str]) -> set[str]:
        """The aliases that jobs have, wherever they lie, and that are none of these."""
        found = {Job.chat_of(job) for folder in FOLDERS for job in self.jobs(folder)}
        return {alias for alias in found if alias and alias not in chats}

    def segments(self, entry: Entry) -> Path:
        """Where the finished segments of this original lie."""
        return self.job_folder("converting", entry.job) / f"{entry.unit.first:04d}.segments"

    def finished(self, entry: Entry) -> int:
        """How many segments of this original are finished."""
        names = listing.names(self.segments(entry))
        return sum(not (name.endswith(".part") or name.startswith("run-")) for name in names)

    def segments_of_picture(self, entry: Entry) -> int:
        """How many segments of the picture of this original are finished, for people."""
        names = listing.names(self.segments(entry))
        return sum(name.startswith("v") and name.endswith(".mp4") for name in names)

    def jobs_and_others(self, folder: Folder) -> tuple[list[str], list[str]]:
        """The jobs of a folder, oldest first, and what lies beside them; in done/ that is nobody's concern."""
        jobs, others = [], []
        for entry in listing.listed(self.root / folder):
            if is_job(entry):
                jobs.append(entry.name)
            elif folder != "done":
                others.append(entry.name)
        return sorted(jobs), sorted(others)


def archive_among(names: Sequence[str], label: str) -> str | None:
    """Which of the files of a drop, called `label`, is the archive to open; None where they are a folder of files."""
    first = next((name for name in names if clean(name) == label), None)
    if first is None:
        return None
    others = [name for name in names if name != first]
    if not all(belongs_to(name, first) for name in others):
        return None
    # A caption goes with anything: a photo and its caption are a folder of two.
    if others and all(caption_for(name) for name in others):
        return first if archive_name(first) else None
    return None if media_name(first) and not others else first


def note_path(path: Path) -> Path:
    """Where the note about this file, or album, lies: beside it."""
    return path.with_name(f"{path.name}{NOTE}")


def is_note(name: str, names: Container[str], folder: Folder) -> bool:
    """Whether this is a note, and no unit, going by what is called how beside it.

    A unit of quarantine/ that ends in .txt has a note of its own, written before it came. Elsewhere a note came out of
    quarantine/ with its unit.
    """
    if not name.endswith(NOTE):
        return False
    return name.removesuffix(NOTE) in names or (
        folder == "quarantine" and f"{name}{NOTE}" not in names
    )


def _may_hold_copy(name: str) -> bool:
    """Whether it is a copy, an album of copies, or one of a story, which may have some."""
    marks = name.partition("_")[0]
    return "c" in marks or ("=" in marks and "-" in marks)


def is_job(entry: Listed) -> bool:
    """Whether this is the folder of a job."""
    return entry.is_directory and Job.parse(entry.name) is not None


def _entries(folder: Folder, job: str, path: Path) -> list[Entry]:
    found = []
    listed = listing.listed(path)
    names = {entry.name for entry in listed}
    for entry in listed:
        unit = listing.unit_of(entry)
        if unit is not None and not is_note(entry.name, names, folder):
            found.append(Entry(folder, job, unit, path / entry.name))
    found.sort(
        key=lambda each: (each.unit.order, nested(each.unit.first), each.unit.kind, each.path.name)
    )
    return found
