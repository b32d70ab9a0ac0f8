"""What lies in the inbox, and whether it may be taken.

A drop is a file or a folder directly in the inbox (for the chat `default`) or in a subfolder named like a chat. The
volumes of an archive are one drop, and so are an archive and its NAME.password. It is taken when nobody writes to it
(a read lease says so: the kernel refuses one while any process has the file open for writing) and nothing about it has
changed for the settling time. Never taken: names that start with a dot or look unfinished, links, empty files and
folders, files that cannot be read.
"""

from __future__ import annotations

import errno
import fcntl
import fnmatch
import os
import stat
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telespool.archives import volumes
from telespool.pipeline import password_files
from telespool.runtime import plain_files, trees
from telespool.spool.names import DEFAULT_CHAT, password_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Signature = tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Something in the inbox and what is known of it. `obstacle` is a sentence for people: it is not taken.

    `beside` are the files that belong to it; `missing` the names of volumes that must be there and are not.
    """

    path: Path
    chat: str
    signature: Signature
    obstacle: str = ""
    open_for_writing: bool = False
    beside: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def changed(self) -> float:
        """When anything about it changed last, in seconds since the epoch."""
        return max((max(part[2], part[3]) for part in self.signature), default=0) / 1e9


def find(inbox: Path, chats: Iterable[str], ignore: Iterable[str]) -> Iterator[Drop]:
    """The drops in the inbox, whether they may be taken or not."""
    patterns = tuple(ignore)
    aliases = set(chats)
    own = []
    for path in _entries(inbox, patterns):
        if path.name in aliases and plain_files.is_directory(path):
            yield from _together(_entries(path, patterns), path.name, patterns)
        else:
            own.append(path)
    yield from _together(own, DEFAULT_CHAT, patterns)


def _together(paths: list[Path], chat: str, ignore: tuple[str, ...]) -> Iterator[Drop]:
    """The drops of one folder: the volumes of a set are one, and passwords go with their archive."""
    by_name = {path.name: path for path in paths}
    passwords = {name for name in by_name if password_for(name) is not None}
    sets = {each.first: each for each in volumes.group(by_name.keys() - passwords, by_name)}
    in_sets = {name for each in sets.values() for name in each.names}
    firsts = sorted({*sets, *(by_name.keys() - in_sets - passwords)})
    files = {first: sets[first].names if first in sets else (first,) for first in firsts}
    owners = password_files.owners(sorted(passwords), files, by_name)
    for name in sorted(passwords - owners.keys()):
        yield _without_archive(by_name[name], chat, ignore)
    for first, names in files.items():
        each = sets.get(first)
        beside = [by_name[name] for name in names if name != first]
        beside += [by_name[name] for name, owner in owners.items() if owner == first]
        main = by_name.get(first)
        if main is None:  # the first volume is still to come: what there is stands for the set
            main, *beside = beside
        drop = _look(main, chat, ignore)
        if beside or each:
            drop = _joined(drop, [_look(path, chat, ignore) for path in beside])
            drop = replace(drop, missing=each.missing if each else ())
        yield drop


def _without_archive(path: Path, chat: str, ignore: tuple[str, ...]) -> Drop:
    drop = _look(path, chat, ignore)
    sentence = (
        f"{path.name} holds a password, but {password_for(path.name)} does not lie beside it. It is left in the inbox"
        " until that does: drop the archive (again), or remove the file."
    )
    return replace(drop, obstacle=drop.obstacle or sentence)


def _joined(drop: Drop, others: Iterable[Drop]) -> Drop:
    """One drop of several files: it changes, is written to, and is in the way if any of them is."""
    parts = [drop, *others]
    return replace(
        drop,
        signature=tuple(sign for part in parts for sign in part.signature),
        obstacle=next((part.obstacle for part in parts if part.obstacle), ""),
        open_for_writing=any(part.open_for_writing for part in parts),
        beside=tuple(part.path for part in parts[1:]),
    )


def _entries(directory: Path, ignore: tuple[str, ...]) -> list[Path]:
    names = sorted(plain_files.names(directory))
    return [directory / name for name in names if not unfinished(name, ignore)]


def unfinished(name: str, ignore: Iterable[str]) -> bool:
    """Whether a name says that it is not meant for us, or not yet."""
    return name.startswith(".") or any(
        fnmatch.fnmatch(name.lower(), each.lower()) for each in ignore
    )


def _look(path: Path, chat: str, ignore: tuple[str, ...]) -> Drop:
    try:
        state = plain_files.lstat(path)
        if stat.S_ISREG(state.st_mode):
            return _look_at_file(path, chat, state)
        if stat.S_ISDIR(state.st_mode):
            return _look_at_folder(path, chat, ignore)
    except FileNotFoundError:
        return Drop(path, chat, (), open_for_writing=True)
    except PermissionError:
        return Drop(path, chat, (), f"{path.name} cannot be read. Make it readable (chmod g+r).")
    return Drop(
        path,
        chat,
        (),
        f"{path.name} is neither a file nor a folder (a link?). Drop the file itself.",
    )


def _look_at_file(path: Path, chat: str, state: os.stat_result) -> Drop:
    signature = (plain_files.sign(state),)
    if state.st_size == 0:
        return Drop(
            path,
            chat,
            signature,
            f"{path.name} is empty. It is left in the inbox until something is in it.",
        )
    return Drop(
        path,
        chat,
        signature,
        open_for_writing=_open_for_writing(lambda: plain_files.open_file(path)),
    )


def _look_at_folder(path: Path, chat: str, ignore: tuple[str, ...]) -> Drop:
    signature = [plain_files.sign(plain_files.lstat(path))]
    files = 0
    for found in trees.walk(path):
        signature.append(found.sign)
        if found.is_directory:
            continue
        if not found.last.startswith(".") and unfinished(found.last, ignore):
            return Drop(path, chat, tuple(signature), open_for_writing=True)
        if found.is_file:
            files += 1
            if _open_for_writing(found.open):
                return Drop(path, chat, tuple(signature), open_for_writing=True)
    if not files:
        return Drop(
            path,
            chat,
            tuple(signature),
            f"{path.name} is an empty folder. It is left in the inbox.",
        )
    return Drop(path, chat, tuple(signature))


def _open_for_writing(opened: Callable[[], int]) -> bool:
    """Whether a process has the file open for writing; False where nobody can tell (network file systems)."""
    descriptor = opened()
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


class StabilityTracker:
    """Remembers since when each drop has looked the same. Clock jumps do no harm: only waiting is measured."""

    def __init__(self, settle: float) -> None:
        self.settle = settle
        self._since: dict[Path, tuple[Signature, float]] = {}

    def wait(self, drop: Drop, now: float | None = None) -> float:
        """Seconds until this drop has been quiet for long enough; 0 or less when it has."""
        monotonic = time.monotonic()
        signature, since = self._since.get(drop.path, ((), monotonic))
        if signature != drop.signature:
            # It may have been quiet long before we first saw it; believe its times if they are in the past.
            age = (time.time() if now is None else now) - drop.changed
            since = monotonic - max(0.0, age)
            if drop.path in self._since:
                since = monotonic
            self._since[drop.path] = (drop.signature, since)
        return self.settle - (monotonic - since)

    def forget(self, there: set[Path]) -> None:
        """Drop what is no longer in the inbox."""
        for path in self._since.keys() - there:
            del self._since[path]
