"""The machine is replaced where it would only cost time."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import structlog

from tests.crash import media
from tests.crash.machine import at_once, instead_of_threads, whole, works

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of its own is made in it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who dies in the middle of anything does not close the event loop that it had."""
    for item in items:
        if "tests/crash/" in item.nodeid:
            for what in ("unclosed event loop", "unclosed <socket"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{what}:ResourceWarning"))


@pytest.fixture
def converting(monkeypatch: pytest.MonkeyPatch) -> Iterator[media.Converting]:
    """Judge and convert in no time, without threads, and say nothing."""
    instead_of_threads(monkeypatch, at_once)
    # A slow moment must not change what happens: only the test's own clock goes on.
    monkeypatch.setattr("telespool.runtime.throttle._TIMES", 0)
    monkeypatch.setattr("telespool.runtime.timers.time", SimpleNamespace(monotonic=lambda: 0.0))
    monkeypatch.setattr("telespool.archives.blocking.whole", whole)
    monkeypatch.setattr("telespool.archives.tar.whole", whole)
    monkeypatch.setattr("telespool.archives.known_good.try_sample", works)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield media.replace(monkeypatch)
    structlog.reset_defaults()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory, where there is one."""
    if not _MEMORY.is_dir():
        yield tmp_path / "place"
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY) as directory:
        yield Path(directory) / "place"
    gc.collect()  # what the dead left open goes here, not in another test
