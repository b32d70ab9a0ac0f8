"""What a person does to a spool besides `mv`: try again, hold, drop.

Each is a rename that a person could have typed, so it is safe while the daemon runs, which keeps the lock (the spool is
never opened here): whoever renames first has it,
and the daemon hears of it by the file system's events. `FileNotFoundError` leaves where the daemon was first.

    retry      quarantine/ → uploading/ (an archive: → incoming/), or a wait is ended
    drop again quarantine/ → inbox/CHAT/: an archive that came out of another drop
    hold       uploading/, deferred/ → deferred/ with @1 and a time that never comes
    drop       a copy under a hidden name in inbox/CHAT/, then its rename
"""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Permanent
from telespool.runtime import plain_files
from telespool.spool.account import Account, LeftOut
from telespool.spool.claims import GATHERED
from telespool.spool.companions import PASSWORD_SUFFIX
from telespool.spool.layout import SKIPPED, Entry, note_path
from telespool.spool.names import ALBUM_LABEL, OPEN_LABEL, PARTS_LABEL
from telespool.spool.staging import COPY, staging, sweep
from telespool.spool.waiting import HELD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.spool import Spool


def share(spool: Spool) -> None:
    """Let the group write what is made from here on, as it may write the spool: the daemon must move it."""
    if spool.root.stat().st_mode & 0o020:
        os.umask(0o007)


def retry(spool: Spool, entry: Entry, *, password: str = "", as_document: bool = False) -> Entry:
    """Send a unit that was refused, or that waits, on its way again."""
    unit = entry.unit.plain()
    if unit.is_album and unit.label in {OPEN_LABEL, PARTS_LABEL}:
        unit = replace(unit, label=ALBUM_LABEL)
    if entry.unit.first == 0:
        return _unpack_again(spool, entry, password)
    if as_document:
        unit = unit.document()
    target = spool.job_folder("uploading", entry.job) / str(unit)
    note = note_path(entry.path)
    moved = spool.move(entry.path, target, "uploading", entry.job, unit)
    _forget_note(spool, entry, note)
    return moved


def _unpack_again(spool: Spool, entry: Entry, password: str) -> Entry:
    unit = entry.unit.plain()
    folder = spool.job_folder("incoming", entry.job)
    note = note_path(entry.path)
    beside = _passwords_beside(entry)
    if password := password or _password_beside(entry):
        entry = _with_password(spool, entry, password)
    for path in beside:
        spool.disk.unlink(path)
    if entry.path.name != GATHERED:
        moved = spool.move(entry.path, folder / str(unit), "incoming", entry.job, unit)
    else:
        spool.disk.rename(entry.path, folder / str(unit))  # commit
        spool.disk.fsync(folder)
        moved = Entry("incoming", entry.job, unit, folder / str(unit))
    quarantined = spool.job_folder("quarantine", entry.job)
    spool.disk.unlink(note)
    spool.tidy(quarantined)
    return moved


def _with_password(spool: Spool, entry: Entry, password: str) -> Entry:
    """The archive in a folder together with its NAME.password, as a drop of both would have become.

    Broken off between the two renames, both are put back into the inbox at the next start (`recovery`).
    """
    name = f"{entry.unit.label}{PASSWORD_SUFFIX}"
    if plain_files.is_directory(entry.path):
        beside = entry.path / name
        spool.disk.unlink(beside)
        spool.disk.write(beside, f"{password}\n".encode())
        return entry
    folder = spool.job_folder("incoming", entry.job)
    if spool.disk.mkdir(folder):
        spool.disk.fsync(folder.parent)
    gathered = folder / GATHERED
    spool.disk.mkdir(gathered)
    spool.disk.write(gathered / name, f"{password}\n".encode())
    spool.disk.rename(entry.path, gathered / entry.unit.label)
    spool.disk.fsync(gathered, entry.path.parent)
    return Entry("incoming", entry.job, entry.unit, gathered)


