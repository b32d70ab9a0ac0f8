"""Signs of life of the workers."""

from __future__ import annotations

from telespool.runtime.liveness import Liveness


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_works_must_beat() -> None:
    """Silence longer than the patience is told, with its length; a beat ends it."""
    clock = Clock()
    heartbeat = Liveness(10.0, clock)
    heartbeat.beat("uploader")
    clock.now += 10
    assert heartbeat.silent() == {}
    clock.now += 1
    assert heartbeat.silent() == {"uploader": 11.0}
    heartbeat.beat("uploader")
    assert heartbeat.silent() == {}


def test_who_rests_need_not_beat() -> None:
    """A worker that waits for something to do may wait for ever."""
    clock = Clock()
    heartbeat = Liveness(10.0, clock)
    assert not heartbeat.has_rested("inbox")
    heartbeat.beat("inbox")
    heartbeat.rest("inbox")
    clock.now += 1000
    assert heartbeat.silent() == {}
    assert heartbeat.has_rested("inbox")


def test_an_excuse_counts_as_a_beat() -> None:
    """When the excuse is gone, the whole patience begins anew."""
    clock = Clock()
    heartbeat = Liveness(10.0, clock)
    heartbeat.beat("converter")
    clock.now += 1000
    assert heartbeat.silent({"converter"}) == {}
    clock.now += 9
    assert heartbeat.silent() == {}
    clock.now += 2
    assert heartbeat.silent() == {"converter": 11.0}
