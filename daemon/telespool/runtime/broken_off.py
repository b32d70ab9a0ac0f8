"""Break off long work in a thread whose caller was cancelled.

    broken_off.check()        # in the loop of a copy or a checksum, every few megabytes

`cancellation.in_thread` sets the event; this module knows nothing of asyncio, so that commands which only look at the
spool start quickly.
"""

from __future__ import annotations

import contextvars


class End:
    """Whether the work of a thread is to end; it is asked, never waited for."""

    __slots__ = ("is_set",)

    def __init__(self) -> None:
        self.is_set = False


END: contextvars.ContextVar[End | None] = contextvars.ContextVar("end", default=None)
"""Set when the caller of this thread was cancelled; None outside of such a thread."""


class BrokenOff(BaseException):
    """The work of this thread must end because its caller was cancelled. Never seen outside of the thread."""


def check() -> None:
    """Raise BrokenOff if the caller of this thread was cancelled."""
    end = END.get()
    if end is not None and end.is_set:
        raise BrokenOff
