"""Opening a path in which nothing is a link with one system call: openat2(2) with RESOLVE_NO_SYMLINKS.

A unit of a spool lies ten directories deep and is asked for some forty times on its way: opened part by part, that is
most of the processor time that a small file costs. Where the kernel has no openat2 (before 5.6), a sandbox forbids
it, or it fails for whatever reason, the answer is None: who asks opens part by part then, and learns what is wrong.
"""

from __future__ import annotations

import ctypes
import errno
import os

_OPENAT2 = 437  # the same number on all architectures of today
_AT_FDCWD = -100
_NO_LINKS = 0x04  # RESOLVE_NO_SYMLINKS, which forbids the links of /proc as well


class _How(ctypes.Structure):
    """struct open_how."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.argtypes = (
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(_How),
    ctypes.c_size_t,
)
_syscall.restype = ctypes.c_long
_hows: dict[int, _How] = {}


def at_once(parts: tuple[str, ...], flags: int) -> int | None:
    """A handle of the last of the parts of a path, of which none is a link; None where that cannot be had in one step.

    FileNotFoundError where there is no such path.
    """
    how = _hows.get(flags)
    if how is None:
        how = _hows[flags] = _How(flags, 0, _NO_LINKS)
    path = os.fsencode("/".join(parts) or ".")
    handle: int = _syscall(_OPENAT2, _AT_FDCWD, path, how, ctypes.sizeof(how))
    if handle >= 0:
        return handle
    if ctypes.get_errno() == errno.ENOENT:
        shown = os.fsdecode(path).replace("//", "/", 1)  # the first part is "/" itself
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), shown)
    return None
