"""inbox → incoming: how a drop becomes a job, and how a claim that was broken off is undone.

One file or folder is claimed by one rename. Several files are gathered in the job first, and one rename makes them
the drop. What lies on another file system, or has other names (hard links) or another owner, is set apart in the
inbox under the job's name and copied. `recovery` puts back what was gathered or set apart when the process died.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

from telespool.runtime import broken_off, hashing, plain_files
from telespool.runtime.plain_files import sign
from telespool.runtime.trees import Changed, Found, list_tree, walk
from telespool.spool.layout import FOLDERS, Entry
from telespool.spool.names import Job, Unit, clean
from telespool.spool.titles import title
from telespool.spool.transition import free_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telespool.runtime.trees import Kind, Listing
    from telespool.spool.transition import SpoolWriter

GATHERED = ".gathered"
"""Holds, in a job of incoming/, the files of a drop that is being claimed."""

APART = ".telespool-"
"""Begins the name of what was set apart in the inbox to be copied."""


def claim(
    spool: SpoolWriter,
    drop: Path,
    chat: str,
    beside: Sequence[Path] = (),
    *,
    together: str = "",
    topic: str = "",
) -> Entry:
    """Take a file or a folder out of the inbox; it becomes unit 0000 of a new job.

    `beside` are the files that belong to it, the other volumes of an archive and its password: they are
    gathered first, and one rename makes all of them the drop. With `together` they are equals, files that were
    dropped in one moment, and that is what their folder is called. `topic` is that of the chat, where the drop lies in
    a folder for one.
    """
    job = new_job(spool, chat, drop.name, together, topic)
    unit = Unit(first=0, label=clean(together or drop.name))
    target = spool.job_folder("incoming", job) / str(unit)
    try:
        spool.disk.fsync(spool.root / "incoming")
        if _is_ours_alone((drop, *beside)):
            _claim_here(spool, (*beside, drop), target)
        else:
            _claim_across(spool, (*beside, drop), target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            spool.tidy(target.parent)
            raise
        _claim_across(spool, (*beside, drop), target)
    spool.disk.fsync(target.parent, drop.parent)
    spool.changed(["incoming"])
    return Entry("incoming", job, unit, target)


def _is_ours_alone(drops: Sequence[Path]) -> bool:
    """Whether the drops are this user's, all of them, and nobody has another name (a hard link) for a file of them.

    What we do to a file with two names is done to both; of what belongs to another member of the group we may
    set no times and drop no data. PermissionError where it can neither be taken nor copied and removed.
    """
    ours, user = True, os.geteuid()
    for path in drops:
        top = plain_files.lstat(path)
        found = walk(path) if stat.S_ISDIR(top.st_mode) else iter(())
        if top.st_uid != user or any(each.state.st_uid != user for each in found):
            ours = False
            _check_access(path)
        elif not stat.S_ISDIR(top.st_mode) and top.st_nlink > 1:
            ours = False
    return ours


def _claim_here(spool: SpoolWriter, drops: Sequence[Path], target: Path) -> None:
    """One file or folder by one rename; several are gathered first. Broken off, they are put back."""
    for path in drops:
        if plain_files.is_directory(path):
            spool.disk.syncfs(path)
        else:
            spool.disk.fsync(path)
    if len(drops) == 1:
        spool.disk.rename(drops[0], target)  # commit
        return
    gathered = target.parent / GATHERED
    spool.disk.mkdir(gathered)
    spool.disk.fsync(target.parent)
    try:
        for path in drops:
            spool.disk.rename(path, gathered / path.name)
        spool.disk.fsync(gathered, drops[-1].parent)
        spool.disk.rename(gathered, target)  # commit
    except OSError:
        put_back(spool, gathered, drops[-1].parent)
        raise


def put_back(spool: SpoolWriter, directory: Path, inbox: Path) -> list[str]:
    """Undo a claim: what was set apart goes back to where it was dropped; the names of it."""
    names = sorted(plain_files.names(directory))
    for name in names:
        spool.disk.rename(directory / name, free_name(inbox / name))
    spool.disk.fsync(inbox, directory)
    spool.disk.rmdir(directory)
    return names


def _claim_across(spool: SpoolWriter, drops: Sequence[Path], target: Path) -> None:
    """The same by a copy: from another file system, where a rename cannot reach, or of what others have names for.

    The drop is set apart first, under the job's name: whoever finds it there at the next start can see
    whether the job has come to be (`recovery`). Others may change it still, so the copy counts only where the
    original is, after it, what it was before; and of the original only that goes which was copied.
    """
    inbox = drops[-1].parent
    size = sum(_size(path) for path in drops)
    spool.room.must_ever_fit(size, drops[-1].name)
    apart = inbox / f"{APART}{target.parent.name}"
    staged = spool.tmp / target.parent.name
    with spool.room.promised(size, drops[-1].name):
        spool.disk.mkdir(apart)
        spool.disk.fsync(inbox)
        try:
            for path in drops:
                spool.disk.rename(path, apart / path.name)
            spool.disk.fsync(apart, inbox)
            source = apart if len(drops) > 1 else apart / drops[0].name
            listing = spool.disk.copy_tree(source, staged, private=True)
            if list_tree(source) != listing:
                raise Changed(source.name)
            spool.disk.rename(staged, target)  # commit
        except (OSError, broken_off.BrokenOff):
            with contextlib.suppress(FileNotFoundError):  # a person took it back
                spool.disk.rmtree(staged)
                put_back(spool, apart, inbox)
            spool.tidy(target.parent)
            raise
    spool.disk.fsync(target.parent)
    _remove_copied(spool, source, listing)
    if not spool.disk.rmdir(apart):
        put_back(spool, apart, inbox)


def finish_copy(spool: SpoolWriter, apart: Path, job: str) -> list[str]:
    """After a crash: remove of what was set apart what the job has, byte for byte; the rest goes back to the inbox."""
    drop = spool.drop(job)
    names = plain_files.names(apart)
    if drop is not None:
        # Several files lie in a folder of the job, also when only one of them is left here.
        alone = names[:1] if len(names) == 1 else []
        if alone and plain_files.is_file(apart / alone[0]):
            alone = [] if plain_files.is_directory(drop.path) else alone
        source = apart.joinpath(*alone)
        for name, kind in reversed(list_tree(source)):
            if kind.is_directory:
                spool.disk.rmdir(source / name)
            elif _is_copied(source / name, drop.path / name, kind):
                spool.disk.unlink(source / name)
    return [] if spool.disk.rmdir(apart) else put_back(spool, apart, apart.parent)


def _remove_copied(spool: SpoolWriter, source: Path, listing: Listing) -> None:
    """Remove of the original what is as it was when it was copied; what came or changed since stays."""
    for name, kind in reversed(listing):
        path = source / name
        if kind.is_directory:
            spool.disk.rmdir(path)
            continue
        with contextlib.suppress(FileNotFoundError):
            if (kind.is_file or kind.is_link) and sign(plain_files.lstat(path)) == kind.sign:
                spool.disk.unlink(path)


def return_late(spool: SpoolWriter, drop: Entry, names: Sequence[str]) -> list[Path]:
    """Put files back into the inbox that came into a folder after it was claimed; where they lie now.

    They lie in a folder of the same name again, and are a drop of their own. Whoever still writes one of them goes
    on writing.
    """
    home = inbox_of(spool, drop.job) / drop.unit.label
    found = []
    for name in names:
        target = home / name
        for parent in reversed([target.parent, *target.parent.parents]):
            if parent.is_relative_to(home):
                spool.disk.mkdir(parent)
        target = free_name(target)
        try:
            spool.disk.rename(drop.path / name, target)
        except FileNotFoundError:
            continue
        found.append(target)
    spool.disk.fsync(home, home.parent)
    return found


def inbox_of(spool: SpoolWriter, job: str) -> Path:
    """The folder of the inbox where the drops of this job's chat and topic lie; the inbox where there is none."""
    parsed = Job.parse(job)
    if parsed is None:
        return spool.inbox
    own = spool.inbox / parsed.chat
    chat = own if plain_files.is_directory(own) else spool.inbox
    topic = chat / parsed.topic if parsed.topic else chat
    return topic if plain_files.is_directory(topic) else chat


