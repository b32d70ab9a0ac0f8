"""Pytest plugin: a call in the event loop that waits for a disk fails the test, wherever it was caught on its way.

Only what a coroutine of the program does is looked at: a test may read files as it likes. `ALLOWED` names the places that
may, each with its reason.
"""

from __future__ import annotations

import inspect
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from blockbuster import BlockBuster, BlockBusterFunction, blockbuster

import telespool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

PROGRAM = f"{Path(telespool.__file__).parent}{os.sep}"
ALLOWED: dict[str, str] = {
    "cli/": "a command has its loop for itself",
    "service/service.py:Service.run": "it starts: nothing else runs yet",
}
_MORE = ("fsync", "utime", "open", "chmod", "truncate", "link")
"""What the library leaves out."""
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_found: list[str] = []


class _Recorded(blockbuster.BlockingError):
    """Whoever catches it, it is remembered."""

    def __init__(self, function: str) -> None:
        ours = [
            f"{entry.filename.removeprefix(PROGRAM)}:{entry.lineno}"
            for entry in traceback.extract_stack()
            if entry.filename.startswith(PROGRAM)
        ]
        _found.append(f"{function} in the event loop: {' > '.join(ours)}")
        super().__init__(function)


def _is_ours(before: Callable[..., bool]) -> Callable[..., bool]:
    """Make the answer to whether a call may block: it may when no coroutine of the program waits for it."""

    def may_block(*arguments: Any, **named: Any) -> bool:
        if before(*arguments, **named):
            return True
        waited_for = False
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if code.co_filename.startswith(PROGRAM):
                place = f"{code.co_filename.removeprefix(PROGRAM)}:{code.co_qualname}"
                if place.startswith(tuple(ALLOWED)):
                    return True
                waited_for = waited_for or bool(code.co_flags & _COROUTINE)
            elif code.co_filename.startswith("<frozen importlib"):
                return True
            frame = frame.f_back
        return not waited_for

    return may_block


def _watch() -> BlockBuster:
    watch = BlockBuster()
    for name in ("os.getcwd", "os.path.abspath"):  # no disk is asked
        del watch.functions[name]
    for name in _MORE:
        watch.functions.setdefault(f"os.{name}", BlockBusterFunction(os, name))
    for function in watch.functions.values():
        function.can_block_predicate = _is_ours(function.can_block_predicate)
    return watch


@pytest.fixture(autouse=True)
def _unblocked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if "converting" in request.fixturenames:  # there threads are replaced by calls
        yield
        return
    monkeypatch.setattr(blockbuster, "BlockingError", _Recorded)
    _found.clear()
    watch = _watch()
    watch.activate()
    yield
    watch.deactivate()
    assert not _found, "\n".join(dict.fromkeys(_found))
