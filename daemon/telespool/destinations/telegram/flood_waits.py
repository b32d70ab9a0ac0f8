"""The one gate for everything that Telegram told us to wait for.

A wait closes the gate for what it concerns, whichever connection heard of it: one method, one chat (slow mode), or
everything that brings files and makes posts. Whoever comes to a closed gate stands there until it opens, when that is
soon; when it is not, `Temporary` leaves with the time to come back at, so that nobody holds a file in his hand for an
hour. A wait is never counted as an attempt. Long waits are noted in a file and kept after a restart: a client that
forgets them earns longer ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telespool.errors import Temporary
from telespool.spool.fs_ops import FileOps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telespool.errors import Scope

SENDING = "sending"
_SENDING = {
    "SaveFilePart",
    "SaveBigFilePart",
    "UploadMedia",
    "SendMedia",
    "SendMultiMedia",
    "SendMessage",
}
_NOTED = 60.0  # shorter waits are over before a restart is
_LONGEST = 7 * 86400.0
_MARGIN = 0.2  # Telegram counts in whole seconds, and clocks differ


@dataclass(frozen=True, slots=True)
class FloodWait:
    """One closed gate: what for (a method, `chat NAME`, or `sending`), and until when.

    `until` is Unix time, for people and for the note; `due` is by the clock that nobody can set, and decides.
    """

    what: str
    until: float
    name: str
    due: float

    @property
    def left(self) -> float:
        """Seconds that are left; 0 or less when it is over."""
        return self.due - _now()

    @property
    def scope(self) -> Scope:
        """Who must wait."""
        return "chat" if self.what.startswith("chat ") else "all"


class FloodWaits:
    """The waits in force."""

    def __init__(self, note: Path | None = None, patience: float = 30.0) -> None:
        self._note = note and Path(os.path.realpath(note))
        self._patience = patience
        self.seconds = 0.0
        """Seconds that Telegram has told us to wait, all in all."""
        self._waits: dict[str, FloodWait] = {}
        self._writing = threading.Lock()
        self._read()

    def __iter__(self) -> Iterator[FloodWait]:
        return iter(sorted((w for w in self._waits.values() if w.left > 0), key=_due))

    async def close(self, what: str, seconds: float, name: str) -> None:
        """Telegram said to wait `seconds` with `what`; `name` is the error's. Never shortens a wait."""
        length = max(seconds, 1.0) + _MARGIN
        wait = FloodWait(what, time.time() + length, name, _now() + length)
        before = self._waits.get(what)
        self.seconds += max(0.0, length - max(0.0, before.left if before else 0.0))
        if before is None or before.due < wait.due:
            self._waits[what] = wait
            if seconds >= _NOTED:
                await asyncio.to_thread(self._write)

    async def passage(self, method: str, chat: str | None = None) -> None:
        """Return once nothing forbids a request; Temporary where that is long away."""
        while wait := self._closed(method, chat):
            left = wait.left
            if left > self._patience:
                raise Temporary(
                    sentence(wait, left), retry_after=left, scope=wait.scope, kind="flood"
                )
            await asyncio.sleep(max(left, 0.01))

    def _closed(self, method: str, chat: str | None) -> FloodWait | None:
        asked = (method, f"chat {chat}", SENDING if method in _SENDING else "")
        waits = [w for what in asked if (w := self._waits.get(what)) and w.left > 0]
        return max(waits, key=_due, default=None)

    def _read(self) -> None:
        if self._note is None:
            return
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            for entry in json.loads(self._note.read_bytes()):
                until, length = float(entry["until"]), float(entry.get("left", _LONGEST))
                # A clock that was set back must not make a wait of an hour one of a year.
                left = min(until - time.time(), length)
                if math.isfinite(until) and 0 < left < _LONGEST:
                    what, name = str(entry["what"]), str(entry["name"])
                    self._waits[what] = FloodWait(what, until, name, _now() + left)

    def _write(self) -> None:
        """Note them; a few dozen bytes, seldom, and no harm when it cannot be done.

        Several uploads hear of a wait at once, so one writes after the other, and the note is always whole.
        """
        if self._note is None:
            return
        with self._writing, contextlib.suppress(OSError):
            entries = [
                {"what": w.what, "until": time.time() + w.left, "left": w.left, "name": w.name}
                for w in self
            ]
            fresh = self._note.with_suffix(".new")
            fresh.write_text(json.dumps(entries), encoding="utf-8")
            FileOps().replace(fresh, self._note)


def _now() -> float:
    """Seconds since the machine was started, asleep or awake: nobody can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _due(wait: FloodWait) -> float:
    return wait.due


def sentence(wait: FloodWait, left: float) -> str:
    """What a person is told."""
    span = f"{left / 60:.0f} min" if left >= 120 else f"{left:.0f} s"
    if wait.scope == "chat":
        return f"Slow mode: Telegram takes the next post to this chat in {span} ({wait.name})."
    if "PREMIUM" in wait.name:
        return f"Telegram slows this account's uploads down; they go on in {span} ({wait.name})."
    return f"Telegram asks this account to wait for {span} ({wait.name})."
