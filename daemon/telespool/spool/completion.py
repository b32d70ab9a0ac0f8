"""The end of a job: its report and receipts in done/, and what is forgotten of them in time."""

from __future__ import annotations

import contextlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.runtime import plain_files
from telespool.runtime.trees import files_below, folders_below
from telespool.spool.companions import password_for
from telespool.spool.layout import CAPTIONS, MEMBERS, NOTE, NOTES, REPORT, SKIPPED, Entry
from telespool.spool.names import Unit
from telespool.spool.transition import is_noted

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from telespool.spool.transition import SpoolWriter


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was when something was found out about it."""

    path: Path
    device: int
    inode: int
    size: int
    changed: int
    link: bool

    @classmethod
    def of(cls, path: Path, state: os.stat_result) -> FileState:
        """From what lstat says."""
        regular = stat.S_ISREG(state.st_mode)
        return cls(path, *_identity(state), not regular)


def _identity(state: os.stat_result) -> tuple[int, int, int, int]:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def _data_below(folder: Path) -> Iterator[os.stat_result]:
    """The states of what holds data in a job of done/: all but the notes that the program made."""
    for name, state in files_below(folder):
        if "/" in name or not name.endswith(NOTE) or Unit.parse(name) is not None:
            yield state


def note_skipped(spool: SpoolWriter, job: str, lines: Sequence[str]) -> None:
    """Write what was left out of a job beside its receipts. A list of an earlier attempt is out of date."""
    if lines:
        _write_in_done(spool, job, SKIPPED, lines)
    else:
        spool.disk.unlink(spool.job_folder("done", job) / SKIPPED)


def add_notes(spool: SpoolWriter, job: str, lines: Sequence[str]) -> None:
    """Add to what is said of files that were not sent whole, each line once."""
    try:
        text = plain_files.read_text(spool.job_folder("done", job) / NOTES)
    except FileNotFoundError:
        text = ""
    there = text.splitlines()
    if added := [line for line in lines if line not in there]:
        _write_in_done(spool, job, NOTES, [*there, *added])


def note_members(spool: SpoolWriter, job: str, lines: Sequence[str]) -> None:
    """Add to the account of a drop, before what the lines tell of is let out. Not fsynced: a loss proves nothing."""
    folder = spool.job_folder("done", job)
    spool.make(folder)
    text = "".join(f"{line}\n" for line in lines)
    spool.append(folder / MEMBERS, text.encode("utf-8", "replace"))


def note_captions(spool: SpoolWriter, job: str, lines: Sequence[str]) -> None:
    """Add to the captions of a job, before what they stand under is let out (`job_captions`)."""
    folder = spool.job_folder("done", job)
    spool.make(folder)
    # What the power cut off before would else swallow the first of these lines.
    text = "\n" + "".join(f"{line}\n" for line in lines)
    spool.append(folder / CAPTIONS, text.encode("utf-8", "replace"))
    spool.disk.fsync(folder / CAPTIONS, folder)


def close_members(spool: SpoolWriter, job: str, lines: Sequence[str]) -> None:
    """Write the whole account of a drop of which everything is told."""
    _write_in_done(spool, job, MEMBERS, lines)


def write_report(spool: SpoolWriter, job: str, lines: Sequence[str]) -> None:
    """Leave the report of a finished job beside its receipts; one that was told before is out of date."""
    told = spool.report(job)
    _write_in_done(spool, job, REPORT, lines)
    if told is not None and told.name != REPORT:
        spool.disk.unlink(told)
    spool.changed(["done"])


def remove_passwords(spool: SpoolWriter, job: str) -> None:
    """Remove the password files of a drop that lies in done/: they have served, and are not kept in clear."""
    drop = spool.drop(job)
    if drop is None or drop.folder != "done" or not plain_files.is_directory(drop.path):
        return
    found = [
        drop.path / name
        for name, state in files_below(drop.path)
        if stat.S_ISREG(state.st_mode) and password_for(name.rpartition("/")[2]) is not None
    ]
    for path in found:
        spool.disk.unlink(path)
    spool.disk.fsync(*{path.parent for path in found})


def report_told(spool: SpoolWriter, job: str, message: int) -> None:
    """Write the receipt of a report into its name."""
    report = spool.job_folder("done", job) / REPORT
    spool.disk.rename(report, report.with_name(f"{report.stem}+{message}{report.suffix}"))  # commit
    spool.disk.fsync(report.parent)


def _write_in_done(spool: SpoolWriter, job: str, name: str, lines: Sequence[str]) -> None:
    target = spool.job_folder("done", job) / name
    spool.make(target.parent)
    staged = spool.tmp / f"{job}.{name}"
    spool.disk.unlink(staged)
    spool.disk.write(staged, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    spool.disk.replace(staged, target)  # commit
    spool.disk.fsync(target.parent)


def forget(spool: SpoolWriter, job: str, proven: Sequence[FileState]) -> None:
    """Remove a job from done/ for good, if it holds no data but what is proven to have arrived.

    The rename to tmp/ commits. tmp/ is emptied at every start, so what turns out to hold more is put back first.
    """
    folder = spool.job_folder("done", job)
    known = {(each.device, each.inode, each.size, each.changed) for each in proven}
    if any(state.st_size and _identity(state) not in known for state in _data_below(folder)):
        return  # something came meanwhile
    grave = spool.tmp / f"{job}.forgotten"
    spool.disk.rename(folder, grave)  # commit
    spool.disk.fsync(spool.root / "done")
    spool.disk.rmtree(grave)
    spool.changed(["done"])


def forget_data(spool: SpoolWriter, entry: Entry, proven: Sequence[FileState]) -> None:
    """Remove what is proven to have arrived of an archive or an original in done/; the receipts stay."""
    for each in proven:
        with contextlib.suppress(FileNotFoundError):
            state = plain_files.lstat(each.path)
            if _identity(state) != (each.device, each.inode, each.size, each.changed):
                continue  # another file stands there by now
            if entry.unit.first == 0:
                spool.disk.unlink(each.path)
            else:
                spool.disk.truncate(each.path)
    if entry.unit.first == 0:
        _remove_empty(spool, entry.path)
    spool.changed(["done"])


def _remove_empty(spool: SpoolWriter, directory: Path) -> None:
    """Remove a folder of which nothing is left, and the empty ones in it."""
    if not plain_files.is_directory(directory):
        return
    for inner in sorted(folders_below(directory), reverse=True):
        spool.disk.rmdir(directory / inner)
    spool.disk.rmdir(directory)


def drop_orphan_notes(spool: SpoolWriter, job: str) -> None:
    """Remove notes whose file is not (or no longer) in quarantine."""
    folder = spool.job_folder("quarantine", job)
    for name in plain_files.names(folder):
        file = name.removesuffix(NOTE)
        orphan = file != name and Unit.parse(file) and not plain_files.exists(folder / file)
        if orphan and not is_noted(folder / name):
            spool.disk.unlink(folder / name)
