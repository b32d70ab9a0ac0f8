"""How often the process died and the power failed: counted in every process that runs tests, told at the end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

_NAME = "deaths"
_COUNTS: pytest.StashKey[Counter[str]] = pytest.StashKey()


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Counter[str]:
    """What the summary tells."""
    return request.config.stash.setdefault(_COUNTS, Counter())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the numbers to the process that tells them, where the tests run in several."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        counts = session.config.stash.get(_COUNTS, Counter[str]())
        output[_NAME] = dict(counts)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add up what the processes have counted."""
    if error is None:
        node.config.stash.setdefault(_COUNTS, Counter()).update(node.workeroutput.get(_NAME, {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how often the process died and the power failed; that nothing was lost is asserted each time."""
    counts = config.stash.get(_COUNTS, Counter())
    if counts:
        terminalreporter.write_line(
            f"{counts['deaths']} deaths, {counts['pairs']} pairs, {counts['losses']} power losses were tried"
        )