def new_job(spool: SpoolWriter, chat: str, dropped: str, together: str, topic: str = "") -> str:
    spool.disk.mkdir(spool.root / "incoming")  # a person may have removed it
    while True:
        when, token = spool.tokens.next(spool.clock())
        job = str(Job.make(when, chat, together or title(dropped), token, topic))
        # Unique in all folders, not only in incoming/: a job of that name may be done already.
        there = any(plain_files.exists(spool.job_folder(folder, job)) for folder in FOLDERS)
        if not there and spool.disk.mkdir(spool.job_folder("incoming", job)):
            return job


def _is_copied(original: Path, copy: Path, kind: Kind) -> bool:
    """Whether the one is as the other, byte for byte."""
    try:
        if kind.is_link:
            return plain_files.readlink(original) == plain_files.readlink(copy)
        return kind.is_file and hashing.digest_now(original) == hashing.digest_now(copy)
    except OSError:
        return False


def _size(path: Path) -> int:
    return sum(kind.sign[1] for _, kind in list_tree(path) if kind.is_file)


def _check_access(drop: Path) -> None:
    """PermissionError unless all of a drop can be read, and all its folders emptied."""
    with plain_files.parent_of(drop) as parent:
        _check_one(Found(drop.name, plain_files.lstat(drop), parent, drop.name), drop)
    if plain_files.is_directory(drop):
        for found in walk(drop):
            _check_one(found, drop / found.name)


def _check_one(found: Found, path: Path) -> None:
    wanted = os.R_OK | os.W_OK | os.X_OK if found.is_directory else os.R_OK
    if (found.is_directory or found.is_file) and not os.access(
        found.last, wanted, dir_fd=found.parent
    ):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
