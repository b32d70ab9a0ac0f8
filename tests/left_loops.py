"""Pytest plugin: a test that leaves an event loop open fails itself; else a later one would, at which Python finds it.

Libraries make one where they are asked for something in a test that is no coroutine (Telethon's senders, for one).
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def close_left() -> bool:
    """Close the loop that was left open, if one was; whether one was."""
    local: Any = getattr(asyncio.get_event_loop_policy(), "_local", None)
    loop = getattr(local, "_loop", None)
    if loop is None or loop.is_closed():
        return False
    loop.close()
    asyncio.set_event_loop(None)
    return True


def pytest_collection_finish() -> None:
    """Let collections pass over what is there for good: the modules and the tests, which are most of all objects."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Look when all of the test is over, its own loop too; one that a whole module shares is its own."""
    yield
    own = item.get_closest_marker("asyncio")
    shared = own is not None and "loop_scope" in own.kwargs
    if not shared and close_left():
        pytest.fail(
            "it leaves an event loop open, which was made where none ran: make the test a coroutine"
        )
