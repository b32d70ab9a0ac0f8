"""How far a command has got, on a terminal and elsewhere."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

import pytest

from telespool.cli import live_count

if TYPE_CHECKING:
    from collections.abc import Iterator


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Screen, io.StringIO])
def test_only_a_terminal_sees_it(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO]
) -> None:
    """Not more than once a second, and at the end the line is gone; what is no terminal gets nothing."""
    clock: Iterator[float] = itertools.count(0.0, 0.4)
    monkeypatch.setattr("telespool.cli.live_count.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("sys.stderr", screen := stream())
    count = live_count.Count()
    for done in range(1, 9):
        count.show(done, 8)
    count.end()
    shown = screen.getvalue()
    assert ("8 files looked at" in shown) == (stream is Screen)
    assert shown.count("looked at") < 8
    assert shown == "" or shown.endswith("\r\x1b[K")
