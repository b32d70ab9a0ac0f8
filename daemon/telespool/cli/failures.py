"""Turn unexpected errors of a command into a sentence instead of a traceback.

An error of the operating system becomes a sentence with the file and what to do. Anything else is a defect of
Telespool and is named as one; TELESPOOL_TRACEBACK=1 in the environment shows all of it.
"""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

_CURES = {
    errno.EACCES: "This user may not do that: see ls -ld, or run it as the user who may",
    errno.EPERM: "This user may not do that: see ls -ld, or run it as the user who may",
    errno.ENOSPC: "Free some space there, then try again",
    errno.EDQUOT: "Your quota is used up: free some space, then try again",
    errno.EROFS: "That file system is read-only",
    errno.ENAMETOOLONG: "Give it a shorter name, then try again",
    errno.EIO: "The disk reports an error: see journalctl -k",
    errno.ESTALE: "The network share was lost: mount it again",
    errno.ENOTCONN: "The network share was lost: mount it again",
    errno.ELOOP: "Links point at each other there: name the file itself",
    errno.EMFILE: "Too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "Too many files are open on this machine",
    errno.ENOMEM: "There is not enough memory now",
    errno.ENOENT: "Is the name right, and is its disk mounted?",
    errno.ENOTDIR: "A part of that path is a file, not a folder",
    errno.EISDIR: "That is a folder, and a file is needed",
}


def sentence(error: Exception) -> str:
    """Say what failed, with which file, and what to do."""
    if os.environ.get("TELESPOOL_TRACEBACK"):
        return "".join(traceback.format_exception(error)).rstrip()
    if isinstance(error, OSError) and error.errno is not None:
        cure = _CURES.get(error.errno, "")
        return f"{_what(error)}: {error.strerror or os.strerror(error.errno)}.{f' {cure}.' if cure else ''}".replace(
            "?.", "?"
        )
    if isinstance(error, MemoryError):
        return "There is not enough memory for that now."
    return (
        f"An internal error: {error!r}, {_place(error)}. That is a defect of Telespool; please report it."
        " TELESPOOL_TRACEBACK=1 before the command shows all of it."
    )


def _what(error: OSError) -> str:
    if error.filename is None or isinstance(error.filename, int):
        return "Something could not be read or written"
    name = os.fsdecode(error.filename)
    if error.filename2 is None or isinstance(error.filename2, int):
        return name
    return f"{name} → {os.fsdecode(error.filename2)}"


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "nowhere"
