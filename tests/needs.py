"""Pytest plugin: what a test needs is told by where it lies, and decides when it runs, with whom, and for how long.

Three tables say it, by the beginning of a test's path below tests/ (a folder, a module, or one test of it):

`SLOW`      is left out of `scripts/test --fast`; so is what runs ffmpeg (the mark `media`)
`ALONE`     boots a machine or mounts: one worker runs them all, one after another
`SECONDS`   may take longer than the default of pyproject.toml, on a quiet machine

On a busy machine every test may take as many times longer as there are processes waiting for a core.
"""

from __future__ import annotations

from typing import Any

import pytest
import pytest_timeout

from tests.patience import longest

SLOW = (
    "archives/test_hostile.py::test_names_that_fill_the_memory",
    "benchmarks/",
    "crash/",
    "destinations/telegram/test_resume.py",
    "docs/test_commands.py",
    "docs/test_site.py",
    "faults/",
    "pipeline/test_large_files.py",
    "pipeline/test_main_job.py",
    "runtime/test_killing.py",
    "pipeline/test_room.py::test_contents_of_many_times_the_room_go_through",
    "spool/test_state_machine.py",
    "systemd/",
)
ALONE = ("systemd/",)
SECONDS = {
    "crash/": 300,
    "docs/test_commands.py": 300,
    "faults/": 120,
    "media/": 120,
    "pipeline/": 120,
    "runtime/test_killing.py": 300,
    "systemd/": 300,
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its place."""
    for item in items:
        place = item.nodeid.removeprefix("tests/")
        if place.startswith(SLOW) or item.get_closest_marker("media"):
            item.add_marker(pytest.mark.slow)
        if place.startswith("systemd/"):
            item.add_marker(pytest.mark.systemd)
        if place.startswith(ALONE):
            item.add_marker(pytest.mark.xdist_group("alone"))
        if item.get_closest_marker("timeout") is None:
            for beginning, seconds in SECONDS.items():
                if place.startswith(beginning):
                    item.add_marker(pytest.mark.timeout(seconds))


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Any:
    """Give it more time by as much as the machine is busier than one process a core."""
    return pytest_timeout.pytest_timeout_set_timer(
        item, settings._replace(timeout=longest(settings.timeout))
    )
