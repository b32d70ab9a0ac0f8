"""Pytest plugin: a call in the event loop that waits for a disk fails the test, when it has ended.

Only what a coroutine of the program does is looked at: a test may read files as it likes. `ALLOWED` names the places that
may, each with its reason.
"""

from __future__ import annotations

import inspect
import os
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from blockbuster import BlockBuster, BlockBusterFunction

import telespool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

PROGRAM = f"{Path(telespool.__file__).parent}{os.sep}"
TESTS = f"{Path(__file__).parent}{os.sep}"
ALLOWED: dict[str, str] = {
    "cli/": "a command has its loop for itself",
    "doctor/programs.py:": "so has this one",
    "doctor/system.py:": "so has this one",
    "archives/member_writer.py:": "a member that is broken is removed",
    "destinations/telegram/chat_history.py:": "sizes, in the rare look through a chat",
    "media/ffmpeg_process.py:_ProgressWatch.has_moved": "it asks /proc, which is no disk",
    "media/ffmpeg.py:program": "PATH is looked through, as the kernel does when the child is started",
    "observe/control_socket.py:": "one look at the spool, when a stranger asks",
    "observe/metrics_exporter.py:": "the numbers are written once more when all ends",
    "runtime/signals.py:": "it asks for the terminal, once, before anything runs",
    "runtime/subprocesses.py:": "it asks /proc, which is no disk",
    "service/reload.py:": "one small file is read when a person asks for it, and nothing runs yet at the start",
    "service/watchdog.py:_stacks": "a worker hangs: where it stands is read from the source",
    "spool/attempts.py:Marks.advance": "a time stamp, which no disk is waited for",
    "pipeline/worker.py:_traceback": "after a mistake of ours its lines are read from the source",
    "pipeline/convert/converter.py:Converter._convert.<locals>.progress": "a listing of a few segments just written",
    "destinations/telegram/login.py:": "the file of the login, which is small, when somebody logs in",
    "destinations/telegram/peers.py:": "the same file, which Telethon keeps open",
}
_MORE = ("fsync", "utime", "open", "chmod", "truncate", "link")
"""What the library leaves out."""
_NO_DISK = {"os.getcwd", "os.path.abspath", "os.read", "os.write", "os.sendfile"}
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_found: list[str] = []


def found() -> list[str]:
    """Return what was noted in this test so far; to be emptied by whoever wanted it."""
    return _found


def _noted(name: str, before: Callable[..., bool]) -> Callable[..., bool]:
    """Make what the library asks before a call: it goes on in any case, and is noted where a coroutine waits for it."""

    def may_block(*arguments: Any, **named: Any) -> bool:
        if before(*arguments, **named):
            return True
        ours, waited_for = [], False
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if code.co_filename.startswith(PROGRAM):
                module = code.co_filename.removeprefix(PROGRAM)
                if f"{module}:{code.co_qualname}".startswith(tuple(ALLOWED)):
                    return True
                ours.append(f"{module}:{frame.f_lineno}")
                waited_for = waited_for or bool(code.co_flags & _COROUTINE)
            elif code.co_filename.startswith("<frozen importlib") or (
                not waited_for and code.co_filename.startswith((TESTS, weakref.__file__))
            ):
                # A module is loaded; a part is replaced by a test's; links to volumes go with who held them.
                return True
            frame = frame.f_back
        if waited_for:
            _found.append(f"{name} in the event loop: {' < '.join(ours)}")
        return True

    return may_block


def _watch() -> BlockBuster:
    watch = BlockBuster()
    for name in list(watch.functions):
        if not name.startswith(("os.", "io.", "sqlite3.")) or name in _NO_DISK:
            del watch.functions[name]
    for name in _MORE:
        watch.functions.setdefault(f"os.{name}", BlockBusterFunction(os, name))
    for name, function in watch.functions.items():
        function.can_block_predicate = _noted(name, function.can_block_predicate)
    return watch


@pytest.fixture(autouse=True)
def _unblocked(request: pytest.FixtureRequest) -> Iterator[None]:
    if "converting" in request.fixturenames:  # there threads are replaced by calls
        yield
        return
    _found.clear()
    watch = _watch()
    watch.activate()
    yield
    watch.deactivate()
    assert not _found, "\n".join(dict.fromkeys(_found))
