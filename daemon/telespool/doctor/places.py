"""The spool and what it lies on: folders, rights, one file system, room, events; and the clock of the machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.config.absent_chat import absent_chat
from telespool.config.paths import start_command
from telespool.doctor.findings import Finding, note, ok, wrong
from telespool.doctor.folders import of_inbox
from telespool.observe import control_client, humanize
from telespool.runtime.write_signs import is_leasable
from telespool.spool import rights
from telespool.spool.closed import ClosedFolders, closed_jobs, closed_places
from telespool.spool.layout import FOLDERS, WORKING, SpoolLayout
from telespool.spool.lock import Lock
from telespool.spool.mounts import first_apart
from telespool.spool.rights import Identity
from telespool.spool.strangers import strangers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.config.schema import Config

_SILENT = {"nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "fuse", "fuseblk"}
_WAITS = 8  # that are named
_ENOUGH = 5.0  # times the watches that are needed now


def seen(config: Config) -> Iterator[Finding]:
    """The spool, its inbox, and how writing is told there; where this user may not look, what helps."""
    told = set()
    checks = (("spool", spool), ("inbox", inbox), ("inbox", of_inbox), ("writers", writers))
    for about, check in checks:
        try:
            yield from check(config)
        except PermissionError as error:
            refused = rights.refused_to_reader(error, config.spool.root)
            found, _, cure = (refused[1] if refused else str(error)).partition(". ")
            if found not in told:
                yield wrong(about, found, cure)
            told.add(found)


def spool(config: Config) -> Iterator[Finding]:
    """The folders: there, writable, and under one mount."""
    root = config.spool.root
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        (root / "tmp").lstat()  # PermissionError where this user may not even look into it
    if not root.exists():
        yield note("spool", f"{root} is not there yet", "telespool run makes it at its first start")
        parent = next(path for path in root.parents if path.exists())
        if not os.access(parent, os.W_OK):
            cure = f"Make it for the user who runs Telespool: sudo install -d -o {_user()} {root}"
            yield wrong("spool", f"{parent} cannot be written, so {root} cannot be made", cure)
        return
    broken = [
        name for name in (*FOLDERS, "tmp") if (root / name).exists() and not (root / name).is_dir()
    ]
    if broken:
        listed = ", ".join(str(root / name) for name in broken)
        yield wrong("spool", f"{listed}: not a folder", "Move it away; Telespool makes the folder")
        return
    who = Identity.of_daemon(root)
    closed = closed_places(root, who)
    every = [*closed, *closed_jobs(root, who)]
    if every:
        told = f"{rights.listed(every)}: may not be written by {who.name}, who runs Telespool"
        yield wrong("spool", told, f"Give it back: {rights.cure_of_all(every, root, who)}")
    if closed:
        return
    if not every:
        yield ok("spool", str(root))
    yield _one_file_system(root)
    found = list(strangers(SpoolLayout(root)))
    if found:
        listed = ", ".join(str(path) for path in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        cure = "They are left alone. Drop files into inbox/, not into the other folders"
        yield note("strangers", f"{listed}{more}: not Telespool's", cure)


def writers(config: Config) -> Iterator[Finding]:
    """By what it is known here that somebody still writes to a file in the inbox."""
    inbox = config.spool.inbox or config.spool.root / "inbox"
    if not inbox.is_dir() or not os.access(inbox, os.W_OK):
        return
    probe = inbox / f".doctor-{os.getpid()}"
    try:
        probe.touch()
        leases = is_leasable(lambda: os.open(probe, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return
    finally:
        probe.unlink(missing_ok=True)
    quiet = humanize.span(config.inbox.settle)
    if config.inbox.polling or not leases:
        yield note(
            "who still writes",
            f"nothing tells it in {inbox}: a file is taken once it has not changed for {quiet}",
            "Copy under a hidden name and rename at the end, as rsync does, or set inbox.settle higher",
        )
    else:
        yield ok(
            "who still writes",
            "read leases tell it of files of the daemon's user, events of those of others",
        )


def _one_file_system(root: Path) -> Finding:
    if not (root / "tmp").exists():
        return note("one file system", "the folders are not made yet", "telespool run makes them")
    try:
        apart = first_apart(root)
    except OSError as error:
        cure = "Free some space, or mend the disk"
        return wrong(
            "one file system", f"nothing can be written to {root / 'tmp'}: {error.strerror}", cure
        )
    if apart is not None:
        cure = "Let the whole spool lie on one file system: no mounts and no links inside of it"
        found = (
            f"nothing can be moved from {root / 'tmp'} to {apart.folder}: {apart.error.strerror}"
        )
        return wrong("one file system", found, cure)
    return ok("one file system", "files can be moved between all folders")


def inbox(config: Config) -> Iterator[Finding]:
    """Where people drop: there and writable, its events heard."""
    path = config.spool.inbox or config.spool.root / "inbox"
    if not path.exists():
        yield note("inbox", f"{path} is not there yet", "telespool run makes it at its first start")
        return
    if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        cure = f"It must be a folder that {_user()} may read and write: ls -ld {path}"
        yield wrong("inbox", f"{path} cannot be used", cure)
        return
    yield ok("inbox", str(path))
    kind = _kind(path)
    if kind.partition(".")[0] in _SILENT and not config.inbox.polling:
        cure = (
            "Set [inbox] polling = true; without it new files are seen only at each [inbox] rescan"
        )
        yield note("inbox events", f"{path} lies on {kind}, which sends no events", cure)


def _kind(path: Path) -> str:
    """The kind of file system a path lies on, "" where that cannot be told."""
    best, kind = "", ""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines():
            _, mount, name, *_ = line.split()
            mount = mount.replace("\\040", " ")
            if len(mount) >= len(best) and Path(os.path.realpath(path)).is_relative_to(mount):
                best, kind = mount, name
    return kind


def room(config: Config) -> Finding:
    """Free space and the reserve."""
    root = next(path for path in (config.spool.root, *config.spool.root.parents) if path.exists())
    free, reserve = SpoolLayout(root).free(), config.spool.reserve
    found = f"{humanize.size(free)} free, {humanize.size(reserve)} are kept free"
    if free <= reserve:
        cure = "Free some space (quarantine/ and done/ of the spool?), or lower [spool] reserve; until then nothing is unpacked"
        return wrong("room", found, cure)
    if free < 4 * reserve:
        return note("room", found, "Archives larger than the difference are unpacked bit by bit")
    return ok("room", found)


def events(config: Config, proc: Path = Path("/proc")) -> Finding:
    """inotify: as many watches as there are folders."""
    limits = proc / "sys/fs/inotify"
    try:
        most = int((limits / "max_user_watches").read_text())
        instances = int((limits / "max_user_instances").read_text())
    except (OSError, ValueError):
        return note(
            "inotify",
            "this system does not say its limits",
            "Set [inbox] polling = true if drops are seen late",
        )
    folders = SpoolLayout(config.spool.root, config.spool.inbox)
    needed = 10 + sum(len(ClosedFolders(folders).jobs(folder)) for folder in WORKING)
    needed += sum(1 for _ in os.walk(folders.inbox))
    found = f"{most} watches for each user, {needed} are needed now"
    cure = "echo fs.inotify.max_user_watches=524288 | sudo tee /etc/sysctl.d/50-inotify.conf; sudo sysctl --system"
    if config.inbox.polling:
        return ok("inotify", "not used: [inbox] polling = true")
    if most < needed:
        return wrong("inotify", found, cure)
    if instances < 8 or most < needed * _ENOUGH:
        return note("inotify", f"{found}, {instances} instances", cure)
    return ok("inotify", found)


def daemon(config: Config) -> Finding:
    """Whether it runs, and answers."""
    root = config.spool.root
    lock = Lock(root / "lock")
    holder = lock.holder()
    if holder is None and (word := lock.last_word()) is not None:
        found = f"does not run; it ended at {humanize.moment(word[0])}: {word[1]}"
        return wrong("daemon", found, f"When that is put right, start it: {start_command()}")
    if holder is None:
        return note("daemon", "does not run", f"Start it: {start_command()}")
    if control_client.look(root, holder) is None:
        cure = f"See what it does: journalctl -u telespool -n 50; end it: kill {holder} (nothing is lost)"
        return wrong("daemon", f"process {holder} holds the spool but does not answer", cure)
    return ok("daemon", f"runs, process {holder}")


def waits(config: Config) -> Iterator[Finding]:
    """What the daemon waits for: what a person must put right is wrong, what passes by itself is only told."""
    root = config.spool.root
    holder = Lock(root / "lock").holder()
    told = control_client.look(root, holder) if holder is not None else None
    folders = SpoolLayout(root, config.spool.inbox)
    absent: dict[str, int] = {}
    with contextlib.suppress(PermissionError):  # `spool` names the folder
        absent = folders.without_chat(config.chats)
    for alias, jobs in sorted(absent.items()):
        found = f"{humanize.count(jobs, 'job')} for it: {absent_chat(alias).reason}"
        yield wrong(f"chat {alias}", found, f"Add {alias} under [chats] and load the configuration")
    known = [
        each
        for each in (told or {}).get("waits", [])
        if not (each.get("scope") == "chat" and each["whom"] in absent)
    ]
    for wait in known[:_WAITS]:
        until = f", until {humanize.moment(wait['until'])}" if wait["until"] else ""
        found = f"the daemon waits ({wait['kind']}{until}): {wait['reason']}"
        if wait["kind"] in {"disk", "room", "tool", "account"}:
            yield wrong("waits", found, "Put it right; it goes on by itself then")
        else:
            yield note("waits", found)


def _user() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or str(os.geteuid())
