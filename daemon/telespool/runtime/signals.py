"""Signals from the first instruction on, and what SIGHUP means here.

A daemon that is told to reload in the first moments of its start must not die of it. `remember` takes SIGTERM and
SIGHUP before anything else is imported; `early` gives what came until somebody takes over.

SIGHUP has two meanings. A service manager, or a person with `kill -HUP`, asks for a reload. A terminal that closes
ends what runs in it; then the terminal is gone when the signal arrives. Under nohup nothing ends with the terminal.
"""

from __future__ import annotations

import os
import signal
from typing import Any, ClassVar

_REMEMBERED = (signal.SIGTERM, signal.SIGHUP)


class _State:
    """What was seen at the start of the process."""

    early: ClassVar[list[int]] = []
    in_terminal: bool | None = None
    survives_hangup = False


def remember() -> None:
    """Keep SIGTERM and SIGHUP for later instead of dying of them."""
    _look()
    for number in _REMEMBERED:
        signal.signal(number, _keep)


def early() -> list[int]:
    """Return the signals that came since `remember`, in order, and forget them."""
    _look()
    came, _State.early = _State.early, []
    return came


def terminal_is_gone() -> bool:
    """Return True if this process was started in a terminal which has been closed since; never under nohup."""
    _look()
    return bool(_State.in_terminal) and not _State.survives_hangup and not _has_terminal()


def _look() -> None:
    if _State.in_terminal is None:
        _State.in_terminal = _has_terminal()
        _State.survives_hangup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def _keep(number: int, _frame: Any) -> None:
    _State.early.append(number)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
