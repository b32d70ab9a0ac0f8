"""How long this machine has been up, by a clock that nobody can set: the kernel's own count since it started."""

from __future__ import annotations

import ctypes

_LIBC = ctypes.CDLL(None, use_errno=True)
_SIZE = 512  # more than struct sysinfo has anywhere


def uptime() -> float:
    """Return the seconds since the kernel started, sleep included; 0 where it does not tell."""
    buffer = ctypes.create_string_buffer(_SIZE)
    if _LIBC.sysinfo(buffer):
        return 0.0
    # The first field is a long; sysinfo(2) answers inside a sandbox that hides /proc/uptime as well.
    return float(ctypes.c_long.from_buffer(buffer).value)