def _forget_note(spool: Spool, entry: Entry, note: Path) -> None:
    if entry.folder == "quarantine":
        spool.disk.unlink(note)
        spool.tidy(note.parent)


def drop_again(spool: Spool, entry: Entry, password: str = "") -> Path:
    """Put an archive that came out of a drop into the inbox, where it is a drop of its own; return its place there."""
    directory = _inbox_of(spool, entry.chat, entry.topic)
    target = directory / entry.unit.shown
    if plain_files.exists(target):
        raise Permanent(f"{target} is there already and waits to be taken. Move one of them away.")
    if password := password or _password_beside(entry):
        # First: the archive alone might be taken at once.
        spool.disk.write(directory / f"{target.name}{PASSWORD_SUFFIX}", f"{password}\n".encode())
    note = note_path(entry.path)
    _tell_dropped_again(spool, entry)
    try:
        spool.disk.rename(entry.path, target)  # commit
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        raise Permanent(
            f"{entry.unit.label} lies on another file system than the inbox. Copy it into {directory} yourself."
        ) from error
    spool.disk.fsync(directory, entry.path.parent)
    for beside in _passwords_beside(entry):
        spool.disk.unlink(beside)
    _forget_note(spool, entry, note)
    return target


_AGAIN = "it was dropped again, and is a job of its own"


def _tell_dropped_again(spool: Spool, entry: Entry) -> None:
    """Put into the account of its drop where it goes: as long as it lies in quarantine that counts more."""
    line = Account.read(spool, entry.job).members.get(entry.unit.first)
    if line is None:
        return
    told = LeftOut(line.name, _AGAIN, line.size, line.digest, line.number)
    spool.note_members(entry.job, [told.line])
    there = spool.lines(entry.job, SKIPPED)
    if str(told) not in there:
        spool.note_skipped(entry.job, [*there, str(told)])


def _password_beside(entry: Entry) -> str:
    """What a NAME.password beside a unit holds, by the name it has there or had before; "" without one."""
    texts = [plain_files.read_text(path).strip("\n") for path in _passwords_beside(entry)]
    return "\n".join(texts)


def _passwords_beside(entry: Entry) -> list[Path]:
    names = dict.fromkeys((entry.path.name, entry.unit.label))
    paths = [entry.path.with_name(f"{name}{PASSWORD_SUFFIX}") for name in names]
    return [path for path in paths if plain_files.is_file(path)]


def _inbox_of(spool: Spool, chat: str, topic: str) -> Path:
    """The folder of a chat, or of its topic, in the inbox; made where it is missing."""
    directory = spool.inbox if chat == "default" else spool.inbox / chat
    spool.disk.mkdir(directory)
    if topic:
        directory /= topic
        spool.disk.mkdir(directory)
    return directory


def hold(spool: Spool, entry: Entry) -> Entry:
    """Put a unit aside until a person says `retry`. Its name says so: a time changes when somebody edits the file."""
    spool.disk.utime(entry.path, HELD)
    return spool.put(entry, "deferred", entry.unit.held())


def take_in(spool: Spool, sources: Sequence[Path], chat: str, topic: str = "") -> list[Path]:
    """Copy files or folders into the inbox of a chat (or of its topic); they appear at one moment, complete."""
    directory = _inbox_of(spool, chat, topic)
    sweep(spool.disk, [spool.inbox, directory])
    targets: list[Path] = []
    for source in sources:
        target = directory / source.name
        if target in targets or plain_files.exists(target):
            raise Permanent(
                f"{target} is there already and waits to be taken. Give the new one another name."
            )
        targets.append(target)
    with staging(spool.disk, directory) as hidden:
        copies = [hidden / f"{COPY}{number}" for number in range(len(sources))]
        for source, copy in zip(sources, copies, strict=True):
            spool.disk.copy_tree(Path(os.path.realpath(source)), copy)
        for copy, target in zip(copies, targets, strict=True):
            spool.disk.rename(copy, target)  # commit
    spool.disk.fsync(directory)
    return targets
