"""The spool, changed: every transition, with its system calls in their order and its one commit.

What a transition guarantees: before its commit it can be repeated, after it it can be seen to be done; data is
on the disk before the commit, both directories after it; nothing is ever overwritten. So the process may die,
or the power fail, between any two calls.

This is the only module that moves files between folders. All methods block (they fsync); workers call them
with `asyncio.to_thread`. What leaves them is `OSError` where the disk itself fails: ENOSPC is for the caller to
wait out. `changed` is called with the folders a commit has touched; it is a hint, never the truth.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from daemon.disk import Disk
from daemon.errors import ConfigError
from daemon.folders import FOLDERS, REPORT, SKIPPED, Entry, Folder, Folders
from daemon.lock import Lock
from daemon.names import Job, Unit, clean, title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

GATHERED = ".gathered"
"""Holds, in a job of incoming/, the files of a drop that is being claimed."""

_WRONG_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}

APART = ".telespool-"
"""Begins the name of what was set apart in an inbox on another file system."""


class Spool(Folders):
    """The spool under `root`. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        root: Path,
        inbox: Path | None = None,
        *,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.time,
        changed: Callable[[Sequence[Folder]], None] = lambda _: None,
    ) -> None:
        super().__init__(root, inbox)
        self.disk = disk or Disk()
        self.clock = clock
        self.changed = changed
        self._lock = Lock(root / "lock")
        self.closing = threading.Lock()
        """Held by whoever closes a job: two workers may see its end at once."""

    # -- opening and closing -----------------------------------------------------------------------

    def open(self) -> None:
        """Make the folders, take the lock, empty tmp/.

        SpoolBusy where another process has the lock; ConfigError where the folders cannot be made, or are not
        one file system.
        """
        with _explained():
            self.root.mkdir(parents=True, exist_ok=True)
            self._lock.take()
        try:
            with _explained():
                for name in (*FOLDERS, "tmp"):
                    (self.root / name).mkdir(exist_ok=True)
                self.inbox.mkdir(parents=True, exist_ok=True)
            self._check_one_file_system()
            self.empty_tmp()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the lock back; safe to call twice."""
        self._lock.release()

    def _check_one_file_system(self) -> None:
        # st_dev does not tell: two bind mounts of one file system refuse a rename all the same. So rename.
        probe = self.tmp / f".probe-{os.getpid()}"
        for name in FOLDERS:
            target = self.root / name / probe.name
            for leftover in (probe, target):
                leftover.unlink(missing_ok=True)
            probe.touch()
            try:
                os.rename(probe, target)  # noqa: PTH104 - the question is what rename(2) says
            except OSError as error:
                problem = (
                    f"spool.root: {self.root / name} and {self.tmp} are not under one mount"
                    f" ({error.strerror}); the whole spool must lie on one file system"
                )
                raise ConfigError([problem]) from error
            finally:
                for leftover in (probe, target):
                    leftover.unlink(missing_ok=True)

    def empty_tmp(self) -> None:
        """Remove what an earlier process was making; all of it can be made again."""
        with os.scandir(self.tmp) as entries:
            leftovers = [self.tmp / entry.name for entry in entries]
        for path in leftovers:
            self.disk.rmtree(path)

    # -- inbox → incoming --------------------------------------------------------------------------

    def claim(self, drop: Path, chat: str, beside: Sequence[Path] = ()) -> Entry:
        """Take a file or a folder out of the inbox; it becomes unit 0000 of a new job.

        `beside` are the files that belong to it, the other volumes of an archive and its password: they are
        gathered first, and one rename makes all of them the drop.
        """
        job = self._new_job(chat, drop.name)
        unit = Unit(first=0, label=clean(drop.name))
        target = self.job_folder("incoming", job) / str(unit)
        try:
            self.disk.fsync(self.root / "incoming")
            if self._is_ours_alone((drop, *beside)):
                self._claim_here((*beside, drop), target)
            else:
                self._claim_across((*beside, drop), target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                self.tidy(target.parent)
                raise
            self._claim_across((*beside, drop), target)
        self.disk.fsync(target.parent, self.root / "incoming", drop.parent)
        self.changed(["incoming"])
        return Entry("incoming", job, unit, target)

    @staticmethod
    def _is_ours_alone(drops: Sequence[Path]) -> bool:
        """Whether the drops are this user's, and nobody has another name (a hard link) for a file of them.

        What we do to a file with two names is done to both; of what belongs to another member of the group we may
        set no times and drop no data. PermissionError where it can neither be taken nor copied and removed.
        """
        ours = True
        for path in drops:
            state = path.stat()
            if state.st_uid != os.geteuid():
                ours = False
                _check_access(path)
            elif not path.is_dir() and state.st_nlink > 1:
                ours = False
        return ours

    def _claim_here(self, drops: Sequence[Path], target: Path) -> None:
        """One file or folder by one rename; several are gathered first. Broken off, they are put back."""
        for path in drops:
            if path.is_dir():
                self.disk.syncfs(path)
            else:
                self.disk.fsync(path)
        if len(drops) == 1:
            self.disk.rename(drops[0], target)  # commit
            return
        gathered = target.parent / GATHERED
        self.disk.mkdir(gathered)
        self.disk.fsync(target.parent)
        try:
            for path in drops:
                self.disk.rename(path, gathered / path.name)
            self.disk.fsync(gathered, drops[-1].parent)
            self.disk.rename(gathered, target)  # commit
        except OSError:
            self.put_back(gathered, drops[-1].parent)
            raise

    def put_back(self, directory: Path, inbox: Path) -> list[str]:
        """Undo a claim: what was set apart goes back to where it was dropped; the names of it."""
        paths = sorted(directory.iterdir())
        for path in paths:
            self.disk.rename(path, free_name(inbox / path.name))
        self.disk.fsync(inbox, directory)
        self.disk.rmdir(directory)
        return [path.name for path in paths]

    def _claim_across(self, drops: Sequence[Path], target: Path) -> None:
        """The same by a copy: from another file system, where a rename cannot reach, or of what others have names for.

        The drop is set apart first, under the job's name: whoever finds it there at the next start can see
        whether the job has come to be (`recovery`).
        """
        inbox = drops[-1].parent
        apart = inbox / f"{APART}{target.parent.name}"
        staged = self.tmp / target.parent.name
        self.disk.mkdir(apart)
        self.disk.fsync(inbox)
        try:
            for path in drops:
                self.disk.rename(path, apart / path.name)
            self.disk.fsync(apart, inbox)
            self.disk.copy_tree(apart if len(drops) > 1 else apart / drops[0].name, staged)
            self.disk.rename(staged, target)  # commit
        except OSError:
            self.disk.rmtree(staged)
            self.put_back(apart, inbox)
            self.tidy(target.parent)
            raise
        self.disk.fsync(target.parent, self.root / "incoming")
        self.disk.rmtree(apart)

    def _new_job(self, chat: str, dropped: str) -> str:
        wanted = Job.make(self.clock(), chat, title(dropped))
        job, n = wanted, 1
        self.disk.mkdir(self.root / "incoming")  # a person may have removed it
        # Unique in all folders, not only in incoming/: a job of the same second may be done already.
        while any(self.job_folder(folder, str(job)).exists() for folder in FOLDERS) or not (
            self.disk.mkdir(self.job_folder("incoming", str(job)))
        ):
            n += 1
            job = wanted.numbered(n)
        return str(job)

    # -- incoming → uploading / deferred / quarantine ----------------------------------------------

    def release(self, job: str, staged: Path, unit: Unit, folder: Folder) -> Entry:
        """Let one finished file of tmp/ out as a unit."""
        target = self.job_folder(folder, job) / str(unit)
        self.disk.fsync(staged)
        released = self._move(staged, target, folder, job, unit)
        self._advance_drop(job)
        return released

    def release_album(self, job: str, staged: Sequence[tuple[Unit, Path]]) -> Entry:
        """Let finished files of tmp/ out as one album: it is closed by the rename that commits it."""
        unit = Unit.album(staged[0][0].first, staged[-1][0].first, staged[0][0].kind)
        building = self.tmp / f"{job}.{unit}"
        if building.exists():  # an attempt that found no room
            self.disk.rmtree(building)
        self.disk.mkdir(building)
        for member, path in staged:
            self.disk.fsync(path)
            self.disk.rename(path, building / str(member))
        self.disk.fsync(building)
        released = self._move(
            building, self.job_folder("uploading", job) / str(unit), "uploading", job, unit
        )
        self._advance_drop(job)
        return released

    def _advance_drop(self, job: str) -> None:
        drop = self.drop(job)
        if drop is not None and drop.folder == "incoming":
            self.advance(drop)

    def release_drop(self, entry: Entry) -> Entry:
        """Put the drop of a job into done/, after its last member has left."""
        unit = entry.unit.plain()
        return self._move(
            entry.path, self.job_folder("done", entry.job) / str(unit), "done", entry.job, unit
        )

    # -- attempts ----------------------------------------------------------------------------------

    def begin(self, entry: Entry) -> Entry:
        """Mark a unit as being worked on. Not fsynced: a lost mark costs nothing.

        Its time becomes that of the job; whoever gets further with it sets it anew (`advance`).
        """
        begun = self._rename_in_place(entry, entry.unit.attempted(self.deaths(entry) + 1))
        self.disk.utime(begun.path, _claimed(entry.job))
        return begun

    def begin_again(self, entry: Entry) -> Entry:
        """Mark the next attempt after one that failed, whatever it got done."""
        return self._rename_in_place(entry, entry.unit.attempted(entry.unit.attempt + 1))

    def advance(self, entry: Entry) -> None:
        """Note that the work on a unit got further: should the process die now, this unit is no poison."""
        with contextlib.suppress(FileNotFoundError):
            self.disk.utime(entry.path, max(self.clock(), _claimed(entry.job) + 1))

    def deaths(self, entry: Entry) -> int:
        """How often the process died over a unit that is marked, since it last got further with it."""
        if entry.unit.attempt <= 1 or entry.path.stat().st_mtime == _claimed(entry.job):
            return entry.unit.attempt
        return 1

    def pause(self, entry: Entry) -> Entry:
        """Take the mark back: the work was broken off by us, which is not a death."""
        return self._rename_in_place(entry, entry.unit.attempted(max(0, entry.unit.attempt - 1)))

    def _rename_in_place(self, entry: Entry, unit: Unit) -> Entry:
        target = entry.path.with_name(str(unit))
        if target != entry.path:
            self.disk.rename(entry.path, target)
        return Entry(entry.folder, entry.job, unit, target)

    # -- uploading → done --------------------------------------------------------------------------

    def deliver(self, entry: Entry, messages: Mapping[int, int]) -> Entry:
        """Write the receipts (message id by member's number) into the names and put the unit into done/.

        The members of an album get theirs first. Should the process die among them, the whole request is
        repeated, and Telegram answers it with the same messages.
        """
        if entry.unit.is_album:
            for member in self.members(entry):
                message = messages.get(member.unit.first)
                if message is None:
                    # A person put it into the album while that was being sent: it goes by itself.
                    self._split_off(member)
                else:
                    self._rename_in_place(member, member.unit.delivered(message))
            self.disk.fsync(entry.path)
        unit = entry.unit.delivered(messages[min(messages)])
        done = self._move(
            entry.path, self.job_folder("done", entry.job) / str(unit), "done", entry.job, unit
        )
        self.drop_data(done)
        return done

    def _split_off(self, member: Entry) -> Entry:
        unit = member.unit.plain()
        target = self.job_folder("uploading", member.job) / str(unit)
        return self._move(member.path, target, "uploading", member.job, unit)

    def drop_data(self, entry: Entry) -> None:
        """Empty a delivered unit of a job whose archive is kept: its bytes are in the archive still."""
        drop = self.drop(entry.job)
        if drop is None or drop.path == entry.path or self.archive_in(drop) is None:
            return
        for member in self.members(entry):
            if member.path.stat().st_size:
                self.disk.truncate(member.path)

    # -- uploading → deferred, and back ------------------------------------------------------------

    def defer(self, entry: Entry) -> Entry:
        """Send a unit, or one member of an album, to be converted."""
        unit = entry.unit.plain()
        return self._move(
            entry.path,
            self.job_folder("deferred", entry.job) / str(unit),
            "deferred",
            entry.job,
            unit,
        )

    def wait(self, entry: Entry, until: float) -> Entry:
        """Put a unit aside for a later try. The @K in its name tells it from one to be converted."""
        unit = entry.unit.attempted(max(1, entry.unit.attempt))
        self.disk.utime(entry.path, until)
        return self._move(
            entry.path,
            self.job_folder("deferred", entry.job) / str(unit),
            "deferred",
            entry.job,
            unit,
        )

    def send_home(self, entry: Entry) -> bool:
        """Bring a unit back that a person moved to where nobody can do anything with it; whether it was one."""
        unit, home = entry.unit, entry.folder
        if unit.message is not None or unit.kind == "o":
            home = "done"
        elif unit.first == 0:
            home = "incoming"
        elif home == "incoming":
            home = "uploading"
        elif unit.is_album or unit.kind == "c":
            home = "uploading" if home == "converting" or not unit.attempt else home
        if home == entry.folder:
            return False
        unit = replace(unit, attempt=0)
        self._move(entry.path, self.job_folder(home, entry.job) / str(unit), home, entry.job, unit)
        return True

    def resume(self, entry: Entry) -> Entry:
        """Bring a unit back whose time has come. Waiting is not failing: it starts with a clean name."""
        unit = entry.unit.plain()
        return self._move(
            entry.path,
            self.job_folder("uploading", entry.job) / str(unit),
            "uploading",
            entry.job,
            unit,
        )

    def dissolve(self, entry: Entry) -> list[Entry]:
        """Make the members of an album units of their own, each with the album's attempts."""
        singles = []
        for member in self.members(entry):
            if member.unit.message is not None:  # its album was posted: the name is the receipt
                singles.append(self.deliver(member, {member.unit.first: member.unit.message}))
                continue
            unit = member.unit.plain().attempted(entry.unit.attempt)
            target = self.job_folder(entry.folder, entry.job) / str(unit)
            self.disk.utime(member.path, _claimed(entry.job))
            singles.append(self._move(member.path, target, entry.folder, entry.job, unit))
        self.drop_empty_album(entry)
        return singles

    def drop_empty_album(self, entry: Entry) -> None:
        """Remove the directory of an album whose members have all gone elsewhere."""
        self.disk.rmdir(entry.path)
        self.disk.fsync(entry.path.parent)
        self.tidy(entry.path.parent)
        self.changed(["uploading"])

    # -- deferred → converting → uploading → done --------------------------------------------------

    def start_conversion(self, entry: Entry) -> Entry:
        """Take an original to be converted."""
        unit = entry.unit.attempted(entry.unit.attempt + 1)
        return self._move(
            entry.path,
            self.job_folder("converting", entry.job) / str(unit),
            "converting",
            entry.job,
            unit,
        )

    def release_copy(self, original: Entry, result: Path) -> Entry:
        """Let a finished, verified copy out; the original stays until the copy is delivered."""
        unit = original.unit.copy(result.suffix)
        return self.release(original.job, result, unit, "uploading")

    def release_parts(self, original: Entry, parts: Sequence[Path]) -> Entry:
        """Let the parts of a film out that is too large for one message: one album, by one rename."""
        staged = [
            (original.unit.part(place, len(parts), path.suffix), path)
            for place, path in enumerate(parts, 1)
        ]
        return self.release_album(original.job, staged)

    def release_original(self, original: Entry) -> Entry:
        """Put an original into done/ after its copy."""
        self.drop_segments(original)
        unit = original.unit.original()
        done = self._move(
            original.path,
            self.job_folder("done", original.job) / str(unit),
            "done",
            original.job,
            unit,
        )
        self.drop_data(done)
        return done

    def drop_segments(self, original: Entry) -> None:
        """Remove the finished segments of a conversion that is over."""
        segments = self.segments(original)
        if segments.exists():
            self.disk.rmtree(segments)

    def drop_copy(self, copy: Entry) -> None:
        """Remove a copy that was refused, after its original is in quarantine."""
        self.disk.rmtree(copy.path)
        self.disk.fsync(copy.path.parent)
        self.tidy(copy.path.parent)
        self.changed([copy.folder])

    # -- any → quarantine --------------------------------------------------------------------------

    def quarantine(self, entry: Entry, reason: str) -> Entry:
        """Put a unit, or one member of an album, where it stays, with the sentence that says why.

        The note comes first: an orphan note does no harm, a file without a reason would.
        """
        unit = entry.unit.plain()
        target = self.job_folder("quarantine", entry.job) / str(unit)
        self.make(target.parent)
        target = free_name(target)
        note = target.with_name(f"{target.name}.txt")
        self.disk.unlink(note)
        self.disk.write(note, f"{reason}\n".encode("utf-8", "replace"))
        self.disk.fsync(target.parent)
        if entry.folder == "converting":
            self.drop_segments(entry)
        return self._move(entry.path, target, "quarantine", entry.job, unit)

    def quarantine_staged(self, job: str, staged: Path, unit: Unit, reason: str) -> Entry:
        """Put a finished file of tmp/ into quarantine."""
        self.disk.fsync(staged)
        released = self.quarantine(Entry("incoming", job, unit, staged), reason)
        self._advance_drop(job)
        return released

    # -- the end of a job --------------------------------------------------------------------------

    def note_skipped(self, job: str, lines: Sequence[str]) -> None:
        """Leave the list of what was left out of a job beside its receipts."""
        self._write_in_done(job, SKIPPED, lines)

    def write_report(self, job: str, lines: Sequence[str]) -> None:
        """Leave the report of a finished job beside its receipts; one that was told before is out of date."""
        told = self.report(job)
        self._write_in_done(job, REPORT, lines)
        if told is not None and told.name != REPORT:
            self.disk.unlink(told)
        self.changed(["done"])

    def report_told(self, job: str, message: int) -> None:
        """Write the receipt of a report into its name."""
        report = self.job_folder("done", job) / REPORT
        self.disk.rename(
            report, report.with_name(f"{report.stem}+{message}{report.suffix}")
        )  # commit
        self.disk.fsync(report.parent)

    def _write_in_done(self, job: str, name: str, lines: Sequence[str]) -> None:
        target = self.job_folder("done", job) / name
        self.make(target.parent)
        staged = self.tmp / f"{job}.{name}"
        self.disk.unlink(staged)
        self.disk.write(staged, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
        self.disk.replace(staged, target)  # commit
        self.disk.fsync(target.parent)

    def forget(self, job: str) -> None:
        """Remove a job from done/ for good. The rename to tmp/ commits; tmp/ is emptied at every start."""
        grave = self.tmp / f"{job}.forgotten"
        self.disk.rename(self.job_folder("done", job), grave)  # commit
        self.disk.fsync(self.root / "done")
        self.disk.rmtree(grave)
        self.changed(["done"])

    def forget_data(self, entry: Entry) -> None:
        """Remove an archive or an original from done/; the receipts stay."""
        if entry.unit.first == 0:
            self.disk.rmtree(entry.path)
        else:
            for member in self.members(entry):
                self.disk.truncate(member.path)
        self.changed(["done"])

    def drop_orphan_segments(self, job: str) -> None:
        """Remove segments whose original is no longer to be converted."""
        waiting = {
            entry.unit.first
            for folder in ("uploading", "deferred", "converting")
            for entry in self.units(folder, job)
            if entry.unit.kind == ""
        }
        for path in self.job_folder("converting", job).glob("*.segments"):
            number = path.name.removesuffix(".segments")
            if number.isdecimal() and int(number) not in waiting:
                self.disk.rmtree(path)

    def drop_orphan_notes(self, job: str) -> None:
        """Remove notes whose file is not (or no longer) in quarantine."""
        for note in self.job_folder("quarantine", job).glob("*.txt"):
            file = note.with_suffix("")
            if Unit.parse(file.name) and not file.exists() and not is_noted(note):
                self.disk.unlink(note)

    # -- how every unit moves ----------------------------------------------------------------------

    def _move(self, source: Path, target: Path, folder: Folder, job: str, unit: Unit) -> Entry:
        while True:
            try:
                self.make(target.parent)
                self.disk.rename(source, target)  # commit
            except FileExistsError:
                # A person put something of that name there: both are kept.
                target = free_name(target)
            except FileNotFoundError:
                # The worker of that folder removed the job's directory, as it was empty for a moment.
                if not source.exists():
                    raise
            else:
                break
        try:
            self.disk.fsync(target.parent, source.parent)
        finally:
            self.tidy(source.parent)
        left: Folder | None = next(
            (name for name in FOLDERS if source.is_relative_to(self.root / name)), None
        )
        self.changed([folder] if left is None else [left, folder])
        return Entry(folder, job, Unit.parse(target.name) or unit, target)

    def make(self, directory: Path) -> None:
        """Make a job's directory, to last; and the folder, which a person may have removed."""
        if not directory.parent.exists():
            self.disk.mkdir(directory.parent)
            self.disk.fsync(self.root)
        if self.disk.mkdir(directory):
            self.disk.fsync(directory.parent)

    def tidy(self, directory: Path) -> None:
        """Remove a job's directory that is empty, so that `ls` shows what there is and nothing else."""
        if directory.parent.parent == self.root and directory.parent.name in FOLDERS:
            with contextlib.suppress(OSError):
                self.disk.rmdir(directory)


def _claimed(job: str) -> float:
    parsed = Job.parse(job)
    return parsed.claimed if parsed else 0.0


def is_noted(path: Path) -> bool:
    """Whether this file in quarantine has a note of its own, so that it is none itself."""
    return path.with_name(f"{path.name}.txt").exists()


def free_name(target: Path) -> Path:
    """The next name like this one that is not taken."""
    if not target.exists():
        return target
    stem, dot, ending = target.name.rpartition(".")
    if not dot:
        stem, ending = target.name, ""
    n = 2
    while (candidate := target.with_name(f"{stem}-{n}{dot}{ending}")).exists():
        n += 1
    return candidate


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say what is wrong with the place of the spool."""
    try:
        yield
    except OSError as error:
        if error.errno not in _WRONG_PLACE:
            raise
        problem = (
            f"spool.root: {error.filename} cannot be made or written ({error.strerror}); give it to the"
            " user who runs this, or name another place under [spool]"
        )
        raise ConfigError([problem]) from error


def _check_access(drop: Path) -> None:
    """PermissionError unless all of a drop can be read, and all its folders emptied."""
    for path in (drop, *(drop.rglob("*") if drop.is_dir() else ())):
        wanted = os.R_OK | os.W_OK | os.X_OK if path.is_dir() else os.R_OK
        if not path.is_symlink() and not os.access(path, wanted):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
