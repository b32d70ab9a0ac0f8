"""What may not be read or taken in the inbox: which folder or file it is, and the command that changes that.

A folder of a chat belongs to the service: it is given back. What people dropped is let to the group. A folder of
`inbox.folders` belongs to somebody else, who keeps it: it only has to be read. Everything blocks.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from typing import TYPE_CHECKING

from telespool.spool import reach, rights
from telespool.spool.rights import Identity

if TYPE_CHECKING:
    from pathlib import Path

_IMMUTABLE = (
    "{name} cannot be {done}, though its rights allow it. See whether it is immutable (lsattr -d {path}; sudo chattr -i"
    " {path} ends that), or on a file system that is read-only."
)


def closed_folder(
    folder: Path, who: Identity, *, change: bool, given_by_people: bool = False
) -> str:
    """Why nothing in a folder of the inbox is taken by this user; "" where he may take all of it.

    `given_by_people`: somebody made it there, such as one for a topic.
    """
    by = reach.kept_out_by(who, folder, change=change)
    if by is None:
        return ""
    quoted, whose = shlex.quote(str(by)), rights.whose(by)
    if by != folder:
        return (
            f"{folder} may not be read by {who.name}, so nothing in it is taken: {by} lets nobody else pass ({whose})."
            f" Let {who.name} pass: sudo setfacl -m u:{who.name}:x {quoted}"
        )
    if not reach.is_refused_by_mode(who, folder, change=change):
        done = "written" if change else "read"
        return _IMMUTABLE.format(name=folder, done=done, path=quoted)
    if not change:
        return (
            f"{folder} may not be read by {who.name} ({whose}), so nothing in it is taken. Let it be read:"
            f" {_reading(folder, who)}"
        )
    cure = rights.cure(folder, folder.parent, who)
    if given_by_people:
        cure = _for_the_group(folder, who, "rwX")
    return f"{folder} may not be read and written by {who.name} ({whose}), so nothing in it is taken. Give it back: {cure}"


def locked_drop(path: Path, who: Identity, *, change: bool) -> str:
    """Why a drop cannot be read, or with `change` be moved; "" where its rights allow it."""
    part = reach.locked_in(who, path, change=change)
    if part is None:
        return ""
    name = part.relative_to(path.parent)
    if not reach.is_refused_by_mode(who, part, change=change):
        return _IMMUTABLE.format(name=name, done="read or moved", path=shlex.quote(str(part)))
    wanted = ("rwX" if change else "rX") if _is_folder(path) else "r"
    cure, whose = _for_the_group(path, who, wanted), rights.whose(part)
    if change:
        do = "Make it readable" if part.stat().st_uid == who.user else "Let the group do it"
        return f"{name} may not be read or moved by {who.name} ({whose}). {do}: {cure}"
    return f"{name} may not be read by {who.name} ({whose}). Make it readable: {cure}"


def not_taken(path: Path, error: OSError) -> str:
    """Why the kernel would not let a drop be taken out of the inbox."""
    if error.errno not in {errno.EACCES, errno.EPERM}:
        return f"{path.name} cannot be taken out of the inbox ({error.strerror}). Move it there yourself, or take it away."
    who, folder = Identity.own(), path.parent
    try:
        sentence = closed_folder(folder, who, change=True) or locked_drop(path, who, change=True)
        if sentence:
            return sentence
        above = folder.stat()
        if above.st_mode & stat.S_ISVTX and who.user not in {above.st_uid, path.stat().st_uid}:
            return (
                f"{path.name} may not be moved by {who.name}: in {folder} only its owner may move a file (mode"
                f" {stat.S_IMODE(above.st_mode):o}). Let the group do it: chmod -t {shlex.quote(str(folder))}"
            )
    except OSError:
        return f"{path.name} cannot be taken out of the inbox ({error.strerror}). Move it there yourself, or take it away."
    return _IMMUTABLE.format(
        name=path.name, done="moved", path=shlex.quote(os.fsdecode(error.filename or path))
    )


def _for_the_group(path: Path, who: Identity, wanted: str) -> str:
    """The command that lets this user read, or take, all of what people dropped."""
    state, quoted = path.stat(), shlex.quote(str(path))
    deep = "-R " if _is_folder(path) else ""
    sudo = "" if state.st_uid else "sudo "
    if state.st_uid == who.user:
        return f"chmod {deep}u+{wanted} {quoted}"
    if state.st_gid in who.groups:
        return f"{sudo}chmod {deep}g+{wanted} {quoted}"
    above = path.parent.stat().st_gid
    group = rights.group_name(above if above in who.groups else min(who.groups))
    return f"sudo chgrp {deep}{group} {quoted} && sudo chmod {deep}g+{wanted} {quoted}"


def _reading(folder: Path, who: Identity) -> str:
    """How a folder that somebody else keeps comes to be read by this user."""
    state, quoted = folder.stat(), shlex.quote(str(folder))
    if state.st_uid == who.user:
        return f"chmod u+rx {quoted}"
    if state.st_gid in who.groups:
        return f"chmod g+rx {quoted}"
    listed = f"sudo setfacl -m u:{who.name}:rx {quoted}"
    if not state.st_gid:
        return f"{listed}, or chmod o+rx {quoted}"
    member = f"sudo usermod -aG {rights.group_name(state.st_gid)} {who.name}"
    return f"{listed}, or chmod g+rx {quoted} with {member} and a restart of the service"


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)
