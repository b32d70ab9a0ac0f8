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

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSALS = {errno.EACCES, errno.EPERM}
_ACL = "system.posix_acl_access"
_SEARCH, _CHANGE = 0o1, 0o3


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

    @property
    def name(self) -> str:
        """The user's name; the number of one without."""
        try:
            return pwd.getpwuid(self.user).pw_name
        except KeyError:
            return str(self.user)

    def may_change(self, folder: Path) -> bool:
        """Whether files can be put into this folder and taken out of it."""
        return self._may(folder, _CHANGE)

    def _may(self, folder: Path, wanted: int) -> bool:
        if self == Identity.own():
            return os.access(folder, os.X_OK | (os.W_OK if wanted & 0o2 else 0), effective_ids=True)
        if self.user == 0:
            return True
        with contextlib.suppress(OSError):
            os.getxattr(folder, _ACL)
            return True  # a list of rights that we do not read
        state = folder.stat()
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
            if not self._may(above, _CHANGE if above == path.parent else _SEARCH):
                return above
        # A directory moves only with its own consent.
        return path if plain_files.is_directory(path) and not self.may_change(path) else None


def cure(folder: Path, root: Path, who: Identity) -> str:
    """The command that lets this user write again to a folder of the spool under `root`."""
    state, quoted = folder.stat(), shlex.quote(str(folder))
    if state.st_uid == who.user:
        return f"sudo chmod u+rwx {quoted}"
    like = root.stat()
    try:
        group = grp.getgrgid(like.st_gid).gr_name
    except KeyError:
        group = str(like.st_gid)
    mode = stat.S_IMODE(like.st_mode) | 0o700
    return f"sudo chown -R {who.name}:{group} {quoted} && sudo chmod {mode:o} {quoted}"


def whose(folder: Path) -> str:
    """To whom a folder belongs, and its mode, in words."""
    state = folder.stat()
    owner = Identity(state.st_uid, frozenset()).name
    return f"it belongs to {owner}, mode {stat.S_IMODE(state.st_mode):o}"


def refused(error: OSError, root: Path) -> tuple[Path, str] | None:
    """The folder that the kernel's refusal is about, and a sentence with what gives it back.

    None where the refusal has another reason than the rights of a folder.
    """
    if error.errno not in _REFUSALS:
        return None
    who = Identity.own()
    with contextlib.suppress(OSError):
        for path in _named(error):
            folder = who.locked_out_of(path)
            if folder is not None:
                sentence = (
                    f"{folder} may not be written by {who.name} ({whose(folder)}). Give it back:"
                    f" {cure(folder, root, who)}"
                )
                return folder, sentence
    return None


def _named(error: OSError) -> Iterator[Path]:
    """The files that an error names."""
    for name in (error.filename, error.filename2):
        if isinstance(name, (str, bytes, os.PathLike)):
            path = Path(os.fsdecode(name))
            if path.is_absolute():
                yield path
