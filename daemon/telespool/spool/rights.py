"""Which folder lets a process write no more, and what gives it back: for who waits for it, and for `doctor`.

A backup that root restored, or a group member's `mkdir done`, leaves a folder of the spool that belongs to somebody
else. The kernel names the file that it refused; people must hear of the folder. Everything blocks.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from telespool.runtime import plain_files
from telespool.spool.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_REFUSALS = {errno.EACCES, errno.EPERM}
_ACL = "system.posix_acl_access"
_SEARCH, _LIST, _READ, _CHANGE = os.X_OK, os.R_OK | os.X_OK, os.R_OK, os.R_OK | os.W_OK | os.X_OK
_REWRITE = os.R_OK | os.W_OK
_NAMED = 8  # folders


@dataclass(frozen=True, slots=True)
class Identity:
    """A user with his groups, as the kernel asks for them."""

    user: int
    groups: frozenset[int]

    @classmethod
    def own(cls) -> Self:
        """That of this process."""
        return cls(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))

    @classmethod
    def of_process(cls, process: int) -> Self | None:
        """That of another process; None where it has ended or nothing tells."""
        with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
            told = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
            groups = {int(told["Gid"][1]), *map(int, told["Groups"])}
            return cls(int(told["Uid"][1]), frozenset(groups))
        return None

    @classmethod
    def of_user(cls, user: int) -> Self:
        """That of a user, as the list of users knows it."""
        groups: set[int] = set()
        with contextlib.suppress(KeyError):
            entry = pwd.getpwuid(user)
            groups = {entry.pw_gid, *os.getgrouplist(entry.pw_name, entry.pw_gid)}
        return cls(user, frozenset(groups))

    @classmethod
    def of_daemon(cls, root: Path) -> Self:
        """Who works on the spool: the daemon where one runs, else who ran it last, as far as the owners tell.

        What root has restored tells nothing: then it is who asks.
        """
        lock = root / "lock"
        if (holder := Lock(lock).holder()) is not None:
            running = cls.of_process(holder)
            return running if running is not None else cls.own()
        for path in (lock, root):
            with contextlib.suppress(OSError):
                owner = path.stat(follow_symlinks=False).st_uid
                if owner == os.geteuid():
                    return cls.own()
                if owner:
                    return cls.of_user(owner)
        return cls.own()

    @property
    def group(self) -> int:
        """The group that the list of users has for him; of one who is not in it, one of his."""
        try:
            return pwd.getpwuid(self.user).pw_gid
        except KeyError:
            return min(self.groups, default=self.user)

    @property
    def name(self) -> str:
        """The user's name; the number of one without."""
        try:
            return pwd.getpwuid(self.user).pw_name
        except KeyError:
            return str(self.user)

    def may_change(self, folder: Path) -> bool:
        """Whether files can be seen in this folder, put into it and taken out of it; a file be written."""
        return self.may(folder, _CHANGE if folder.is_dir() else _REWRITE)

    def may(self, folder: Path, wanted: int) -> bool:
        """Whether this user may do all of this with a file or a folder: the bits of a mode, as access(2) has them."""
        if self == Identity.own():
            return os.access(folder, wanted, effective_ids=True)
        if self.user == 0:
            return True
        return has_acl(folder) or self.mode_allows(folder, wanted)

    def mode_allows(self, path: Path, wanted: int) -> bool:
        """Whether owner, group and mode of a file or a folder let this user do all of this."""
        state = path.stat()
        mode = state.st_mode
        if state.st_uid == self.user:
            mode >>= 6
        elif state.st_gid in self.groups:
            mode >>= 3
        return mode & wanted == wanted

    def locked_out_of(self, path: Path) -> Path | None:
        """The folder that keeps this user from changing what has this path; None where none does."""
        for above in reversed(path.parents):
            if not above.is_dir():
                return None
            if not self.may(above, _CHANGE if above == path.parent else _SEARCH):
                return above
        # A directory moves only with its own consent.
        return path if plain_files.is_directory(path) and not self.may_change(path) else None

    def kept_from_reading(self, path: Path) -> Path | None:
        """The folder (or file) that keeps this user from reading what has this path; None where none does."""
        for above in reversed(path.parents):
            if not self.may(above, _SEARCH):
                return above
        is_file = not plain_files.is_directory(path)
        return None if self.may(path, _READ if is_file else _LIST) else path


def cure(folder: Path, root: Path, who: Identity) -> str:
    """The command that lets this user write again to a folder (or file) of the spool under `root`."""
    state, quoted = folder.stat(), shlex.quote(str(folder))
    is_folder = stat.S_ISDIR(state.st_mode)
    if state.st_uid == who.user:
        return f"sudo chmod u+rw{'x' if is_folder else ''} {quoted}"
    like = root.stat()
    give = f"sudo chown {'-R ' if is_folder else ''}{who.name}:{_group(like, who)} {quoted}"
    if folder == root and state.st_mode & stat.S_IRWXU == stat.S_IRWXU:
        return give
    mode = stat.S_IMODE(like.st_mode) | 0o700 if is_folder else stat.S_IMODE(state.st_mode) | 0o600
    return f"{give} && sudo chmod {mode:o} {quoted}"


