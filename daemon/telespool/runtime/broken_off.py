"""Break off long work in a thread whose caller was cancelled.

    broken_off.check()        # in the loop of a copy or a checksum, every few megabytes

`cancellation.in_thread` sets the event; this module knows nothing of asyncio, so that commands which only look at the
spool start quickly.
"""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

END: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("end", default=None)
"""Set when the caller of this thread was cancelled; None outside of such a thread."""


class BrokenOff(BaseException):
    """The work of this thread must end because its caller was cancelled. Never seen outside of the thread."""


def check() -> None:
    """Raise BrokenOff if the caller of this thread was cancelled."""
    end = END.get()
    if end is not None and end.is_set():
        raise BrokenOff
