"""The spool, changed: every transition, with its system calls in their order and its one commit.

    layout         SpoolLayout: what lies where, read only
    transition     SpoolWriter: the layout, the disk, the clock, and how every unit moves
    claims         inbox → incoming; `copies`: where the source stays
    releases       incoming → uploading, deferred, quarantine, done
    attempts       the marks of attempts
    deliveries     uploading → done, uploading → deferred and back
    apart          uploading → uploading: some members of an album become a unit of their own
    live_photos    uploading → uploading: a still and its clip go apart
    gathering      tmp → deferred → uploading: albums that wait for what belongs to them
    conversions    deferred → converting → uploading, converting → done
    completion     done → gone
    operator       what a person does: retry, hold, drop

The transitions are functions of a `SpoolWriter`. `Spool` is the one that is opened, locked and closed, with all of them
as its methods.

What a transition guarantees: before its commit it can be repeated, after it it can be seen to be done; data is
on the disk before the commit, both directories after it; nothing is ever overwritten. So the process may die,
or the power fail, between any two calls.

This is the only package that moves files between folders. All methods block (they fsync); workers call them
with `asyncio.to_thread`. What leaves them is `OSError` where the disk itself fails: ENOSPC is for the caller to
wait out. `changed` is called with the folders a commit has touched; it is a hint, never the truth.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from typing import TYPE_CHECKING

from telespool.errors import ConfigError, Temporary
from telespool.runtime import plain_files
from telespool.spool import (
    apart,
    attempts,
    claims,
    closing,
    completion,
    conversions,
    copies,
    deliveries,
    joining,
    live_photos,
    mounts,
    moved_notes,
    releases,
    rights,
)
from telespool.spool.closed import closed_jobs, closed_places
from telespool.spool.layout import FOLDERS, Folder
from telespool.spool.lock import Lock
from telespool.spool.names import is_working_name
from telespool.spool.rights import Identity
from telespool.spool.transition import SpoolWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from telespool.spool.fs_ops import FileOps

_WRONG_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}

_CLOCKS_DIFFER = 2.0
"""Seconds by which the times of files may differ from each other: FAT counts in twos."""


class Spool(SpoolWriter):
    """Open the spool under `root`, of whose disk `reserve` bytes stay free (None: none).

    `clock` gives seconds since the epoch, `uptime` since the machine was started.
    """

    # inbox → incoming
    claim = claims.claim
    put_back = claims.put_back
    inbox_of = claims.inbox_of
    finish_copy = claims.finish_copy
    return_late = claims.return_late
    take = copies.take
    finish_taking = copies.finish_taking
    # incoming → uploading, deferred, quarantine, done
    release = releases.release
    release_album = releases.release_album
    release_drop = releases.release_drop
    quarantine = releases.quarantine
    quarantine_staged = releases.quarantine_staged
    drop_segments = releases.drop_segments
    # the attempt that is under way
    begin = attempts.begin
    announce = attempts.announce
    begin_again = attempts.begin_again
    advance = attempts.advance
    advance_upload = attempts.advance_upload
    deaths = attempts.deaths
    count_deaths = attempts.count_deaths
    pause = attempts.pause
    # uploading → done, uploading → deferred and back
    deliver = deliveries.deliver
    drop_data = deliveries.drop_data
    defer = deliveries.defer
    wait = deliveries.wait
    resume = deliveries.resume
    drop_orphan_note = moved_notes.drop_orphan_note
    send_home = deliveries.send_home
    renumber = deliveries.renumber
    dissolve = deliveries.dissolve
    drop_empty_album = deliveries.drop_empty_album
    part_live_photos = live_photos.part_live_photos
    set_apart = apart.set_apart
    reunite = apart.reunite
    # deferred → converting → uploading, converting → done
    start_conversion = conversions.start_conversion
    release_copy = conversions.release_copy
    release_parts = conversions.release_parts
    release_original = conversions.release_original
    drop_copy = conversions.drop_copy
    drop_orphan_segments = conversions.drop_orphan_segments
    # albums that gather, deferred → uploading
    let_out_copy = joining.let_out_copy
    let_out_parts = joining.let_out_parts
    hold_album = joining.hold_album
    close_due = closing.close_due
    close_copies = closing.close_copies
    drop_empty_gatherings = closing.drop_empty_gatherings
    # the end of a job, done → gone
    note_skipped = completion.note_skipped
    add_notes = completion.add_notes
    note_members = completion.note_members
    close_members = completion.close_members
    note_captions = completion.note_captions
    write_report = completion.write_report
    remove_passwords = completion.remove_passwords
    report_told = completion.report_told
    forget = completion.forget
    forget_data = completion.forget_data
    drop_orphan_notes = completion.drop_orphan_notes

    def __init__(
        self,
        root: Path,
        inbox: Path | None = None,
        *,
        disk: FileOps | None = None,
        clock: Callable[[], float] = time.time,
        changed: Callable[[Sequence[Folder]], None] = lambda _: None,
        reserve: int | None = None,
        uptime: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(
            root, inbox, disk=disk, clock=clock, changed=changed, reserve=reserve, uptime=uptime
        )
        self._lock = Lock(self.root / "lock", self.root)
        self.last_start = 0.0
        """When the process before took the spool, in seconds since the epoch; 0 where none did, or nobody knows."""
        self.closing = threading.Lock()
        """Held by whoever closes a job: two workers may see its end at once."""

    def open(self) -> None:
        """Make the folders, take the lock, empty tmp/.

        SpoolBusy where another process has the lock; ConfigError where the folders cannot be made, or are not
        one file system; Temporary where some of it may not be read or written by this user.
        """
        with _explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            self._check_rights()
            self.last_start = self._last_start()
            self._lock.take()
        try:
            with _explained(self.root):
                for name in (*FOLDERS, "tmp"):
                    (self.root / name).mkdir(exist_ok=True)
                self.inbox.mkdir(parents=True, exist_ok=True)
            self._prove_folders()
            self._check_one_file_system()
            self.empty_tmp()
        except BaseException:
            self.close()
            raise

    def _check_rights(self) -> None:
        """Temporary where something of the spool may not be changed: all of it at once, so that one command helps."""
        who = Identity.own()
        if closed := closed_places(self.root, who):
            closed += closed_jobs(self.root, who)
            raise Temporary(rights.give_back(closed, self.root, who), kind="disk")

    def _last_start(self) -> float:
        try:
            return plain_files.lstat(self.root / "lock").st_mtime
        except FileNotFoundError:
            return 0.0

    def jobs_since(self, when: float) -> list[str]:
        """The jobs of done/ in which something was put since then (seconds since the epoch), oldest first."""
        found = []
        for job in self.jobs("done"):
            with contextlib.suppress(FileNotFoundError):
                if (
                    plain_files.lstat(self.job_folder("done", job)).st_mtime
                    >= when - _CLOCKS_DIFFER
                ):
                    found.append(job)
        return found

    def leave_word(self, reason: str) -> None:
        """Let `status` say why the daemon does not run any more: a person must do something."""
        self._lock.leave_word(reason)

    def renew_lock(self) -> bool:
        """Make the file of the lock anew if a person removed it; whether that was so."""
        return self._lock.renew()

    def close(self) -> None:
        """Give the lock back; safe to call twice."""
        self._lock.release()

    def _prove_folders(self) -> None:
        """ConfigError where one of them is not what it should be: all that is in them is ours to empty and to send."""
        problems = [
            f"spool.root: {path} cannot be made or written: a link or a file stands in its place. Telespool follows no"
            " link inside its spool: make it a folder; to use another disk, name it as root or inbox under [spool]"
            for path in (*(self.root / name for name in (*FOLDERS, "tmp")), self.inbox)
            if not plain_files.is_directory(path)
        ]
        if problems:
            raise ConfigError(problems)

    def _check_one_file_system(self) -> None:
        if (apart := mounts.first_apart(self.root)) is not None:
            problem = (
                f"spool.root: {apart.folder} and {self.tmp} are not under one mount"
                f" ({apart.error.strerror}); the whole spool must lie on one file system"
            )
            raise ConfigError([problem]) from apart.error

    def disk_works(self) -> bool:
        """Whether a small file can be written, brought to the disk and read back in tmp/ now. Blocks."""
        probe = self.tmp / f".probe-{os.getpid()}-{threading.get_ident()}"
        try:
            with probe.open("w+b", buffering=0) as file:
                file.write(b"telespool")
                os.fsync(file.fileno())
                file.seek(0)
                return file.read() == b"telespool"
        except OSError:
            return False
        finally:
            with contextlib.suppress(OSError):
                probe.unlink(missing_ok=True)

    def empty_tmp(self) -> None:
        """Remove what an earlier process was making; all of it can be made again. What others put there stays."""
        for name in filter(is_working_name, plain_files.names(self.tmp)):
            self.disk.rmtree(self.tmp / name)


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Say what is wrong with the place of the spool, or with the rights of what lies in it."""
    try:
        yield
    except OSError as error:
        if error.errno not in _WRONG_PLACE:
            raise
        found = rights.refused(error, root)
        if found is not None and (
            found[0].is_relative_to(root) or not os.access(found[0], os.X_OK, effective_ids=True)
        ):
            raise Temporary(found[1], kind="disk") from error
        problem = (
            f"spool.root: {error.filename} cannot be made or written ({error.strerror}); give it to the"
            " user who runs this, or name another place under [spool]"
        )
        raise ConfigError([problem]) from error
