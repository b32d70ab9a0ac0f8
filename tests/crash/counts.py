"""Pytest plugin: how often the process died and the power failed, told at the end, by however many workers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import coverage
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_COUNTS: pytest.StashKey[Counter[str]] = pytest.StashKey()
_NAME = "crash counts"


def _of(config: pytest.Config) -> Counter[str]:
    return config.stash.setdefault(_COUNTS, Counter())


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Counter[str]:
    """What the summary tells."""
    return _of(request.config)


@pytest.fixture
def uncounted() -> Iterator[None]:
    """Take a test out of the coverage, which would double its time: it runs what others have run, only more often."""
    measuring = coverage.Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    yield
    measuring.start()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's numbers over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_NAME] = dict(_of(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's numbers."""
    _of(node.config).update(getattr(node, "workeroutput", {}).get(_NAME, {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say the numbers; that nothing was lost is asserted each time."""
    counts = _of(config)
    if counts:
        terminalreporter.write_line(
            f"{counts['deaths']} deaths, {counts['pairs']} pairs, {counts['losses']} power losses,"
            f" {counts['links']} links, {counts['stops']} stops were tried"
        )