def cure_of_all(folders: Sequence[Path], root: Path, who: Identity) -> str:
    """The one command that lets this user write to all of these."""
    if len(folders) == 1:
        return cure(folders[0], root, who)
    theirs = [each for each in folders if each.stat().st_uid != who.user]
    narrow = [each for each in folders if each not in theirs]
    commands = []
    if len(theirs) == 1:
        commands.append(cure(theirs[0], root, who))
    elif theirs:
        commands.append(
            f"sudo chown -R {who.name}:{_group(root.stat(), who)} {shlex.quote(str(root))}"
        )
        narrow += [each for each in theirs if not each.stat().st_mode & stat.S_IWUSR]
    if len(narrow) > _NAMED:
        commands.append(f"sudo chmod -R u+rwX {shlex.quote(str(root))}")
    elif narrow:
        listed = " ".join(shlex.quote(str(each)) for each in narrow)
        commands.append(f"sudo chmod u+rwX {listed}")
    return " && ".join(commands)


def _group(root: os.stat_result, who: Identity) -> str:
    """The group of the spool; where the spool itself belongs to others, his own."""
    ours = root.st_uid == who.user or root.st_gid in who.groups
    return group_name(root.st_gid if ours else who.group)


def group_name(number: int) -> str:
    """The name of a group; its number where it has none."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def has_acl(path: Path) -> bool:
    """Whether a file or a folder has a list of rights, which we do not read."""
    with contextlib.suppress(OSError):
        os.getxattr(path, _ACL)
        return True
    return False


def whose(folder: Path) -> str:
    """To whom a folder belongs, and its mode, in words."""
    state = folder.stat()
    owner = Identity(state.st_uid, frozenset()).name
    return f"it belongs to {owner}, mode {stat.S_IMODE(state.st_mode):o}"


def listed(folders: Sequence[Path]) -> str:
    """The folders, each with whose it is; of many the first few."""
    named = ", ".join(f"{each} ({whose(each)})" for each in folders[:_NAMED])
    return f"{named} and {len(folders) - _NAMED} more" if len(folders) > _NAMED else named


def _let_pass(folder: Path, who: Identity) -> str:
    """The sentence about a folder that the spool lies in: it is not ours to be given."""
    told = f"{folder} may not be passed by {who.name} ({whose(folder)})"
    return f"{told}. Let others pass: sudo chmod a+x {shlex.quote(str(folder))}; or name another place under [spool]"


def give_back(folders: Sequence[Path], root: Path, who: Identity) -> str:
    """The sentence about folders of the spool under `root` that this user may not write, with what gives them back."""
    them = "it" if len(folders) == 1 else "them"
    told = f"{listed(folders)} may not be written by {who.name}"
    if len(folders) == 1:
        told = f"{folders[0]} may not be written by {who.name} ({whose(folders[0])})"
    return f"{told}. Give {them} back: {cure_of_all(folders, root, who)}"


def refused(error: OSError, root: Path, who: Identity | None = None) -> tuple[Path, str] | None:
    """The folder that the kernel's refusal is about, and a sentence with what gives it back.

    None where the refusal has another reason than the rights of a folder. `who` was refused: None is this process.
    """
    if error.errno not in _REFUSALS:
        return None
    who = who or Identity.own()
    with contextlib.suppress(OSError):
        for path in _named(error):
            folder = who.locked_out_of(path)
            if folder is None:
                continue
            if folder != root and root.is_relative_to(folder):
                return folder, _let_pass(folder, who)
            return folder, give_back([folder], root, who)
    return None


def refused_to_reader(error: OSError, root: Path) -> tuple[Path, str] | None:
    """The same for a command: what keeps the daemon out is given back to it; what is closed to this user, told."""
    if error.errno not in _REFUSALS:
        return None
    daemon, own = Identity.of_daemon(root), Identity.own()
    if (found := refused(error, root, daemon)) is not None:
        return found
    with contextlib.suppress(OSError):
        for path in _named(error):
            folder = own.kept_from_reading(path)
            if folder is not None:
                told = f"{folder} may not be read by {own.name} ({whose(folder)})"
                return folder, f"{told}. Ask as {daemon.name}: sudo -u {daemon.name} telespool …"
    return None


def _named(error: OSError) -> Iterator[Path]:
    """The files that an error names."""
    for name in (error.filename, error.filename2):
        if isinstance(name, (str, bytes, os.PathLike)):
            path = Path(os.fsdecode(name))
            if path.is_absolute():
                yield path
